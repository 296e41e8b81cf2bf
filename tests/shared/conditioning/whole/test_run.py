"""Steps over a whole table, at any budget and in any pieces, against the same steps over all rows at once."""

import itertools
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.conditioning.recipe.schema import Recipe
from shared.conditioning.whole.places import placed
from shared.conditioning.whole.run import Whole, run_whole
from shared.conditioning.whole.scratch import MemoryScratch
from shared.errors import PermanentError
from tests.shared.conditioning.whole.reference import expected

SCHEMA: dict[str, pl.DataType] = {
    "text": pl.String(),
    "count": pl.Int64(),
    "price": pl.Float64(),
    "day": pl.Date(),
    "at": pl.Datetime("us", "UTC"),
    "open": pl.Boolean(),
}
COLUMNS = {
    "text": {"required": False},
    "count": {"type": "integer", "required": False},
    "price": {"type": "number", "required": False},
    "day": {"type": "date", "required": False},
    "at": {"type": "timestamp", "required": False},
    "open": {"type": "boolean", "required": False},
}
ENOUGH = 64 << 20

#: Few of each, so that keys meet; floats whose naive sum depends on the order.
VALUES = st.tuples(
    st.sampled_from([None, "", "a", "b", "\U0001f682", '"a, b"\n']),
    st.sampled_from([None, 0, 1, -7, 2**62 // 100, -(2**62 // 100)]),
    st.sampled_from([None, 0.0, -0.0, 0.1, 0.2, -0.3, 1e100, -1e100, 5e-324, 3.3e-9]) | st.floats(-1e300, 1e300),
    st.sampled_from([None, date(2026, 1, 31), date(1999, 12, 31)]),
    st.sampled_from([None, datetime(2026, 1, 31, 10, tzinfo=UTC), datetime(2026, 1, 31, 10, 0, 0, 1, tzinfo=UTC)]),
    st.sampled_from([None, True, False]),
)
KEYS = st.lists(st.sampled_from(list(SCHEMA)), min_size=1, max_size=3, unique=True)
AGGREGATES = st.sampled_from(
    [
        *(f"{function}({column})" for function in ("sum", "mean") for column in ("count", "price")),
        *(f"{function}({column})" for function in ("min", "max") for column in list(SCHEMA)[:5]),
        *(f"{function}({column})" for function in ("first", "last", "count_distinct") for column in SCHEMA),
        "count()",
    ]
)


@st.composite
def tables(draw: st.DrawFn) -> pl.DataFrame:
    """Rows in the order of their places, in up to three files."""
    rows = draw(st.lists(VALUES, max_size=40))
    files = sorted(draw(st.lists(st.integers(0, 2), min_size=len(rows), max_size=len(rows))))
    placed_rows = [(file, 7 * index, *row) for index, (file, row) in enumerate(zip(files, rows, strict=True))]
    return pl.DataFrame(placed_rows, schema=placed(SCHEMA), orient="row")


@st.composite
def recipes(draw: st.DrawFn) -> Recipe:
    """Any steps over the whole table."""
    spec: dict[str, Any] = {"columns": COLUMNS}
    columns = list(SCHEMA)
    if draw(st.booleans()):
        spec["deduplicate"] = {"by": draw(KEYS), "keep": draw(st.sampled_from(["first", "last"]))}
    severities = st.sampled_from(["reject", "warn", "fail"])
    spec["rules"] = [
        {"unique": key, "else": draw(severities), "name": f"unique_{number}"}
        for number, key in enumerate(draw(st.lists(KEYS, max_size=2)))
    ]
    if draw(st.booleans()):
        by, values = draw(KEYS), draw(st.lists(AGGREGATES, min_size=1, max_size=4))
        spec["aggregate"] = {"by": by, "values": {f"v{number}": text for number, text in enumerate(values)}}
        columns = [*by, *spec["aggregate"]["values"]]
    order = draw(st.lists(st.sampled_from(columns), max_size=3, unique=True))
    spec["order"] = [draw(st.sampled_from(["", "-"])) + column for column in order]
    if draw(st.booleans()):
        monotonic = {"monotonic": draw(st.sampled_from(columns)), "else": draw(st.sampled_from(["warn", "fail"]))}
        spec["rules"].append(monotonic)
    return Recipe.model_validate(spec)


def recipe(**spec: Any) -> Recipe:
    """A recipe of these steps."""
    return Recipe.model_validate({"columns": COLUMNS, **spec})


def table(*rows: dict[str, Any]) -> pl.DataFrame:
    """Rows of file 0, 10 bytes each."""
    values = [{"*file": 0, "*offset": 10 * index, **row} for index, row in enumerate(rows)]
    return pl.DataFrame(values, schema=placed(SCHEMA))


def finished(whole: Whole) -> tuple[pl.DataFrame, pl.DataFrame]:
    """All rows that come out, and all that are rejected."""
    rows = pl.concat([pl.DataFrame(schema=whole.schema), *whole.frames])
    rejected = [pl.DataFrame(schema={"*file": pl.Int64, "*offset": pl.Int64, "*rule": pl.String}).clear()]
    return rows, pl.concat([*rejected, *(frame.select("*file", "*offset", "*rule") for frame in whole.rejections)])


@settings(max_examples=150)
@given(
    recipe=recipes(),
    table=tables(),
    cuts=st.lists(st.integers(0, 40), max_size=6).map(sorted),
    budget=st.sampled_from([1, 300, 3_000, 30_000, ENOUGH]),
)
def test_any_pieces_and_budget_give_the_bytes_of_one_pass_over_all_rows(
    recipe: Recipe, table: pl.DataFrame, cuts: list[int], budget: int
) -> None:
    """Neither pieces nor memory show in the table, the rejected rows or the counts, and no row is lost."""
    bounds = [0, *(min(cut, table.height) for cut in cuts), table.height]
    pieces = [table[start:end] for start, end in itertools.pairwise(bounds)]
    scratch = MemoryScratch()
    whole = run_whole(recipe, SCHEMA, pieces, scratch, budget=budget)
    rows, rejected = finished(whole)
    wanted = expected(recipe, table.to_dicts())
    written = pl.DataFrame(wanted.rows, schema=placed(whole.schema) if not recipe.aggregate else whole.schema)
    assert rows.write_csv() == written.select(list(whole.schema)).write_csv()
    assert rejected.rows() == sorted(wanted.rejected)
    tally = whole.tally
    assert (tally.deduplicated, tally.aggregated) == (wanted.deduplicated, wanted.aggregated)
    assert (tally.warned, tally.failed) == (wanted.warned, wanted.failed)
    assert set(tally.findings) == {*tally.reasons, *tally.warned, *tally.failed}
    assert tally.rows_in == tally.rows_out + tally.rejected + tally.deduplicated + tally.aggregated == table.height
    assert scratch.held == 0


def test_a_repeated_row_is_rejected_with_its_place_and_that_of_the_first_but_without_values() -> None:
    """The first row keeps its place, a row without a value breaks nothing, and personal data stay out of reports."""
    rows = table({"text": "a", "count": 1}, {"text": None}, {"text": "a", "count": 2}, {"text": None})
    spec = recipe(rules=[{"unique": ["text"], "name": "one_each"}])
    whole = run_whole(spec, SCHEMA, [rows], MemoryScratch(), files=["raw/sales.csv"])
    assert pl.concat(whole.frames)["count"].to_list() == [1, None, None]
    (rejected,) = whole.rejections
    reason = "text: has the same value as the row at byte 0 of raw/sales.csv"
    assert rejected.select("*file", "*offset", "*rule", "*reason", "count").rows() == [(0, 20, "one_each", reason, 2)]
    assert whole.tally.findings == {"one_each": f"the row at byte 20 of raw/sales.csv: {reason}"}


def test_what_falls_is_named_by_its_row_and_its_source() -> None:
    """Whoever reads the report finds the row in the table and in the file."""
    rows = table({"count": 1}, {"count": 3}, {"count": None}, {"count": 2}, {"count": 2})
    whole = run_whole(recipe(rules=[{"monotonic": "count"}]), SCHEMA, rows.iter_slices(2), MemoryScratch())
    assert sum(frame.height for frame in whole.frames) == 5
    assert whole.tally.failed == {"monotonic: count": 1}
    finding = "count falls at row 4 of the table (the row at byte 30 of file 1)"
    assert whole.tally.findings == {"monotonic: count": finding}


@pytest.mark.parametrize(("column", "value"), [("count", 2**62), ("price", 1e308)])
def test_a_sum_beyond_its_type_is_refused(column: str, value: float) -> None:
    """Integers would wrap around in silence, and floats would become infinite."""
    rows = table(*({column: value} for _ in range(3)))
    whole = run_whole(
        recipe(aggregate={"by": ["text"], "values": {"all": f"sum({column})"}}), SCHEMA, [rows], MemoryScratch()
    )
    with pytest.raises(PermanentError, match=f"`all`: a group's sum of `{column}` is beyond the largest number"):
        next(whole.frames)


def test_the_smallest_integer_is_a_sum_like_any_other() -> None:
    """The limits of the type are sums themselves."""
    rows = table({"count": -(2**62)}, {"count": -(2**62)})
    spec = recipe(aggregate={"by": ["text"], "values": {"all": "sum(count)", "each": "mean(count)"}})
    whole = run_whole(spec, SCHEMA, [rows], MemoryScratch())
    assert pl.concat(whole.frames).rows() == [(None, -(2**63), -(2.0**62))]


def test_dropped_columns_serve_the_steps_and_are_not_written() -> None:
    """A column may order the table without being part of it."""
    rows = table({"text": "b", "count": 1}, {"text": "a", "count": 2})
    whole = run_whole(
        recipe(order=["-count"], drop=[name for name in SCHEMA if name != "text"]), SCHEMA, [rows], MemoryScratch()
    )
    assert whole.schema == {"text": pl.String()}
    assert pl.concat(whole.frames).rows() == [("a",), ("b",)]


@pytest.mark.parametrize("budget", [500, ENOUGH])
def test_frames_that_come_out_end_at_the_same_rows_whatever_came_in(budget: int) -> None:
    """Blocks of the output may be compared one by one."""
    rows = table(*({"text": "x" * (number % 50), "count": number} for number in range(300)))
    heights = {
        tuple(frame.height for frame in whole.frames)
        for size in (1, 7, 300)
        for whole in [
            run_whole(
                recipe(order=["text"]), SCHEMA, rows.iter_slices(size), MemoryScratch(), budget=budget, frame_bytes=2000
            )
        ]
    }
    assert len(heights) == 1
    assert len(*heights) == pytest.approx(300 * (48 + 24.5) / 2000, abs=1)


def test_pieces_out_of_order_are_refused_where_nothing_sorts_them() -> None:
    """Otherwise the order of the output would be that of the pieces."""
    rows = table({"count": 1}, {"count": 2})
    whole = run_whole(recipe(rules=[{"monotonic": "count"}]), SCHEMA, [rows[1:], rows[:1]], MemoryScratch())
    with pytest.raises(ValueError, match="in the order of their files and rows"):
        list(whole.frames)


def test_what_fits_is_not_spilled() -> None:
    """Small tables cost no round trips."""
    scratch = MemoryScratch()
    spec = recipe(
        deduplicate={"by": ["count"]},
        rules=[{"unique": ["text"]}],
        aggregate={"by": ["text"], "values": {"n": "count_distinct(count)"}},
        order=["-n"],
    )
    finished(run_whole(spec, SCHEMA, [table(*({"count": number} for number in range(100)))], scratch))
    assert scratch.written == 0
