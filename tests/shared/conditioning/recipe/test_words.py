"""Aggregates and formats as they are written: what is read of them, whatever is written."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.conditioning.recipe.aggregates import aggregate_type, parse_aggregate
from shared.conditioning.recipe.formats import format_fault, pattern_fault
from shared.conditioning.recipe.rules import Fresh


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("count()", ("count", None)),
        (" sum( units ) ", ("sum", "units")),
        ("count_distinct(store)", ("count_distinct", "store")),
        ("first(a_1)", ("first", "a_1")),
    ],
)
def test_an_aggregate_is_a_function_of_one_column(text: str, parsed: tuple[str, str | None]) -> None:
    """Blanks mean nothing."""
    assert parse_aggregate(text) == parsed


@given(st.text(max_size=30))
def test_whatever_is_written_is_an_aggregate_or_explained(text: str) -> None:
    """Never another error than one for a person, with what would be right."""
    try:
        function, column = parse_aggregate(text)
    except ValueError as error:
        said = str(error)
    else:
        said = ";" if (function == "count") == (column is None) else ""
    assert ";" in said


def test_aggregates_have_the_types_of_their_columns() -> None:
    """But for counts and means."""
    assert [aggregate_type(one, "integer") for one in ("count", "sum", "mean", "min", "last")] == [
        "integer",
        "integer",
        "number",
        "integer",
        "integer",
    ]
    assert (aggregate_type("max", "date"), aggregate_type("count_distinct", "text")) == ("date", "integer")
    with pytest.raises(ValueError, match="sum is for integer, number, and the column is text"):
        aggregate_type("sum", "text")


@given(st.permutations(["%Y", "%m", "%d"]), st.sampled_from(["", "-", "/", ". "]))
def test_a_format_may_have_any_order_and_separator(parts: list[str], separator: str) -> None:
    """Also none, where the digits are all there."""
    assert format_fault(separator.join(parts)) is None


@given(st.text("%YmdbBHMSfzypIj-/. ", max_size=12))
def test_a_format_without_a_fault_reads_one_date(text: str) -> None:
    """Year, month and day once each, and nothing that is not read."""
    if format_fault(text) is None:
        used = re.findall("%.", text)
        assert len(used) == len(set(used))
        assert {"%Y", "%d"} <= set(used)
        assert len({"%m", "%b", "%B"} & set(used)) == 1


@given(st.text(max_size=8))
def test_whatever_is_written_is_a_pattern_or_explained(text: str) -> None:
    """Never an error of polars that nobody expects."""
    fault = pattern_fault(text)
    assert fault is None or ("is no regular expression: " in fault and ";" in fault)


def test_an_age_is_minutes_hours_or_days() -> None:
    """As durations are written in fleet files."""
    ages = [Fresh(column="date", within=text).age for text in ("90m", "36h", "10d")]
    assert [age.total_seconds() for age in ages] == [5_400, 129_600, 864_000]
