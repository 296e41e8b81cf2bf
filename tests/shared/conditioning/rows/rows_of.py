"""Frames and recipes for tests of row steps, and what became of the rows."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from shared.conditioning.recipe.schema import Recipe
from shared.conditioning.rows.steps import Checked, RowSteps


def recipe(columns: Mapping[str, Any], **more: Any) -> Recipe:
    """A recipe of these columns."""
    return Recipe.model_validate({"columns": columns, **more})


def frame(**columns: Sequence[str | None]) -> pl.DataFrame:
    """A frame as readers give it."""
    return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))


def run(
    columns: Mapping[str, Any],
    values: Mapping[str, Sequence[str | None]],
    references: Mapping[str, bytes] | None = None,
    **more: Any,
) -> Checked:
    """Take values through the steps of a recipe."""
    return RowSteps(recipe(columns, **more), references or {}).run(frame(**values))


def typed(spec: Mapping[str, Any], values: Sequence[str | None], **more: Any) -> dict[str | None, Any]:
    """What each value of one column becomes: its typed value, or the rule that it breaks after its column's name."""
    checked = run({"v": spec}, {"v": values}, **more)
    became: dict[int, Any] = dict(zip(checked.rows.tolist(), checked.kept["v"].to_list(), strict=True))
    became |= {row: rule for row, rule, _ in checked.rejected}
    return {value: became[row] for row, value in enumerate(values)}


def reasons(checked: Checked) -> list[tuple[int, str, str]]:
    """The rejected rows."""
    return [(row, rule, reason) for row, rule, reason in checked.rejected]
