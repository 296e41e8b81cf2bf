"""Bicep's operators on values, some of which only Azure knows."""

import operator
from collections.abc import Callable, Mapping

from infra.checks.evaluated_functions import Unknown, Value

_EQUALITY: Mapping[str, Callable[[object, object], object]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "=~": lambda left, right: str(left).lower() == str(right).lower(),
    "!~": lambda left, right: str(left).lower() != str(right).lower(),
}
_FIGURES: Mapping[str, Callable[[int, int], int]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": lambda left, right: left // right if right else 0,
    "%": lambda left, right: left % right if right else 0,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def operated(sign: str, left: Value, right: Value) -> Value:
    """`left sign right`; unknown where a side decides it and is unknown."""
    if sign == "??":
        return right if left is None else left
    if sign in {"&&", "||"}:
        return _logical(sign, left, right)
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return left if isinstance(left, Unknown) else right
    if sign in _EQUALITY:
        return bool(_EQUALITY[sign](left, right))
    if isinstance(left, int) and isinstance(right, int):
        return _FIGURES[sign](left, right)
    return Unknown(f"{sign} of what are no integers")


def _logical(sign: str, left: Value, right: Value) -> Value:
    decisive = sign == "||"
    if left is decisive or right is decisive:
        return decisive
    return next((side for side in (left, right) if isinstance(side, Unknown)), not decisive)


def part_of(base: Value, key: Value) -> Value:
    """`base.key` or `base[key]`; unknown where there is no such part."""
    if isinstance(base, dict) and isinstance(key, str):
        return base.get(key, Unknown(key))
    if isinstance(base, list) and isinstance(key, int) and not isinstance(key, bool) and key < len(base):
        return base[key]
    return base if isinstance(base, Unknown) else Unknown(str(key))
