"""Durations, shares and bounds as people write them: `90m`, `2h`, `60d`, `1%`, `45%`."""

import math
import re
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, ValidationInfo, WithJsonSchema

from shared.contracts.metrics import OF_RUN, kind_of

_LONGEST_DAYS: Final = 36_500
_LEAST_CONFIDENCE: Final = 0.5
#: A resample in a thousand is left out on each side then, of 2,000.
_MOST_CONFIDENCE: Final = 0.999
_ALL: Final = 100
#: 0.07 times 100 is not quite 7.
_ROUNDING: Final = 1e-9


def _minutes(value: Any, info: ValidationInfo) -> int:
    match = re.fullmatch(r"([1-9][0-9]{0,4})([mh])", value) if isinstance(value, str) else None
    if not match:
        raise ValueError(f"`{info.field_name}: {value}` is no duration; write minutes or hours, for example 90m or 2h")
    return int(match[1]) * (60 if match[2] == "h" else 1)


def _pause(value: Any, info: ValidationInfo) -> float:
    match = re.fullmatch(r"([1-9][0-9]{0,4})([smh])", value) if isinstance(value, str) else None
    if not match:
        raise ValueError(f"`{info.field_name}: {value}` is no duration; write for example 30s, 90m or 2h")
    return int(match[1]) * {"s": 1 / 60, "m": 1, "h": 60}[match[2]]


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


def _percent(value: Any, info: ValidationInfo) -> int:
    share = _share(value, info) * 100
    if abs(share - round(share)) > _ROUNDING or not 1 <= round(share) <= _ALL:
        raise ValueError(f"`{info.field_name}: {value}` is no share of traffic; write whole percent from 1% to 100%")
    return round(share)


def _seconds(value: Any, info: ValidationInfo) -> float:
    number, suffix = _number(value)
    if number is None or suffix == "%" or not 0 < number < math.inf:
        raise ValueError(f"`{info.field_name}: {value}` is no time; write for example 200ms or 2s")
    return number / (1000 if suffix == "ms" else 1)


def _lasting(value: Any) -> Any:
    match = re.fullmatch(r"([1-9][0-9]{0,2}) ?(d|w|periods?)", value) if isinstance(value, str) else None
    if not match:
        raise ValueError(f"`for: {value}` is no number of periods; write for example `2 periods`, 2w or 14d")
    return (int(match[1]), match[2].rstrip("s"))


def _confidence(value: Any, info: ValidationInfo) -> float:
    share = _share(value, info)
    if not _LEAST_CONFIDENCE <= share <= _MOST_CONFIDENCE:
        raise ValueError(f"`{info.field_name}: {value}` is no use; write one from 50% to 99.9%, for example 90%")
    return share


#: `90m` or `2h`, as minutes.
Minutes = Annotated[
    int, BeforeValidator(_minutes), WithJsonSchema({"type": "string", "pattern": "^[1-9][0-9]{0,4}[mh]$"})
]
#: `30s`, `90m` or `2h`, as minutes.
Pause = Annotated[
    float, BeforeValidator(_pause), WithJsonSchema({"type": "string", "pattern": "^[1-9][0-9]{0,4}[smh]$"})
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
#: `90%`: how sure a comparison has to be.
Confidence = Annotated[
    float,
    BeforeValidator(_confidence),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 0.5, "maximum": 0.999},
                {"type": "string", "pattern": r"^[0-9.]+ ?%$"},
            ]
        }
    ),
]
#: `5%`: of an endpoint's traffic, in whole percent.
Percent = Annotated[
    int,
    BeforeValidator(_percent),
    WithJsonSchema(
        {"anyOf": [{"type": "number", "minimum": 0.01, "maximum": 1}, {"type": "string", "pattern": "^[0-9]+ ?%$"}]}
    ),
]
#: `200ms` or `2s`, as seconds.
Seconds = Annotated[
    float,
    BeforeValidator(_seconds),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^[0-9]*\.?[0-9]+ ?(s|ms)$"}]}),
]
#: `2 periods`, `2w` or `14d`, as a number and `period`, `w` or `d`.
Lasting = Annotated[
    tuple[int, str],
    BeforeValidator(_lasting),
    WithJsonSchema({"type": "string", "pattern": "^[1-9][0-9]{0,2} ?(d|w|periods?)$"}),
]
#: `45%`, `0.45`, `200ms` or a number in the target's unit: what it means depends on the metric, see `read_bound`.
_BOUND: Final = WithJsonSchema(
    {"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^[0-9]*\.?[0-9]+ ?(%|s|ms)$"}]}
)
Bound = Annotated[float, _BOUND]
#: A bound before the metric is known.
WrittenBound = Annotated[Any, _BOUND]


def read_bound(value: Any, metric: str | None, key: str = "max") -> float:
    """A bound as a fraction (of a share), in seconds, in the target's unit, or as it is.

    Args:
        value: As it is written.
        metric: What it is a bound of; `None` where that is not known.
        key: `max` or `min`, for messages.

    Raises:
        ValueError: It holds for no model or for all, or nobody can tell what it means.
    """
    kind = kind_of(metric) if metric else None
    unit, written = kind.unit if kind else None, f"`{key}: {value}`"
    limit = kind.limit if kind else None
    number, suffix = _number(value)
    if number is None:
        example = {"share": "45% or 0.45", "seconds": "200ms or 0.2"}.get(unit or "", "for example 3.5")
        quoted = isinstance(value, str) and re.fullmatch(r"\s*-?[0-9.]+\s*", value)
        raise ValueError(f"{written} is not a number; write {'it without quotes' if quoted else example}")
    _check_suffix(suffix, unit, metric, written)
    if unit == "share" and not suffix and number >= 1 and number != limit:
        title = kind.title if kind else ""
        raise ValueError(f"{written} would be {number * 100:g} % of {title}; write {value}% or {number / 100:g}")
    bound = number / {"%": 100, "ms": 1000}.get(suffix, 1)
    signed = metric is not None and metric.startswith(OF_RUN)  # which nobody but its author knows
    if not math.isfinite(bound) or (key == "max" and bound <= 0 and not signed):
        raise ValueError(f"{written} holds for no model; write a finite number{'' if signed else ' above 0'}")
    if unit == "share" and bound <= 0:
        raise ValueError(f"{written} holds for all models; write more than 0, for example 95%")
    if limit is not None and bound > limit:
        most = f"{limit * 100:g}%" if unit == "share" else f"{limit:g}"
        raise ValueError(f"{written} holds for no model: `{metric}` is at most {most}; write less")
    return bound


def bound_text(bound: float, metric: str) -> str:
    """A bound as a person writes it in the fleet file: `45%`, `0.2s`, or a number in the target's unit."""
    return {"share": f"{bound * 100:g}%", "seconds": f"{bound:g}s"}.get(kind_of(metric).unit, f"{bound:g}")


def _number(value: Any) -> tuple[float | None, str]:
    """The number, and what is written after it."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None, ""
    match = re.fullmatch(r"\s*([0-9]*\.?[0-9]+)\s*(%|s|ms)\s*", value) if isinstance(value, str) else None
    if isinstance(value, str) and not match:
        return None, ""
    try:
        return (float(match[1]), match[2]) if match else (float(value), "")
    except OverflowError:
        return None, ""


def _check_suffix(suffix: str, unit: str | None, metric: str | None, written: str) -> None:
    """That what is written after a number is a unit of the metric."""
    if suffix == "%" and unit not in ("share", None):
        what = "in seconds; write for example 200ms" if unit == "seconds" else "a plain number; write it without %"
        what = "in the target's unit; write a number without %" if unit == "target" else what
        raise ValueError(f"{written} cannot be: {metric} is {what}")
    if suffix in ("s", "ms") and unit not in ("seconds", None):
        raise ValueError(f"{written} cannot be: {metric} is no time; write it without {suffix}")
