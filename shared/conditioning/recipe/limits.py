"""Limits of values: numbers and dates, written without quotes."""

import math
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from shared.conditioning.expressions.values import ValueType
from shared.located_yaml import kind


def _limit(value: Any) -> Any:
    if isinstance(value, bool | datetime) or not isinstance(value, int | float | date):
        raise ValueError(  # noqa: TRY004 - pydantic reports only ValueError
            f"a limit is a number, or a date as YYYY-MM-DD without quotes, not {kind(value)}"
        )
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("a limit must be finite; leave it out if there is none")
    return value


#: The smallest or largest value that is kept.
Limit = Annotated[
    int | float | date,
    BeforeValidator(_limit),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}]}),
]


def limit_fault(name: str, limit: float | date, of: ValueType, *, money: bool = False) -> str | None:
    """Why a limit does not fit the values that it is of.

    Args:
        name: `min` or `max`.
        limit: What is written.
        of: The type of the values.
        money: Whether they are amounts of money, whose limits are in the main unit.
    """
    if of not in ("integer", "number", "date", "timestamp"):
        return f"`{name}` is for integers, numbers, dates and timestamps, and this column is {of}; remove it"
    if (of in ("date", "timestamp")) != isinstance(limit, date):
        example = "2013-01-31" if of in ("date", "timestamp") else "0"
        called = "date" if of == "timestamp" else "amount" if money else of
        return f"`{name}: {limit}` is no {called}; write for example `{name}: {example}`"
    if money and not isinstance(limit, date) and abs(limit * 100 - round(limit * 100)) > 1e-6:
        return f"`{name}: {limit}` is not a whole number of cents; write for example `{name}: {limit:.2f}`"
    if of == "integer" and not money and not isinstance(limit, int):
        return f"`{name}: {limit}` is no integer; write for example `{name}: {limit:.0f}`"
    return None


def order_fault(low: float | date | None, high: float | date | None) -> str | None:
    """Why no value can be between two limits of one type."""
    if low is None or high is None or isinstance(low, date) != isinstance(high, date):
        return None
    empty = low > high  # type: ignore[operator] # one type
    return f"no value is between min {low} and max {high}; exchange them" if empty else None
