"""Sorting in bounded memory, whatever the rows are."""

import random

import polars as pl
import pytest

from shared.conditioning.whole.external_sort import ExternalSorter
from shared.conditioning.whole.scratch import MemoryScratch, held_bytes
from shared.conditioning.whole.sort_key import SortKey

ROWS = 4000
BUDGET = 24_000

SHUFFLED = random.Random(1).sample(range(ROWS), ROWS)
SKEWS = {
    "all equal": [7] * ROWS,
    "all different": SHUFFLED,
    "sorted": list(range(ROWS)),
    "falling": list(range(ROWS, 0, -1)),
    "one value and a few others": [0 if number % 100 else number for number in range(ROWS)],
    "no values": [None] * ROWS,
    "two interleaved halves": [number % 2 * ROWS + number for number in range(ROWS)],
}


@pytest.mark.parametrize("values", SKEWS.values(), ids=SKEWS)
def test_no_skew_makes_the_sorter_hold_more_than_its_budget(values: list[int | None]) -> None:
    """Equal rows are told apart by their places, so that no stretch of the order is too large to be read at once."""
    table = pl.DataFrame({"*file": 0, "*offset": SHUFFLED, "key": values}, schema_overrides={"key": pl.Int64})
    scratch = MemoryScratch()
    sorter = ExternalSorter(SortKey.over(["key"]), scratch, "sort", BUDGET)
    for piece in table.iter_slices(97):
        sorter.add(piece)
    frames = list(sorter.drain())
    assert pl.concat(frames).equals(table.sort("key", "*offset", nulls_last=True))
    # A stretch, and one block of each run that lies across its end.
    assert max(map(held_bytes, frames)) <= BUDGET // 3 + held_bytes(table) // ROWS * 64
    assert scratch.written > 0
    assert scratch.held == 0


@pytest.mark.parametrize(("column", "places"), [("value", [3, 0, 4, 2, 6, 1, 5]), ("-value", [2, 6, 4, 0, 3, 1, 5])])
@pytest.mark.parametrize("budget", [1, 1 << 20])
def test_not_a_number_is_above_all_numbers_and_no_value_is_last(column: str, places: list[int], budget: int) -> None:
    """Comparing rows one by one agrees with the order in which polars sorts them."""
    values = [1.0, None, float("nan"), -1.0, float("inf"), None, float("nan")]
    sorter = ExternalSorter(SortKey.over([column]), MemoryScratch(), "sort", budget)
    sorter.add(pl.DataFrame({"*file": 0, "*offset": range(7), "value": values}))
    assert pl.concat(sorter.drain())["*offset"].to_list() == places
