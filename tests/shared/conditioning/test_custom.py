"""Custom steps: found by name in the owner's files, and held to what they promise."""

import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from shared.conditioning.custom import Step, apply, load_steps, schema_after, step
from shared.errors import ConfigurationError, PermanentError

FRAME = pl.DataFrame({"sku": ["a b", None, "c", "d"], "units": [1, 2, 3, None]})

HEAD = "import polars as pl\nfrom shared.conditioning.custom import step\n"
CLEAN = """
@step(row_wise=True)
def clean_sku(rows):
    return rows.with_columns(pl.col("sku").str.replace_all(" ", ""))
"""


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., Step]:
    """Loads a step from a file of that content."""

    def load(content: str, name: str = "clean_sku") -> Step:
        path = tmp_path / "steps.py"
        path.write_text(HEAD + content)
        return load_steps({name: path})[name]

    return load


def test_a_step_is_run_by_its_name(load: Callable[..., Step]) -> None:
    """Its file is a module of its own, in which dataclasses work too."""
    made = load("from dataclasses import dataclass\n@dataclass\nclass Kept:\n    x: int\n" + CLEAN)
    assert (made.name, made.row_wise) == ("clean_sku", True)
    assert apply(FRAME, made)["sku"].to_list() == ["ab", None, "c", "d"]
    assert schema_after(FRAME.schema, made) == FRAME.schema
    assert made.function.__module__ in sys.modules


def test_steps_of_one_file_are_loaded_together(tmp_path: Path) -> None:
    """And each is found by its name."""
    path = tmp_path / "steps.py"
    path.write_text(HEAD + CLEAN + CLEAN.replace("clean_sku", "other").replace("True", "False"))
    steps = load_steps({"clean_sku": path, "other": path})
    assert [(name, one.name, one.row_wise) for name, one in steps.items()] == [
        ("clean_sku", "clean_sku", True),
        ("other", "other", False),
    ]
    assert load_steps({}) == {}


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (
            CLEAN.replace("clean_sku", "clean_skus"),
            r"steps.py registers no step `clean_sku` with @step; did you mean `cl",
        ),
        ("", r"registers no step `clean_sku` with @step; none are known here"),
        (CLEAN * 2, r"steps.py:8: the step `clean_sku` is there twice, first at .*steps.py:4; rename"),
        ("import nowhere.to_be_found\n", r"steps.py:3: ModuleNotFoundError: No module named 'nowhere'; mend"),
        ("def f(:\n", r"steps.py:3: SyntaxError: invalid syntax; mend"),
        ("\n\nraise SystemExit(3)\n", r"steps.py:5: SystemExit: 3; mend"),
        (
            CLEAN.replace("(rows)", "(rows, more)"),
            r"steps.py:4: the step `clean_sku` is called .* but takes \(rows, more",
        ),
        (CLEAN.replace("(rows)", "()"), r"is called with one LazyFrame, but takes \(\); write `def clean_sku\(rows\)`"),
        (CLEAN.replace("(rows)", "(*, rows)"), r"is called with one LazyFrame, but takes \(rows\)"),
        (CLEAN.replace("def", "async def"), r"is for plain functions, .* write `def`"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_with_its_line(load: Callable[..., Step], content: str, fault: str) -> None:
    """And with what would be right."""
    with pytest.raises(ConfigurationError, match=fault):
        load(content)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    """With what its place is relative to."""
    with pytest.raises(ConfigurationError, match=r"none\.py cannot be read: No such file.*relative to the fleet file"):
        load_steps({"x": tmp_path / "none.py"})


def test_a_step_that_raises_is_told_by_name_and_line(load: Callable[..., Step]) -> None:
    """Of what fails later, in polars, the line of the function is shown."""
    with pytest.raises(
        PermanentError, match=r"step `clean_sku` failed at .*steps.py:6: ZeroDivisionError: division"
    ) as one:
        apply(FRAME, load(CLEAN.replace("return", "1 / 0;")))
    assert one.value.code == "CustomStepFailed"


@pytest.mark.parametrize(
    "does",
    ["exit(3);", 'return rows.with_columns(pl.col("units").map_elements(lambda _: exit(3), return_dtype=pl.Int64));'],
)
def test_a_step_that_exits_does_not_end_the_app(load: Callable[..., Step], does: str) -> None:
    """Neither when it is called nor when polars calls it: it has failed like one that raises."""
    with pytest.raises(PermanentError, match=r"step `clean_sku` failed at .*steps.py:6: SystemExit: 3") as one:
        apply(FRAME, load(CLEAN.replace("return", does)))
    assert one.value.code == "CustomStepFailed"
    with pytest.raises(PermanentError, match=r"step `clean_sku` failed at .*steps.py:4: ColumnNotFoundError: .*nope"):
        apply(FRAME, load(CLEAN.replace("sku", "nope").replace("clean_nope", "clean_sku")))


def _step(function: Callable[[pl.LazyFrame], pl.LazyFrame], row_wise: bool = True) -> Step:
    step(row_wise=row_wise)(function)
    return Step("s", row_wise, function)


@pytest.mark.parametrize(
    ("function", "fault"),
    [
        (lambda rows: rows.filter(pl.col("units") > 1), "makes 2 rows of 4; keep each row in its place"),
        (lambda rows: pl.concat([rows, rows]), "makes 8 rows of 4"),
        (lambda rows: rows.reverse(), "moves rows; keep each row"),
        (lambda rows: rows.select("sku"), "loses the column `units`; use with_columns"),
        (lambda rows: rows.select("sku", "units"), "loses columns that it does not name"),
        (lambda rows: rows.with_columns(pl.all().cast(pl.String)), "changes columns that it does not name"),
        (lambda rows: rows.with_columns(pl.col("units").shift(1)), "depends on the rows around it"),
        (lambda rows: rows.with_columns(pl.col("units").cum_sum()), "depends on the rows around it"),
        (lambda rows: rows.with_columns(pl.col("units").fill_null(strategy="forward")), "depends on the rows"),
        (lambda rows: rows.collect(), "gives a DataFrame, not a LazyFrame; return the frame itself"),
        (lambda rows: None, "gives a NoneType, not a LazyFrame"),
        (lambda rows: rows.with_columns(pl.col("units").cast(pl.Int32)), "makes the column `units` a Int32, which"),
        (lambda rows: rows.with_columns(x=pl.lit(None)), "makes the column `x` a Null"),
        (
            lambda rows: rows.with_columns(x=pl.lit(1.0 if rows.collect().height else "")),
            "makes the column `x` Float64 here but String of a table without rows",
        ),
    ],
)
def test_a_step_that_breaks_its_promise_is_refused(
    function: Callable[[pl.LazyFrame], pl.LazyFrame], fault: str
) -> None:
    """By name and place, before its rows are used."""
    with pytest.raises(PermanentError, match=r"test_custom\.py:\d+: the step `s` ") as caught:
        apply(FRAME, _step(function))
    assert fault in caught.value.message
    assert caught.value.code == "CustomStepBroken"


def test_what_a_step_may_do_is_kept() -> None:
    """New columns come last; of one that sees the whole table, rows may change too."""
    added = _step(lambda rows: rows.with_columns(day=pl.lit(date(2026, 1, 31))))
    assert apply(FRAME, added).columns == ["sku", "units", "day"]
    assert schema_after(FRAME.schema, added) == {**FRAME.schema, "day": pl.Date()}
    whole = _step(lambda rows: rows.group_by("units").len("n").with_columns(pl.col("n").cast(pl.Int64)), row_wise=False)
    assert apply(FRAME, whole).shape == (4, 2)
    assert apply(FRAME.head(0), added).height == 0
