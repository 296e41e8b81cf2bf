"""What must hold of a column's values, as its recipe and its type say it, and what is said of those that break it."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Final

import polars as pl

from shared.conditioning.recipe.columns import Column
from shared.conditioning.rows import times
from shared.conditioning.rows.broken import Rule, above, below, listed, matches, said, shown
from shared.conditioning.rows.values import raw_name, text_name

#: Dates before and after are mistyped years, unless the column's limits say otherwise.
FIRST_DAY: Final = date(1900, 1, 1)
LAST_DAY: Final = date(2199, 12, 31)

_NOT: Final = {
    "integer": "not_an_integer",
    "number": "not_a_number",
    "money": "not_money",
    "date": "not_a_date",
    "timestamp": "not_a_timestamp",
    "boolean": "not_a_boolean",
}


def column_rules(
    name: str, column: Column, lookups: Mapping[str, pl.DataFrame], personal: frozenset[str]
) -> list[Rule]:
    """The rules of a column, in the order in which they are found to be broken.

    Args:
        name: Of the column.
        column: What the recipe says of it.
        lookups: Keys and values of each lookup's reference, by the column's name.
        personal: Columns whose values are never shown.
    """
    if column.type == "present":
        return []
    rules = _Rules(name, personal=name in personal)
    if column.lookup is not None and column.lookup.missing == "reject":
        unknown = ~pl.col(text_name(name)).is_in(lookups[name]["key"].implode())
        rules.add("not_in_lookup", unknown, f" is not among the {column.lookup.key} of {column.lookup.file}")
    if column.required:
        rules.add_missing(pl.col(name if column.type == "text" else text_name(name)).is_null())
    _add_unread(rules, column)
    _add_limits(rules, column)
    return rules.made


class _Rules:
    """Collects the rules of one column."""

    def __init__(self, name: str, *, personal: bool) -> None:
        self.name = name
        self.made: list[Rule] = []
        self._personal = personal

    def add(self, rule: str, broken: pl.Expr, what: str, *, implied: bool = False) -> None:
        self._add(rule, broken, lambda: said(f"{self.name}: ", self._shown(), what), implied=implied)

    def add_missing(self, broken: pl.Expr) -> None:
        end = ", and one is required"
        value: list[pl.Expr | str] = [] if self._personal else [" (", self._shown(), ")"]
        self._add("missing", broken, lambda: said(f"{self.name}: has no value", *value, end), implied=False)

    def _add(self, rule: str, broken: pl.Expr, reason: Callable[[], pl.Expr], *, implied: bool) -> None:
        self.made.append(Rule(f"{self.name}.{rule}", broken, reason, implied))

    def _shown(self) -> pl.Expr:
        return shown(pl.col(raw_name(self.name)), personal=self._personal)


def _add_unread(rules: _Rules, column: Column) -> None:
    """Texts that are no value of the column's type; of local times also why they are none."""
    if column.type not in _NOT:
        return
    text, zone = pl.col(text_name(rules.name)), column.timezone
    if zone is not None:
        local = times.local_time(text, column.format)
        back, forward = (f"in {zone}: the clock was put {way}" for way in ("back", "forward"))
        rules.add("ambiguous_time", times.is_repeated(local, zone), f" happens twice {back}", implied=True)
        rules.add("nonexistent_time", times.is_skipped(local, zone), f" does not happen {forward}", implied=True)
    rule = _NOT["number" if column.unit else column.type]  # what is converted is read as a number
    what = "not an amount of whole cents" if column.type == "money" else rule.replace("_", " ")
    form = f" of format {column.format}" if column.type in ("date", "timestamp") else ""
    rules.add(rule, text.is_not_null() & pl.col(rules.name).is_null(), f" is {what}{form}")


def _add_limits(rules: _Rules, column: Column) -> None:
    value, low, high = pl.col(rules.name), column.min, column.max
    if column.type in ("date", "timestamp"):
        low, high = FIRST_DAY if low is None else low, LAST_DAY if high is None else high
    came_in, held_to = (f" {column.unit.source}", f" {column.unit.target}") if column.unit else ("", "")
    if low is not None:
        rules.add("below_min", below(value, low, column.type), f"{came_in} is below {low}{held_to}")
    if high is not None:
        rules.add("above_max", above(value, high, column.type), f"{came_in} is above {high}{held_to}")
    if column.one_of is not None:
        rules.add("not_one_of", ~value.is_in(column.one_of), f" is not one of {listed(column.one_of)}")
    if column.pattern is not None:
        rules.add("not_like_pattern", ~matches(value, column.pattern), f" does not match {column.pattern}")
