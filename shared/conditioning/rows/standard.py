"""The standard table that the row steps give: its columns, and what polars holds them as."""

from collections.abc import Mapping
from itertools import dropwhile, takewhile

import polars as pl

from shared.conditioning.custom import Step, schema_after
from shared.conditioning.expressions import ValueType
from shared.conditioning.recipe.facts import row_columns
from shared.conditioning.recipe.schema import Recipe
from shared.errors import PermanentError

_TYPES: dict[ValueType, pl.DataType] = {
    "text": pl.String(),
    "integer": pl.Int64(),
    "number": pl.Float64(),
    "date": pl.Date(),
    "timestamp": pl.Datetime("us", "UTC"),
    "boolean": pl.Boolean(),
}


def row_schema(columns: Mapping[str, ValueType]) -> dict[str, pl.DataType]:
    """What polars holds values as."""
    return {name: _TYPES[of] for name, of in columns.items()}


def value_types(schema: Mapping[str, pl.DataType]) -> dict[str, ValueType]:
    """What the values of a frame are."""
    return {name: next(of for of, dtype in _TYPES.items() if dtype == held) for name, held in schema.items()}


def row_wise_steps(recipe: Recipe, steps: Mapping[str, Step]) -> tuple[Step, ...]:
    """The custom steps that are run row by row: those before the first one that sees the whole table.

    Raises:
        PermanentError: `StepMissing`: a step of the recipe is not among them.
    """
    return tuple(takewhile(lambda step: step.row_wise, _named(recipe, steps)))


def whole_steps(recipe: Recipe, steps: Mapping[str, Step]) -> tuple[Step, ...]:
    """The other custom steps, which are run over the whole table, after the filter.

    Raises:
        PermanentError: `StepMissing`: a step of the recipe is not among them.
    """
    return tuple(dropwhile(lambda step: step.row_wise, _named(recipe, steps)))


def standard_schema(recipe: Recipe, steps: Mapping[str, Step]) -> dict[str, pl.DataType]:
    """The columns that the row steps write, in order, with the types that polars holds them in.

    Dropped columns are among them while a step over the whole table needs them; where rows are aggregated, it is only
    what the aggregate and the steps before it read.

    Raises:
        PermanentError: A custom step is missing, or cannot be run on an empty table.
    """
    schema = row_schema(row_columns(recipe))
    for step in row_wise_steps(recipe, steps):
        schema = schema_after(schema, step)
    if whole_steps(recipe, steps):
        return schema
    needed = _needed_later(recipe)
    if recipe.aggregate is not None:
        return {name: held for name, held in schema.items() if name in needed}
    return {name: held for name, held in schema.items() if name in needed or name not in recipe.drop}


def _named(recipe: Recipe, steps: Mapping[str, Step]) -> list[Step]:
    missing = [one.step for one in recipe.custom if one.step not in steps]
    if missing:
        known = ", ".join(steps) or "none"
        raise PermanentError(
            "StepMissing", f"the recipe has the step `{missing[0]}`, which is not here; known: {known}"
        )
    return [steps[one.step] for one in recipe.custom]


def _needed_later(recipe: Recipe) -> set[str]:
    needed = {name for rule in recipe.rules for name in rule.unique or ()}
    if recipe.deduplicate is not None:
        needed.update(recipe.deduplicate.by)
    if recipe.aggregate is not None:
        needed.update(recipe.aggregate.by)
        needed.update(name for _, name in recipe.aggregate.parsed.values() if name is not None)
        return needed  # what orders the table is a column of the aggregate
    needed.update(name.removeprefix("-") for name in recipe.order)
    needed.update(rule.monotonic for rule in recipe.rules if rule.monotonic is not None)
    return needed
