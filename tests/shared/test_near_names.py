"""What was probably meant by a word that nobody knows."""

import string

from hypothesis import given
from hypothesis import strategies as st

from shared.near_names import did_you_mean, meant, nearest, several, similar

WORDS = st.text(string.ascii_lowercase, min_size=3, max_size=12)


def test_a_near_word_is_found_whatever_its_case() -> None:
    """The known word keeps its own spelling."""
    assert similar("departure-JFK", ["departures-jfk", "arrivals-ewr"]) == "departures-jfk"


def test_the_only_name_that_contains_a_word_is_meant() -> None:
    """Of several that contain it none is."""
    assert meant("stocks", ["monthly-stocks-of-2010.csv", "other.csv"]) == "monthly-stocks-of-2010.csv"
    assert meant("fleet", ["fleet-of-the-north-sea", "fleet-of-the-south-sea"]) is None


def test_without_a_near_word_all_known_ones_are_told() -> None:
    """And when there are none, that there are none."""
    assert nearest("xyz", ["mape", "bias"]) == "known here: bias, mape"
    assert nearest("xyz", []) == "none are known here"
    assert did_you_mean("xyz", ["mape"], "`signalbox models` lists them") == "`signalbox models` lists them"


def test_several_near_names_come_best_first_and_as_they_are_spelled() -> None:
    """A long name is compared by its beginning."""
    known = ["Departures-JFK", "departures-jfk-regional", "x" * 300]
    assert several("departures-jfk", known) == known[:2]
    assert several("x" * 90, known) == ["x" * 300]


@given(known=st.lists(WORDS, min_size=1, max_size=6, unique=True), data=st.data())
def test_a_known_word_is_always_found(known: list[str], data: st.DataObject) -> None:
    """By each of the functions."""
    word = data.draw(st.sampled_from(known))
    assert similar(word.upper(), known) == meant(word, known) == several(word, known)[0] == word
