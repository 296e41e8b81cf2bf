"""The order of rows: by columns, rising or falling, no value last; places decide between equal rows."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import polars as pl

from shared.conditioning.whole.places import PLACES

#: What is compared of a row: one item per column, each made comparable with any other of its column.
type Bound = tuple[tuple[int, Any], ...]


@dataclass(frozen=True)
class SortKey:
    """A total order of rows, as long as no two have one place.

    Attributes:
        columns: By falling weight.
        falling: Of each column, whether its largest value comes first.
    """

    columns: tuple[str, ...]
    falling: tuple[bool, ...]

    @classmethod
    def over(cls, columns: Sequence[str], *, latest_first: bool = False) -> Self:
        """The order by columns, each falling where it is written `-column`, and then by place.

        Args:
            columns: A column that comes again says nothing new.
            latest_first: Whether of equal rows the one with the last place comes first.
        """
        order: dict[str, bool] = {}
        for column in columns:
            order.setdefault(column.removeprefix("-"), column.startswith("-"))
        for place in PLACES:
            order.setdefault(place, latest_first)
        return cls(tuple(order), tuple(order.values()))

    def sorted(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows in this order."""
        return frame.sort(self.columns, descending=list(self.falling), nulls_last=True)

    def at(self, frame: pl.DataFrame, row: int) -> Bound:
        """What is compared of a row; it may be negative, from the end."""
        return self._bound([frame.get_column(column) for column in self.columns], row)

    def rows_up_to(self, frame: pl.DataFrame, bound: Bound) -> int:
        """How many rows of a sorted frame come before a bound or are equal to it."""
        columns = [frame.get_column(column) for column in self.columns]
        return bisect_right(range(frame.height), bound, key=lambda row: self._bound(columns, row))

    def _bound(self, columns: Sequence[pl.Series], row: int) -> Bound:
        return tuple(_item(column[row], falling) for column, falling in zip(columns, self.falling, strict=True))


@dataclass(frozen=True)
class _Falling:
    value: Any

    def __lt__(self, other: "_Falling") -> bool:
        return bool(other.value < self.value)


def _item(value: Any, falling: bool) -> tuple[int, Any]:
    """No value comes last in either direction; what is not a number is above all numbers, as polars has it."""
    if value is None:
        return 2, 0
    if isinstance(value, float) and math.isnan(value):
        return (-1 if falling else 1), 0
    return 0, (_Falling(value) if falling else value)
