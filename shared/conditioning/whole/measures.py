"""One value of a group: what is kept of it per frame, how that is combined, and what comes out."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal, Protocol

import polars as pl

from shared.conditioning.recipe.aggregates import AggregateFunction
from shared.conditioning.whole.exact_sum import FEW, condensed, rounded_sum
from shared.errors import PermanentError

#: Place of the last row of a group, beside that of its first one.
LAST_FILE: Final = "*last_file"
LAST_OFFSET: Final = "*last_offset"

#: Lists that become Python objects at once.
_AT_ONCE: Final = 4096


class Measure(Protocol):
    """A value of a group. Its states are columns; states of states are states."""

    @property
    def dtype(self) -> pl.DataType:
        """Type of what comes out."""

    def partial(self) -> list[pl.Expr]:
        """States of the rows of a group, which are in order of their places."""

    def combined(self) -> list[pl.Expr]:
        """States of the states of a group, which are in order of their first places."""

    def condensed(self, states: pl.DataFrame) -> list[pl.Series]:
        """States that can be written shorter."""

    def finished(self, states: pl.DataFrame) -> pl.Series:
        """What comes out, one value per state."""


def measure(function: AggregateFunction, column: str | None, name: str, schema: Mapping[str, pl.DataType]) -> Measure:
    """The measure of an aggregate, other than `count_distinct`.

    Args:
        function: What it does.
        column: What it is of; none of `count`.
        name: Of its value.
        schema: Types of the columns.
    """
    if column is None or function == "count":
        return _Count(name)
    if function in ("sum", "mean"):
        kind = _FloatSum if schema[column] == pl.Float64 else _IntegerSum
        return kind(name, column, mean=function == "mean")
    assert function in ("min", "max", "first", "last"), f"`{function}` is counted by its own sort"
    return _Pick(name, column, schema[column], function)


@dataclass(frozen=True)
class _Count:
    name: str

    dtype = pl.Int64()

    def partial(self) -> list[pl.Expr]:
        return [pl.len().cast(pl.Int64).alias(f"*n {self.name}")]

    def combined(self) -> list[pl.Expr]:
        return [pl.col(f"*n {self.name}").sum()]

    def condensed(self, states: pl.DataFrame) -> list[pl.Series]:  # noqa: ARG002 - a number is short
        return []

    def finished(self, states: pl.DataFrame) -> pl.Series:
        return states[f"*n {self.name}"].alias(self.name)


@dataclass(frozen=True)
class _Pick:
    """One of the group's values: the smallest or largest, or that of the first or last row, which may be none."""

    name: str
    column: str
    dtype: pl.DataType
    function: Literal["min", "max", "first", "last"]

    def partial(self) -> list[pl.Expr]:
        return [self._picked(pl.col(self.column)).alias(f"*pick {self.name}")]

    def combined(self) -> list[pl.Expr]:
        states = pl.col(f"*pick {self.name}")
        return [self._picked(states.sort_by(LAST_FILE, LAST_OFFSET) if self.function == "last" else states)]

    def condensed(self, states: pl.DataFrame) -> list[pl.Series]:  # noqa: ARG002 - one value is short
        return []

    def finished(self, states: pl.DataFrame) -> pl.Series:
        return states[f"*pick {self.name}"].alias(self.name)

    def _picked(self, values: pl.Expr) -> pl.Expr:
        pick: dict[str, Callable[[], pl.Expr]] = {
            "min": values.min,
            "max": values.max,
            "first": values.first,
            "last": values.last,
        }
        return pick[self.function]()


@dataclass(frozen=True)
class _IntegerSum:
    """Sum or mean of integers, in 128 bits on the way; of no values none."""

    name: str
    column: str
    mean: bool

    @property
    def dtype(self) -> pl.DataType:
        return pl.Float64() if self.mean else pl.Int64()

    def partial(self) -> list[pl.Expr]:
        values = pl.col(self.column)
        return [
            values.cast(pl.Int128).sum().alias(f"*sum {self.name}"),
            values.count().cast(pl.Int64).alias(f"*n {self.name}"),
        ]

    def combined(self) -> list[pl.Expr]:
        return [pl.col(f"*sum {self.name}", f"*n {self.name}").sum()]

    def condensed(self, states: pl.DataFrame) -> list[pl.Series]:  # noqa: ARG002 - a number is short
        return []

    def finished(self, states: pl.DataFrame) -> pl.Series:
        count = pl.col(f"*n {self.name}")
        total = pl.when(count > 0).then(f"*sum {self.name}")
        if self.mean:
            return states.select((total.cast(pl.Float64) / count).alias(self.name)).to_series()
        totals = states.select(total.alias(self.name)).to_series()
        fitting = totals.cast(pl.Int64, strict=False)
        if fitting.null_count() > totals.null_count():
            raise _too_large(self.name, self.column)
        return fitting


@dataclass(frozen=True)
class _FloatSum:
    """Sum or mean of floats: rounded once of the exact sum, the mean then divided; of no values none."""

    name: str
    column: str
    mean: bool

    dtype = pl.Float64()

    def partial(self) -> list[pl.Expr]:
        values = pl.col(self.column)
        return [
            values.drop_nulls().implode().alias(f"*terms {self.name}"),
            values.count().cast(pl.Int64).alias(f"*n {self.name}"),
        ]

    def combined(self) -> list[pl.Expr]:
        terms = pl.col(f"*terms {self.name}")
        return [terms.explode().drop_nulls().implode(), pl.col(f"*n {self.name}").sum()]

    def condensed(self, states: pl.DataFrame) -> list[pl.Series]:
        return [_condensed(states[f"*terms {self.name}"])]

    def finished(self, states: pl.DataFrame) -> pl.Series:
        try:
            totals = _rounded(states[f"*terms {self.name}"])
        except OverflowError as error:
            raise _too_large(self.name, self.column) from error
        counts = states[f"*n {self.name}"]
        value = pl.when(counts > 0).then(totals / counts if self.mean else totals)
        return states.select(value.alias(self.name)).to_series()


def _rounded(lists: pl.Series) -> pl.Series:
    """The sum of each list."""
    return pl.Series(lists.name, [rounded_sum(terms) for terms in _as_python(lists)], dtype=pl.Float64)


def _condensed(lists: pl.Series) -> pl.Series:
    """Lists with the same exact sums; the long ones become short, and the others do not leave polars."""
    long = lists.list.len() > FEW
    rows = long.arg_true().to_list()
    if not rows:
        return lists
    terms = [
        (row, term)
        for row, values in zip(rows, _as_python(lists.filter(long)), strict=True)
        for term in condensed(values)
    ]
    short = pl.DataFrame(terms, schema={"row": pl.UInt32, "short": pl.Float64}, orient="row")
    by_row = pl.DataFrame({"row": pl.int_range(len(lists), dtype=pl.UInt32, eager=True), "terms": lists, "long": long})
    joined = by_row.join(short.group_by("row").agg("short"), on="row", how="left", maintain_order="left")
    empty = pl.lit([], dtype=pl.List(pl.Float64))
    return joined.select(
        pl.when("long").then(pl.col("short").fill_null(empty)).otherwise("terms").alias(lists.name)
    ).to_series()


def _as_python(lists: pl.Series) -> Iterator[list[float]]:
    """Python lists take several times the memory, so there are some of them at a time."""
    for start in range(0, len(lists), _AT_ONCE):
        yield from lists.slice(start, _AT_ONCE).to_list()


def _too_large(name: str, column: str) -> PermanentError:
    what = f"`{name}`: a group's sum of `{column}` is beyond the largest number"
    return PermanentError("SumTooLarge", f"{what}; aggregate over smaller groups, or derive `{column}` in larger units")
