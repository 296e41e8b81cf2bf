"""A selection means what it says, and one that means nothing is answered with what there is."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from shared.errors import PermanentError
from shared.fleet_runs.selection import (
    check_found,
    check_selection,
    is_selected,
    known_of_datasets,
    known_values,
    selection_text,
)

LABELS = st.sampled_from(["origin", "format", "movement"])
CELLS = st.dictionaries(LABELS, st.sampled_from("abc"), max_size=3)
SELECTIONS = st.dictionaries(LABELS, st.lists(st.sampled_from("abc"), min_size=1, max_size=3), max_size=3)


@given(CELLS, SELECTIONS, LABELS, st.sampled_from("abc"))
def test_a_value_more_selects_more_and_a_label_more_selects_less(
    cell: dict[str, str], select: dict[str, list[str]], label: str, value: str
) -> None:
    """Values are alternatives, labels are conditions."""
    if is_selected(cell, select):
        assert is_selected(cell, {**select, label: [*select[label], value]} if label in select else select)
    elif label not in select:
        assert not is_selected(cell, {**select, label: [value]})


@given(CELLS)
def test_no_selection_selects_everything(cell: dict[str, str]) -> None:
    """All cells, also one without labels."""
    assert is_selected(cell, {})


@given(st.lists(CELLS, max_size=5), st.dictionaries(st.text(max_size=5), st.lists(st.text(max_size=3), max_size=3)))
def test_whatever_is_selected_is_refused_or_can_be_found(
    cells: list[dict[str, str]], select: dict[str, list[str]]
) -> None:
    """Let through is what asks only for values of some cells."""
    known = known_values(cells)
    can_be_found = all(
        values and all(any(cell.get(label) == value for cell in cells) for value in values)
        for label, values in select.items()
    )
    if can_be_found:
        check_selection(select, known, "demo")
    else:
        with pytest.raises(PermanentError, match=r"\.$"):
            check_selection(select, known, "demo")


def test_a_message_tells_what_was_meant_and_what_there_is() -> None:
    """Labels with their values, in the order of the fleet."""
    known = known_values([{"origin": "JFK", "format": "mainline"}, {"origin": "LGA", "format": "regional"}])
    with pytest.raises(PermanentError) as caught:
        check_selection({"orgin": ["JFK"]}, known, "demo")
    assert caught.value.message == (
        "The fleet demo has no label `orgin` here. Did you mean `origin`? "
        "There is origin: JFK, LGA; format: mainline, regional."
    )


def test_values_that_never_meet_select_nothing() -> None:
    """Each exists, but no cell has both."""
    with pytest.raises(PermanentError, match="has origin=JFK format=regional"):
        check_found([], {"origin": ["JFK"], "format": ["regional"]}, {"origin": ["JFK"]}, "demo")


def test_a_period_takes_any_value_before_files_are_looked_at() -> None:
    """Only the matrix's labels have known values."""
    known = known_of_datasets({"departures": ("origin", "month")}, {"origin": ("JFK",), "format": ("mainline",)})
    assert known == {"origin": ("JFK",), "month": (), "dataset": ("departures",)}
    check_selection({"month": ["1999-01"], "dataset": ["departures"]}, known, "demo")


def test_a_thousand_names_are_not_all_told() -> None:
    """A message stays readable."""
    known = {"model": [f"m{number}" for number in range(1000)]}
    with pytest.raises(PermanentError) as caught:
        check_selection({"x": ["y"]}, known, "demo")
    assert caught.value.message.endswith("m19 and 980 more.")


def test_a_selection_reads_as_it_is_typed() -> None:
    """The text of the command line."""
    assert selection_text({"origin": ["JFK", "LGA"], "movement": ["fast"]}) == "origin=JFK,LGA movement=fast"
    assert selection_text({}) == "all"
