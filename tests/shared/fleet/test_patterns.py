"""Patterns hold for any labels: what is filled in is read back, and what overlaps is found."""

import itertools
from collections.abc import Iterator, Mapping

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shared.fleet.patterns import PathPattern, ambiguities, fill, fill_name, labels_in, stray_braces

TEXTS = st.text("ab.-_", min_size=1, max_size=3)
MATRICES = st.fixed_dictionaries({"origin": st.lists(TEXTS, min_size=1, max_size=3, unique=True)})
#: Segments with known labels, periods, free labels, stars, and texts between them.
PARTS = ["{origin}", "{year}", "{month}", "{part}", "{kind}", "*"]
PATTERNS = st.lists(
    st.lists(st.one_of(TEXTS, st.sampled_from(PARTS)), min_size=1, max_size=5).map("".join),
    min_size=1,
    max_size=2,
).map("/".join)
PERIODS = {"year": ["2013", "2014"], "month": ["2013-06"]}


def values(label: str, matrix: Mapping[str, list[str]]) -> list[str]:
    """Some values of a label."""
    return list(matrix.get(label, PERIODS.get(label, ["a", "b-a", "a.b", "ab_"])))


def paths(text: str, matrix: Mapping[str, list[str]]) -> Iterator[tuple[str, dict[str, str]]]:
    """Paths of a pattern, with the labels that they were made of."""
    labels = labels_in(text)
    for chosen in itertools.product(*(values(label, matrix) for label in labels)):
        cell = dict(zip(labels, chosen, strict=True))
        for star in ("", "a", "-2013", ".b"):
            yield fill(text, cell).replace("*", star), cell


@given(PATTERNS, MATRICES)
def test_a_path_has_one_reading(text: str, matrix: dict[str, list[str]]) -> None:
    """For every pattern that is not refused: a path that two cells would have is never read as both of them.

    A free label takes no text that would end it, so some cells have no path at all; what is read is filled in again.
    """
    assume(not list(ambiguities(text, matrix)))
    pattern = PathPattern(text, matrix)
    for path, cell in paths(text, matrix):
        read = pattern.read(path)
        free = [value for label, value in cell.items() if label not in matrix and label not in PERIODS]
        if read is not None and not free:
            assert read == cell
        if read is not None and "*" not in text:
            assert fill(text, read) == path
        if not free:
            assert read is not None


@given(PATTERNS, MATRICES, st.data())
def test_a_path_begins_with_the_prefix_of_its_labels(
    text: str, matrix: dict[str, list[str]], data: st.DataObject
) -> None:
    """Whatever labels are given: one listing under the prefix finds every file with them."""
    path, cell = data.draw(st.sampled_from(list(paths(text, matrix))))
    given_labels = {
        label: cell[label] for label in data.draw(st.sets(st.sampled_from([*cell, "other"]))) if label in cell
    }
    assert path.startswith(PathPattern(text, matrix).prefix(given_labels))


@given(PATTERNS, MATRICES, st.data())
def test_a_path_may_begin_with_whatever_it_begins_with(
    text: str, matrix: dict[str, list[str]], data: st.DataObject
) -> None:
    """Every beginning of a path that is read, down to none; and with nothing that goes on behind the path's folders."""
    pattern = PathPattern(text, matrix)
    path, _ = data.draw(st.sampled_from(list(paths(text, matrix))))
    assume(pattern.read(path) is not None)
    assert pattern.may_begin(path[: data.draw(st.integers(0, len(path)))])
    assert not pattern.may_begin(f"{path}/")


@pytest.mark.parametrize("text", ["raw/BOS/", "/raw/JFK", "raw/*", "raw/JFK/201x", "raw/JFK/2013-06.csv/", "row"])
def test_what_no_path_begins_with(text: str) -> None:
    """Known values and the form of a period count, and a `*` is no wildcard."""
    assert not PathPattern("raw/{origin}/{month}.csv", {"origin": ["JFK", "LGA"]}).may_begin(text)


@given(PATTERNS, PATTERNS, MATRICES, st.data())
def test_a_path_of_two_patterns_means_that_they_overlap(
    one: str, two: str, matrix: dict[str, list[str]], data: st.DataObject
) -> None:
    """No pair of sources gets past the check and claims one path."""
    assume(not list(ambiguities(one, matrix)) and not list(ambiguities(two, matrix)))
    first, second = PathPattern(one, matrix), PathPattern(two, matrix)
    path, _ = data.draw(st.sampled_from(list(paths(one, matrix))))
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
        ("raw/{part}.csv", "raw/holidays.csv", True),
        ("raw/{year}.csv", "raw/holidays.csv", False),
        ("raw/{year}.csv", "raw/2013.csv", True),
        ("raw/{year}.csv", "raw/{month}.csv", False),
        ("raw/{year}*.csv", "raw/{month}.csv", True),
        ("raw/{year}*.csv", "raw/h*.csv", False),
        ("raw/*.csv", "raw/{week}.csv", True),
        ("raw/*/x.csv", "raw/x.csv", False),
        ("raw/{year}.csv", "raw/{year}.json", False),
        ("raw/{year}.csv", "raw/{year}/x.csv", False),
        ("raw/a{part}.csv", "raw/{part}b.csv", True),
        ("raw/a{part}", "raw/a", False),
        ("raw/a*", "raw/a", True),
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
    assert list(ambiguities("{month}{origin}.csv", {"origin": ["a", "a-b"]})) == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{week}*.csv", []),
        ("{origin}-*.csv", []),
        ("*/{week}.csv", []),
        ("*{week}.csv", ["`*` before `{week}` leaves open where it begins; put a / between them"]),
        ("{origin}*.csv", ["`{origin}` runs into `*`; put a text or a / between them"]),
        ("{part}{week}.csv", ["`{part}` runs into the next label; put a text or a / between them"]),
    ],
)
def test_a_star_ends_no_label_and_begins_none(text: str, told: list[str]) -> None:
    """Only a period ends by its own form."""
    assert list(ambiguities(text, {"origin": ["JFK", "LGA"]})) == told


def test_a_period_that_is_not_in_the_calendar_is_nobodys() -> None:
    """A file of the 31st of June is left alone, and so is a week that the year does not have."""
    assert PathPattern("{date}.csv", {}).read("2013-06-31.csv") is None
    assert PathPattern("{week}*.csv", {}).read("2013-W53.csv") is None
    assert PathPattern("{week}*.csv", {}).read("2015-W53-b.csv") == {"week": "2015-W53"}
    assert PathPattern("{week}*.csv", {}).read("2015-W53/b.csv") is None


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
