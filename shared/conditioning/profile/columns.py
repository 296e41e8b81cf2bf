"""What is known of all values of a column, exactly, but for the number of distinct values where there are many."""

import base64
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Self

import numpy as np
import polars as pl

from shared.conditioning.expressions import ValueType
from shared.conditioning.expressions.to_polars import DATA_TYPES
from shared.conditioning.profile.hashes import Hashes, smallest_distinct, smallest_of_both
from shared.conditioning.profile.sums import SCALE, mean, sum_of_integers, sum_of_numbers

#: So many distinct values less one are counted exactly.
DISTINCT: Final = 1_024
#: The relative standard error of the estimate where there are more.
DISTINCT_ERROR: Final = round((DISTINCT - 2) ** -0.5, 4)
#: Characters of a text that a profile keeps.
SHOWN: Final = 40
_SEED: Final = 20_260_131
_WITH_MEAN: Final = ("integer", "number", "boolean")

type Scalar = str | int | float | bool | date | datetime


@dataclass(frozen=True, eq=False)
class ColumnProfile:
    """A column's values.

    Attributes:
        type: Of the standard table.
        personal: Whether nothing but counts is kept.
        count: Values that are not null.
        nulls: The others.
        least: The smallest value, of a text its first 40 characters; `None` where there is none.
        greatest: The largest.
        total: The exact sum of integers and booleans, and of numbers in units of 2^-1074.
        shortest: Characters of the shortest text.
        longest: Characters of the longest text.
        distinct: The smallest hashes of its values, in order, at most 1,024.
    """

    type: ValueType
    personal: bool
    count: int
    nulls: int
    least: Scalar | None
    greatest: Scalar | None
    total: int
    shortest: int | None
    longest: int | None
    distinct: Hashes

    @classmethod
    def of(cls, series: pl.Series, *, personal: bool) -> Self:
        """The profile of a column of the standard table.

        Raises:
            ValueError: It has a type that the standard table has not, or a number that is not finite.
        """
        type_ = _type_of(series)
        nulls = series.null_count()
        count = len(series) - nulls
        if personal or not count:
            return cls(type_, personal, count, nulls, None, None, 0, None, None, np.empty(0, np.uint64))
        values = (series.drop_nulls() if nulls else series).rechunk()
        total = _total(values, type_)
        differing = _differing(values, type_)
        hashes, places = smallest_distinct(differing.hash(_SEED).to_numpy(), DISTINCT)
        # where the distinct values are few, they have all that is still asked for, and the rows need not be looked at
        few = differing.gather(places) if len(hashes) < DISTINCT else values
        lengths = few.str.len_chars() if type_ == "text" else None
        return cls(
            type_,
            personal,
            count,
            nulls,
            _shown(few.min()),
            _shown(few.max()),
            total,
            _length(lengths.min()) if lengths is not None else None,
            _length(lengths.max()) if lengths is not None else None,
            hashes,
        )

    def merged(self, other: "ColumnProfile") -> "ColumnProfile":
        """The profile of both columns' values together."""
        return ColumnProfile(
            self.type,
            self.personal,
            self.count + other.count,
            self.nulls + other.nulls,
            _first(min, self.least, other.least),
            _first(max, self.greatest, other.greatest),
            self.total + other.total,
            _first(min, self.shortest, other.shortest),
            _first(max, self.longest, other.longest),
            smallest_of_both(self.distinct, other.distinct, DISTINCT),
        )

    def summary(self) -> dict[str, Any]:
        """What of it is shown, as JSON values."""
        shown: dict[str, Any] = {"type": self.type, "count": self.count, "nulls": self.nulls}
        if self.personal:
            return shown | {"personal": True}
        shown |= {"min": as_json(self.least), "max": as_json(self.greatest)}
        if self.type in _WITH_MEAN:
            scale = SCALE if self.type == "number" else 0
            shown["mean"] = mean(self.total, self.count, scale) if self.count else None
        if self.type == "text":
            shown |= {"min_length": self.shortest, "max_length": self.longest}
        exact = len(self.distinct) < DISTINCT
        estimate = len(self.distinct) if exact else round((DISTINCT - 1) * 2**64 / int(self.distinct[-1]))
        return shown | {"distinct": estimate, "distinct_error": 0.0 if exact else DISTINCT_ERROR}

    def to_json(self) -> dict[str, Any]:
        """All of it as JSON values; at most 12 KiB."""
        return {
            "type": self.type,
            "personal": self.personal,
            "count": self.count,
            "nulls": self.nulls,
            "min": as_json(self.least),
            "max": as_json(self.greatest),
            "total": f"{self.total:x}",
            "shortest": self.shortest,
            "longest": self.longest,
            "distinct": base64.b64encode(self.distinct.astype("<u8").tobytes()).decode(),
        }

    @classmethod
    def from_json(cls, said: dict[str, Any]) -> Self:
        """What `to_json` made."""
        type_ = said["type"]
        return cls(
            type_,
            said["personal"],
            said["count"],
            said["nulls"],
            from_json(said["min"], type_),
            from_json(said["max"], type_),
            int(said["total"], 16),
            said["shortest"],
            said["longest"],
            np.frombuffer(base64.b64decode(said["distinct"]), "<u8").astype(np.uint64),
        )


def as_json(value: Scalar | None) -> str | int | float | bool | None:
    """A value as JSON has it: dates and timestamps as ISO texts."""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else value


def from_json(value: Any, type_: ValueType) -> Scalar | None:
    """What `as_json` made of a value of a type."""
    if value is None:
        return None
    match type_:
        case "date":
            return date.fromisoformat(value)
        case "timestamp":
            return datetime.fromisoformat(value)
        case "number":
            return float(value)
        case _:
            known: Scalar = value
            return known


def _type_of(series: pl.Series) -> ValueType:
    for name, data_type in DATA_TYPES.items():
        if series.dtype == data_type:
            return name
    raise ValueError(f"{series.name} is {series.dtype}, which is no type of the standard table")


def _differing(values: pl.Series, type_: ValueType) -> pl.Series:
    """Each value once, in any order, where that is found faster than by hashes; or else all of them."""
    if type_ == "boolean":
        return values.unique()
    if type_ not in ("integer", "date"):
        return values
    numbers = (values if type_ == "integer" else values.cast(pl.Int32)).to_numpy()
    least, greatest = int(numbers.min()), int(numbers.max())
    if greatest - least >= len(numbers):
        return values
    seen = np.zeros(greatest - least + 1, np.bool_)
    seen[numbers - least] = True
    return pl.Series(values.name, np.flatnonzero(seen) + least).cast(values.dtype)


def _total(values: pl.Series, type_: ValueType) -> int:
    match type_:
        case "integer":
            return sum_of_integers(values.to_numpy())
        case "number":
            try:
                return sum_of_numbers(values.to_numpy())
            except ValueError as error:
                raise ValueError(f"{values.name}: {error}") from None
        case "boolean":
            return int(values.sum())
        case _:
            return 0


def _shown(value: Any) -> Scalar:
    """A cut keeps the order, so the smallest of cut texts is the smallest text cut."""
    if isinstance(value, str):
        return value[:SHOWN]
    known: Scalar = value + 0.0 if isinstance(value, float) else value  # one zero only
    return known


def _length(value: Any) -> int:
    return int(value)


def _first(choose: Any, *values: Any) -> Any:
    """The chosen one of the values that there are."""
    known = [value for value in values if value is not None]
    return choose(known) if known else None
