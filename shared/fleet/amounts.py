"""Durations, shares and bounds as people write them: `90m`, `2h`, `60d`, `1%`, `45%`."""

import math
import re
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, ValidationInfo, WithJsonSchema

_LONGEST_DAYS: Final = 36_500


def _minutes(value: Any, info: ValidationInfo) -> int:
    match = re.fullmatch(r"([1-9][0-9]{0,4})([mh])", value) if isinstance(value, str) else None
    if not match:
        raise ValueError(f"`{info.field_name}: {value}` is no duration; write for example 90m or 2h")
    return int(match[1]) * (60 if match[2] == "h" else 1)


def _days(value: Any, info: ValidationInfo) -> int:
    match = re.fullmatch(r"([1-9][0-9]{0,4})d", value) if isinstance(value, str) else None
    if not match or int(match[1]) > _LONGEST_DAYS:
        raise ValueError(f"`{info.field_name}: {value}` is no number of days; write for example 60d")
    return int(match[1])


def _share(value: Any, info: ValidationInfo) -> float:
    percent = isinstance(value, str) and value.strip().endswith("%")
    try:
        share = float(value.strip().removesuffix("%")) / 100 if percent else float(value)
    except (TypeError, ValueError, OverflowError):
        share = math.nan
    if isinstance(value, bool) or (isinstance(value, str) and not percent) or not 0 <= share < math.inf:
        raise ValueError(f"`{info.field_name}: {value}` is no share; write for example 1% or 0.01")
    if share >= 1 and not percent:
        raise ValueError(f"`{info.field_name}: {value}` would be {share * 100:g} %; write {value}% or {share / 100:g}")
    return share


#: `90m` or `2h`, as minutes.
Minutes = Annotated[
    int, BeforeValidator(_minutes), WithJsonSchema({"type": "string", "pattern": "^[1-9][0-9]{0,4}[mh]$"})
]
#: `60d`, as days.
Days = Annotated[int, BeforeValidator(_days), WithJsonSchema({"type": "string", "pattern": "^[1-9][0-9]{0,4}d$"})]
#: `1%` or `0.01`.
Share = Annotated[
    float,
    BeforeValidator(_share),
    WithJsonSchema(
        {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": r"^\s*[0-9]*\.?[0-9]+\s*%\s*$"}]}
    ),
]
#: `45%`, `0.45` or a number in the target's unit: what it means depends on the metric, see `read_bound`.
_BOUND: Final = WithJsonSchema(
    {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "string", "pattern": r"^[0-9]*\.?[0-9]+ ?%$"}]}
)
Bound = Annotated[float, _BOUND]
#: A bound before the metric is known.
WrittenBound = Annotated[Any, _BOUND]


def read_bound(value: Any, metric: str | None) -> float:
    """A bound as a fraction (MAPE) or in the target's unit (the others).

    Raises:
        ValueError: It is not positive and finite, or nobody can tell whether it is a fraction.
    """
    percent = isinstance(value, str) and value.strip().endswith("%")
    try:
        bound = float(value.strip().removesuffix("%")) / 100 if percent else float(value)
    except (ValueError, TypeError, OverflowError):
        raise ValueError(f"`max: {value}` is not a number; write 45% or 0.45") from None
    if isinstance(value, bool) or (isinstance(value, str) and not percent):
        raise ValueError(f"`max: {value}` is not a number; write it without quotes")
    if not (math.isfinite(bound) and bound > 0):
        raise ValueError(f"`max: {value}` holds for no model; write a finite number above 0")
    if metric == "mape" and not percent and bound >= 1:
        raise ValueError(f"`max: {value}` would be {bound * 100:g} % of MAPE; write {value}% or {bound / 100:g}")
    if metric in ("rmse", "rmse_zero") and percent:
        raise ValueError(f"`max: {value}` cannot be: {metric} is in the target's unit; write a number without %")
    return bound


def bound_text(bound: float, metric: str) -> str:
    """A bound as a person writes it in the fleet file: `45%`, or a number in the target's unit."""
    return f"{bound * 100:g}%" if metric == "mape" else f"{bound:g}"
