"""Patterns hold for any labels: what is filled in is read back, and what overlaps is found."""

import itertools
from collections.abc import Mapping

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shared.fleet.patterns import PathPattern, ambiguities, fill_name, labels_in, stray_braces

TEXTS = st.text("ab.-_", min_size=1, max_size=3)
MATRICES = st.fixed_dictionaries({"origin": st.lists(TEXTS, min_size=1, max_size=3, unique=True)})
#: Segments with known labels, free labels, and texts between them.
PATTERNS = st.lists(
    st.lists(st.one_of(TEXTS, st.sampled_from(["{origin}", "{year}", "{part}"])), min_size=1, max_size=4).map("".join),
    min_size=1,
    max_size=2,
).map("/".join)


def values(label: str, matrix: Mapping[str, list[str]]) -> list[str]:
    """Some values of a label."""
    return list(matrix.get(label, ["a", "b-a", "a.b", "ab_"]))


@given(PATTERNS, MATRICES)
def test_a_filled_path_is_read_back_as_it_was_filled(text: str, matrix: dict[str, list[str]]) -> None:
    """For every pattern that is not refused: filling refuses a cell, or reading gives the same cell again."""
    assume(not list(ambiguities(text, matrix)))
    pattern = PathPattern(text, matrix)
    filled: dict[str, dict[str, str]] = {}
    for chosen in itertools.product(*(values(label, matrix) for label in pattern.labels)):
        cell = dict(zip(pattern.labels, chosen, strict=True))
        try:
            path = pattern.fill(cell)
        except ValueError:
            continue
        assert pattern.read(path) == cell
        assert filled.setdefault(path, cell) == cell  # one reading only


@given(PATTERNS, PATTERNS, MATRICES, st.data())
def test_a_path_of_two_patterns_means_that_they_overlap(
    one: str, two: str, matrix: dict[str, list[str]], data: st.DataObject
) -> None:
    """No pair of sources gets past the check and claims one path."""
    assume(not list(ambiguities(one, matrix)) and not list(ambiguities(two, matrix)))
    first, second = PathPattern(one, matrix), PathPattern(two, matrix)
    cell = {label: data.draw(st.sampled_from(values(label, matrix))) for label in first.labels}
    path = one
    for label, value in cell.items():
        path = path.replace(f"{{{label}}}", value)
    if first.read(path) is not None and second.read(path) is not None:
        assert first.overlaps(second)
        assert second.overlaps(first)


@given(PATTERNS, MATRICES)
def test_a_pattern_overlaps_itself(text: str, matrix: dict[str, list[str]]) -> None:
    """Two sources with one pattern are always found."""
    assume(not list(ambiguities(text, matrix)))
    assert PathPattern(text, matrix).overlaps(PathPattern(text, matrix))


@pytest.mark.parametrize(
    ("one", "two", "overlap"),
    [
        ("raw/{origin}.csv", "raw/holidays.csv", False),
        ("raw/{origin}.csv", "raw/JFK.csv", True),
        ("raw/{year}.csv", "raw/holidays.csv", True),
        ("raw/{year}.csv", "raw/{year}.json", False),
        ("raw/{year}.csv", "raw/{year}/x.csv", False),
        ("raw/a{year}.csv", "raw/{year}b.csv", True),
        ("raw/a{year}", "raw/a", False),
    ],
)
def test_known_values_are_told_apart_from_any_text(one: str, two: str, overlap: bool) -> None:
    """A fixed name beside airports is fine; beside a label of any value it is not."""
    matrix = {"origin": ["JFK", "LGA"]}
    assert PathPattern(one, matrix).overlaps(PathPattern(two, matrix)) is overlap


def test_a_value_that_holds_the_boundary_is_ambiguous() -> None:
    """`a-b-2013` could be the airport `a` or `a-b`."""
    assert list(ambiguities("{origin}-{year}.csv", {"origin": ["a", "a-b"]})) == [
        "`a-b` holds the `-` that ends `{origin}`; put a / between the labels"
    ]
    assert list(ambiguities("{origin}_{year}.csv", {"origin": ["a", "a-b"]})) == []


def test_a_label_may_come_twice() -> None:
    """Both places must say the same."""
    pattern = PathPattern("{origin}/{origin}-{year}.csv", {"origin": ["JFK", "LGA"]})
    assert pattern.read("JFK/JFK-2013.csv") == {"origin": "JFK", "year": "2013"}
    assert pattern.read("JFK/LGA-2013.csv") is None


def test_names_are_in_lower_case_and_braces_that_are_no_label_are_found() -> None:
    """The text around the labels stays as it is written."""
    assert labels_in("a-{origin}-{year}-{origin}") == ("origin", "year")
    assert fill_name("Golden/{origin}.csv", {"origin": "JFK"}) == "Golden/jfk.csv"
    assert stray_braces("{origin}") is None
    assert [stray_braces(text) for text in ("{Origin}", "{}", "a}", "{a")] == ["{Origin}", "{}", "}", "{a"]
