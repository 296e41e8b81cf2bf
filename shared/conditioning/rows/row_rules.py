"""Rules of rows, joins and filters: what must hold of a row beyond what each of its columns says."""

from collections.abc import Iterable, Iterator, Mapping

import polars as pl

from shared.conditioning.expressions import ValueType, parse
from shared.conditioning.recipe.rules import Range, RuleSpec
from shared.conditioning.recipe.schema import Recipe
from shared.conditioning.recipe.steps import Join
from shared.conditioning.recipe.value_types import ColumnType
from shared.conditioning.rows.broken import Rule, above, below, listed, matches, said, shown
from shared.conditioning.rows.writing import FRACTION_FORMAT


def as_text(value: pl.Expr, of: ValueType) -> pl.Expr:
    """A typed value as it stands in the standard CSV."""
    if of == "timestamp":
        return value.dt.to_string(FRACTION_FORMAT).str.replace(".000000Z", "Z", literal=True)
    return value if of == "text" else value.cast(pl.String)


def join_found(name: str) -> str:
    """The column of a frame that is true where a join has found a counterpart."""
    return f"*joined {name}"


class RowRules:
    """Makes the rules of a recipe's rows.

    Args:
        recipe: The recipe.
        columns: What the columns of rows are, joined and derived ones included.
        personal: Columns whose values are never shown.
    """

    def __init__(self, recipe: Recipe, columns: Mapping[str, ValueType], personal: frozenset[str]) -> None:
        self._recipe = recipe
        self._columns = columns
        self._personal = personal

    def of_join(self, name: str, join: Join) -> list[Rule]:
        """What a join asks of a row."""
        if join.missing != "reject":
            return []

        def reason() -> pl.Expr:
            keys = (said(f"{theirs} ", self._shown(ours)) for ours, theirs in join.on.items())
            return said(f"{name}: {join.file} has no row with ", *_listed(keys))

        return [Rule(f"join {name}.missing", pl.col(join_found(name)).is_null(), reason)]

    def of(self, name: str, spec: RuleSpec) -> Rule:
        """A rule of rows, under the name by which it is counted; it may be of several columns."""
        parts = list(self._check(spec.check) if spec.check is not None else self._parts(spec))
        broken = pl.any_horizontal(broken for broken, _ in parts).fill_null(False)
        return Rule(name, broken, lambda: pl.coalesce(pl.when(broken).then(reason) for broken, reason in parts))

    def _check(self, text: str) -> Iterator[tuple[pl.Expr, pl.Expr]]:
        expression = parse(text, self._columns)
        values = (said(f"{column} ", self._shown(column)) for column in sorted(expression.columns))
        of = " of " if expression.columns else ""
        yield ~expression.polars().fill_null(False), said(f"{text} is not true{of}", *_listed(values))

    def _parts(self, spec: RuleSpec) -> Iterator[tuple[pl.Expr, pl.Expr]]:
        """When each column breaks a rule, and what is said of it then."""
        for column in spec.not_null or ():
            yield pl.col(column).is_null(), said(f"{column} has no value")
        for column, limits in (spec.range or {}).items():
            yield from self._range(column, limits)
        for column, allowed in (spec.set or {}).items():
            yield ~pl.col(column).is_in(allowed), self._fault(column, f"is not one of {listed(allowed)}")
        for column, pattern in (spec.pattern or {}).items():
            yield ~matches(pl.col(column), pattern), self._fault(column, f"does not match {pattern}")

    def _range(self, column: str, limits: Range) -> Iterator[tuple[pl.Expr, pl.Expr]]:
        value, of = pl.col(column), self._type(column)
        if limits.min is not None:
            yield below(value, limits.min, of), self._fault(column, f"is below {limits.min}")
        if limits.max is not None:
            yield above(value, limits.max, of), self._fault(column, f"is above {limits.max}")

    def _type(self, column: str) -> ColumnType:
        read = self._recipe.columns.get(column)
        return self._columns[column] if read is None else read.type

    def _fault(self, column: str, what: str) -> pl.Expr:
        return said(f"{column}: ", self._shown(column), f" {what}")

    def _shown(self, column: str) -> pl.Expr:
        if column in self._personal:
            return pl.lit("a value")
        value = shown(as_text(pl.col(column), self._columns[column]))
        return pl.when(pl.col(column).is_null()).then(pl.lit("null")).otherwise(value)


def _listed(parts: Iterable[pl.Expr]) -> list[pl.Expr | str]:
    """Sentences with commas between them."""
    listed: list[pl.Expr | str] = []
    for part in parts:
        listed += [", ", part] if listed else [part]
    return listed
