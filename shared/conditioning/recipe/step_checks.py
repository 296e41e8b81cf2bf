"""Whether the steps of a recipe fit its columns and each other."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from shared.conditioning.expressions.values import ValueType
from shared.conditioning.recipe.aggregates import aggregate_type, parse_aggregate
from shared.conditioning.recipe.draft import (
    Draft,
    Fault,
    Known,
    column_faults,
    condition_faults,
    list_faults,
    name_fault,
    parsed,
)
from shared.conditioning.recipe.facts import columns_read
from shared.conditioning.recipe.steps import Aggregate, Join
from shared.located_yaml import Place

#: How others write a direction: `date desc`, `+date`.
_DIRECTED: Final = re.compile(r"\+?(?P<name>[a-z][a-z0-9_]*)([\s:]+(?P<way>asc|desc)\w*)?", re.IGNORECASE)


@dataclass(frozen=True)
class Stages:
    """Columns by stage.

    Attributes:
        rows: After `derive`.
        table: After `aggregate`.
        personal: Those of rows that hold personal data.
    """

    rows: Known
    table: Known
    personal: frozenset[str]


def read_stages(draft: Draft) -> tuple[Stages, list[Fault]]:
    """The columns of a recipe by stage, and what is wrong with those that are joined, derived and aggregated."""
    recipe, faults = draft.recipe, list[Fault]()
    rows: dict[str, ValueType | None] = {
        name: None if name in draft.unknown else of for name, of in columns_read(recipe).items()
    }
    personal = {name for name, column in recipe.columns.items() if column.personal}
    for title, join in recipe.join.items():
        faults += _key_faults(("join", title, "on"), join, rows)
        for name in join.take:
            new = list(_new_name_faults(("join", title, "take", name), name, rows))
            faults += new
            rows[name] = None if new else "text"
            personal |= {name} if personal.intersection(join.on) else set()
    rows |= dict.fromkeys(draft.unknown - set(rows))
    for name, text in recipe.derive.items():
        new = list(_new_name_faults(("derive", name), name, rows))
        expression = parsed(text, rows)
        if isinstance(expression, str):
            new.append((("derive", name), expression))
        elif expression is not None and personal.intersection(expression.columns):
            personal.add(name)
        rows[name] = None if new or expression is None or isinstance(expression, str) else expression.type
        faults += new
    table: Known = rows
    if recipe.aggregate is not None:
        faults += _aggregate_faults(recipe.aggregate, rows)
        table = _aggregated(recipe.aggregate, rows)
    return Stages(rows, table, frozenset(personal)), faults


def check_steps(draft: Draft, stages: Stages) -> Iterator[Fault]:
    """Filter, deduplicate, order and drop."""
    recipe = draft.recipe
    if recipe.filter is not None:
        yield from condition_faults(("filter",), recipe.filter, stages.rows)
    if recipe.deduplicate is not None:
        yield from list_faults(("deduplicate", "by"), recipe.deduplicate.by, stages.rows)
    for index, step in enumerate(recipe.custom):
        if step in recipe.custom[:index]:
            yield ("custom", index), f"`{step.step}` is listed twice; keep one of them"
    yield from _order_faults(draft, stages)
    yield from list_faults(("drop",), recipe.drop, stages.table, after_aggregate(draft))
    if not set(stages.table) - set(recipe.drop):
        yield ("drop",), "no column is left to be written; drop fewer of them"


def after_aggregate(draft: Draft) -> str:
    """Why a column may not be there any more."""
    return " after `aggregate`" if draft.recipe.aggregate is not None else ""


def _new_name_faults(place: Place, name: str, taken: Known) -> Iterator[Fault]:
    fault = name_fault(name)
    if fault:
        yield place, fault
    elif name in taken:
        yield place, f"there is a column `{name}` already; use another name"


def _key_faults(place: Place, join: Join, rows: Known) -> Iterator[Fault]:
    for name in join.on:
        yield from column_faults((*place, name), name, rows)
        if rows.get(name) == "number":
            what = f"keys are compared as text, and `{name}` is a number, of which 7 is written 7.0"
            yield (*place, name), f"{what}; join by a text or an integer"


def _aggregate_faults(aggregate: Aggregate, rows: Known) -> Iterator[Fault]:
    yield from list_faults(("aggregate", "by"), aggregate.by, rows)
    for name, text in aggregate.values.items():
        place: Place = ("aggregate", "values", name)
        yield from _new_name_faults(place, name, dict.fromkeys(aggregate.by))
        function, column = parse_aggregate(text)
        if column is not None:
            yield from column_faults(place, column, rows, f", of which `{text}` would be")
            of = rows.get(column)
            try:
                aggregate_type(function, of)
            except ValueError as error:
                yield place, f"`{text}`: {error}"


def _aggregated(aggregate: Aggregate, rows: Known) -> Known:
    table: dict[str, ValueType | None] = {name: rows.get(name) for name in aggregate.by}
    for name, text in aggregate.values.items():
        function, column = parse_aggregate(text)
        of = rows.get(column) if column is not None else None
        try:
            table[name] = None if column is not None and of is None else aggregate_type(function, of)
        except ValueError:
            table[name] = None
    return table


def _order_faults(draft: Draft, stages: Stages) -> Iterator[Fault]:
    seen: list[str] = []
    for index, written in enumerate(draft.recipe.order):
        place, name = ("order", index), written.removeprefix("-")
        directed = _DIRECTED.fullmatch(written)
        if name in seen:
            yield place, f"`{name}` is listed twice; keep one of them"
        elif name not in stages.table and directed and directed["name"] in stages.table:
            falling = (directed["way"] or "").lower() == "desc"
            yield place, f"`{written}` is no column; write `{'-' if falling else ''}{directed['name']}`"
        else:
            yield from column_faults(place, name, stages.table, after_aggregate(draft))
        seen.append(name)
