"""Custom steps over the whole table: what they get, what they may give, and when they are refused."""

from typing import Any

import polars as pl
import pytest

from shared.conditioning.recipe.schema import Recipe
from shared.conditioning.whole.custom_steps import WholeStep
from shared.conditioning.whole.places import placed
from shared.conditioning.whole.run import Whole, run_whole
from shared.conditioning.whole.scratch import MemoryScratch
from shared.errors import PermanentError

SCHEMA: dict[str, pl.DataType] = {"sku": pl.String(), "units": pl.Int64()}
ROWS = pl.DataFrame([(0, 0, "a", 1), (0, 9, "b", 2), (0, 18, "a", 5)], schema=placed(SCHEMA), orient="row")


def run(step: WholeStep, **options: Any) -> Whole:
    """The rows through one step, and then at most one row per article."""
    spec = {"columns": {"sku": {}, "units": {"type": "integer"}}, "rules": [{"unique": ["sku"]}]}
    custom = {"my_step": step}
    return run_whole(
        Recipe.model_validate(spec), SCHEMA, ROWS.iter_slices(1), MemoryScratch(), custom=custom, **options
    )


def test_a_step_sees_all_rows_and_rows_keep_the_places_that_it_keeps() -> None:
    """What later steps reject is found in its source."""
    whole = run(lambda table: table.filter(pl.col("units") < pl.col("units").max()).sort("units", descending=True))
    assert pl.concat(whole.frames).rows() == [("a", 1), ("b", 2)]
    assert whole.tally.custom == {"my_step": 1}
    assert whole.tally.rows_in == whole.tally.rows_out + 1


@pytest.mark.parametrize("repeated", [False, True])
def test_rows_that_a_step_makes_are_numbered(repeated: bool) -> None:
    """They have no place in a source, and stay in the order in which the step gave them."""

    def doubled(table: pl.LazyFrame) -> pl.LazyFrame:
        twice = pl.concat([table, table])
        return twice if repeated else twice.select("units", "sku")

    whole = run(doubled)
    assert pl.concat(whole.frames).rows() == [("a", 1), ("b", 2)]
    rejected = pl.concat(whole.rejections)
    assert rejected["*offset"].to_list() == [2, 3, 4, 5]
    assert rejected["*reason"][0] == "sku: has the same value as row 1 of the table"
    assert whole.tally.custom == {"my_step": -3}


def test_a_table_that_does_not_fit_is_refused_by_the_name_of_the_step() -> None:
    """Memory stays bounded, and the message says what to do instead."""
    with pytest.raises(PermanentError, match="custom step my_step: it needs the whole table at once") as refused:
        list(run(lambda table: table, budget=30).frames)
    assert refused.value.code == "CustomStepTooLarge"


def test_a_step_that_changes_columns_is_refused() -> None:
    """The columns of the table are those of the recipe."""
    with pytest.raises(PermanentError, match=r"its result must have the columns `units` \(Int64\)") as refused:
        list(run(lambda table: table.with_columns(pl.col("units") / 2)).frames)
    assert refused.value.code == "CustomStepColumns"
