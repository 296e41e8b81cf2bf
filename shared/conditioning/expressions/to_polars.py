"""Checked expressions as polars expressions.

What polars does that a recipe must not: integers wrap around, division by zero gives infinity, and sums give -0.0. Here
an integer beyond 64 bits and a number that is not finite are null, and there is only one zero.
"""

import operator
from collections.abc import Callable
from typing import Any, Final

import polars as pl

from shared.conditioning.expressions.checker import value_type
from shared.conditioning.expressions.tree import ColumnValue, Constant, Operation, Typed
from shared.conditioning.expressions.values import BLANKS, ExpressionError, ValueType

#: The types of the standard table.
DATA_TYPES: Final[dict[ValueType, pl.DataType]] = {
    "text": pl.String(),
    "integer": pl.Int64(),
    "number": pl.Float64(),
    "date": pl.Date(),
    "timestamp": pl.Datetime("us", "UTC"),
    "boolean": pl.Boolean(),
}
#: As the standard CSV writes it: no fraction, milliseconds or microseconds.
_TIMESTAMP: Final = "%Y-%m-%dT%H:%M:%S%.fZ"
_INTEGER: Final = r"\A[+-]?[0-9]+\z"
_NUMBER: Final = r"\A[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\z"
#: Days since 1970 of the first and the last date.
_FIRST_DAY: Final = -719_162
_LAST_DAY: Final = 2_932_896
#: Arithmetic that keeps infinity and NaN visible to what follows; so only the end of a chain is looked at.
_KEEPS_INFINITY: Final = frozenset({"+", "-", "*", "/", "negate"})

#: Each comparison, and the one that says the same of exchanged operands.
_COMPARISONS: Final[dict[str, tuple[Callable[..., pl.Expr], Callable[..., pl.Expr]]]] = {
    "=": (operator.eq, operator.eq),
    "!=": (operator.ne, operator.ne),
    "<": (operator.lt, operator.gt),
    "<=": (operator.le, operator.ge),
    ">": (operator.gt, operator.lt),
    ">=": (operator.ge, operator.le),
}


def to_polars(node: Typed) -> pl.Expr:
    """An expression of the type that the node has.

    Raises:
        ExpressionError: A regular expression that the engine does not know.
    """
    made = _raw(node)
    made = _finite(made) if _may_be_infinite(node) else made
    if isinstance(node, Operation) and _is_constant(node):  # polars gives it one row where it should have the table's
        return pl.lit(pl.select(made).item(), DATA_TYPES[value_type(node)])
    return made


def _is_constant(node: Typed) -> bool:
    match node:
        case Operation():
            return all(map(_is_constant, node.arguments))
        case _:
            return isinstance(node, Constant)


def _may_be_infinite(node: Typed) -> bool:
    return isinstance(node, Operation) and node.type == "number" and node.name in _KEEPS_INFINITY


def _raw(node: Typed) -> pl.Expr:
    match node:
        case Constant():
            return pl.lit(node.value, DATA_TYPES[value_type(node)])
        case ColumnValue():
            return pl.col(node.name)
    if _may_be_infinite(node):
        return _number_arithmetic(node)
    return _OPERATIONS[node.name](node, *(to_polars(argument) for argument in node.arguments))


def _number_arithmetic(node: Operation) -> pl.Expr:
    if node.name == "negate":
        return 0.0 - _raw(node.arguments[0])
    left, right = node.arguments
    match node.name:
        case "+":
            return _raw(left) + _raw(right)
        case "-":
            return _raw(left) - _raw(right)
        case "*":
            return _raw(left) * _raw(right)
        case _:  # a divisor that is infinite would hide it
            return _raw(left) / to_polars(right)


def _only_where(value: pl.Expr, condition: Callable[[pl.Expr], pl.Expr]) -> pl.Expr:
    """The value where the condition holds, else null.

    It is put into a struct so that it is mentioned once: an expression that mentions its operand twice doubles at each
    level of nesting.
    """
    field = pl.field("value")
    kept = pl.when(condition(field)).then(field).alias("value")
    return pl.struct(value.alias("value")).struct.with_fields(kept).struct.field("value")


def _finite(value: pl.Expr) -> pl.Expr:
    field = pl.field("value")
    kept = pl.when(field == 0).then(0.0).when(field.is_finite()).then(field).alias("value")
    return pl.struct(value.alias("value")).struct.with_fields(kept).struct.field("value")


def _wide(value: pl.Expr) -> pl.Expr:
    return value.cast(pl.Int128)


def _narrow(value: pl.Expr) -> pl.Expr:
    """A 128-bit or floating value as an integer; null where it does not fit."""
    return value.cast(pl.Int64, strict=False)


def _compared(node: Operation, left: pl.Expr, right: pl.Expr) -> pl.Expr:
    """A constant goes to the right: polars gives one row where it stands left of what is alike in all rows."""
    compare, mirrored = _COMPARISONS[node.name]
    return mirrored(right, left) if _is_constant(node.arguments[0]) else compare(left, right)


def _membership(node: Operation, value: pl.Expr, *_: pl.Expr) -> pl.Expr:
    listed = [part.value for part in node.arguments[1:] if isinstance(part, Constant)]
    return value.is_in(pl.Series(listed, dtype=DATA_TYPES[value_type(node.arguments[0])]).implode())


def _integer(node: Operation, value: pl.Expr) -> pl.Expr:
    match node.arguments[0].type:
        case "integer":
            return value
        case "number":
            return _narrow(value.round(mode="half_away_from_zero"))
        case _:
            return _narrow(_only_where(value, lambda text: text.str.contains(_INTEGER)))


def _number(_: Operation, value: pl.Expr) -> pl.Expr:
    spelled = _only_where(value, lambda text: text.str.contains(_NUMBER))
    return _finite(spelled.cast(pl.Float64, strict=False))


def _text(node: Operation, value: pl.Expr) -> pl.Expr:
    if node.arguments[0].type == "timestamp":
        return value.dt.strftime(_TIMESTAMP)
    return value.cast(pl.String)


def _round(node: Operation, value: pl.Expr, *_: pl.Expr) -> pl.Expr:
    digits = _written(node, 1) if len(node.arguments) > 1 else 0
    return _finite(value.round(digits, mode="half_away_from_zero"))


def _floor(node: Operation, value: pl.Expr) -> pl.Expr:
    return value if node.arguments[0].type == "integer" else _narrow(value.floor())


def _ceil(node: Operation, value: pl.Expr) -> pl.Expr:
    return value if node.arguments[0].type == "integer" else _narrow(value.ceil())


def _abs(node: Operation, value: pl.Expr) -> pl.Expr:
    return _narrow(_wide(value).abs()) if node.type == "integer" else value.abs()


def _matches(node: Operation, value: pl.Expr, *_: pl.Expr) -> pl.Expr:
    pattern = rf"\A(?:{_written(node, 1)})\z"
    try:
        pl.select(pl.lit("").str.contains(pattern))
    except pl.exceptions.ComputeError as error:
        said = str(error).partition("\n\n")[0].strip().splitlines()[-1]
        raise ExpressionError(
            f"`{_written(node, 1)}` is no regular expression of the kind used here, without look-around and "
            f"back-references: {said.removeprefix('error: ')}",
            node.arguments[1].position,
        ) from None
    return value.str.contains(pattern)


def _replace(node: Operation, value: pl.Expr, *_: pl.Expr) -> pl.Expr:
    return value.str.replace_all(_written(node, 1), _written(node, 2), literal=True)


def _add_days(_: Operation, day: pl.Expr, days: pl.Expr) -> pl.Expr:
    there = _wide(day.to_physical()) + _wide(days)
    kept = _only_where(there, lambda number: number.is_between(_FIRST_DAY, _LAST_DAY))
    return kept.cast(pl.Int32).cast(pl.Date)


def _written(node: Operation, index: int) -> Any:
    argument = node.arguments[index]
    assert isinstance(argument, Constant)  # the checker has seen to it
    return argument.value


#: What makes the polars expression of an operator or function from the node and its arguments' expressions.
_OPERATIONS: Final[dict[str, Callable[..., pl.Expr]]] = {
    "to_number": lambda _, value: value.cast(pl.Float64),
    "and": lambda _, left, right: left & right,
    "or": lambda _, left, right: left | right,
    "not": lambda _, value: ~value,
    "is null": lambda _, value: value.is_null(),
    "is not null": lambda _, value: value.is_not_null(),
    "in": _membership,
    **dict.fromkeys(_COMPARISONS, _compared),
    "negate": lambda _, value: _narrow(0 - _wide(value)),
    "+": lambda _, left, right: _narrow(_wide(left) + _wide(right)),
    "-": lambda _, left, right: _narrow(_wide(left) - _wide(right)),
    "*": lambda _, left, right: _narrow(_wide(left) * _wide(right)),
    "%": lambda _, left, right: left % right,
    "if": lambda _, condition, then, otherwise: pl.when(condition).then(then).otherwise(otherwise),
    "coalesce": lambda _, *values: pl.coalesce(*values),
    "least": lambda _, *values: pl.min_horizontal(*values),
    "greatest": lambda _, *values: pl.max_horizontal(*values),
    "abs": _abs,
    "round": _round,
    "floor": _floor,
    "ceil": _ceil,
    "integer": _integer,
    "number": _number,
    "text": _text,
    "lower": lambda _, text: text.str.to_lowercase(),
    "upper": lambda _, text: text.str.to_uppercase(),
    "trim": lambda _, text: text.str.strip_chars(BLANKS),
    "length": lambda _, text: text.str.len_chars().cast(pl.Int64),
    "starts_with": lambda _, text, start: text.str.starts_with(start),
    "ends_with": lambda _, text, end: text.str.ends_with(end),
    "contains": lambda _, text, part: text.str.contains(part, literal=True),
    "matches": _matches,
    "replace": _replace,
    "slice": lambda node, text, *_: text.str.slice(_written(node, 1), _written(node, 2)),
    "left": lambda node, text, _: text.str.head(_written(node, 1)),
    "right": lambda node, text, _: text.str.tail(_written(node, 1)),
    "concat": lambda _, *texts: pl.concat_str(*texts),
    "year": lambda _, day: day.dt.year().cast(pl.Int64),
    "month": lambda _, day: day.dt.month().cast(pl.Int64),
    "day": lambda _, day: day.dt.day().cast(pl.Int64),
    "weekday": lambda _, day: day.dt.weekday().cast(pl.Int64),
    "week": lambda _, day: day.dt.truncate("1w"),
    "month_start": lambda _, day: day.dt.month_start(),
    "days_between": lambda _, first, last: (last - first).dt.total_days(),
    "add_days": _add_days,
    "date_of": lambda _, moment: moment.dt.date(),
    "hour": lambda _, moment: moment.dt.hour().cast(pl.Int64),
}
