"""What people have written of a version stays, whatever Signalbox has to tell, however often."""

from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.registry import ROWS_TAG
from shared.registry.descriptions import LIMIT, described, is_outdated

TEXT = st.text(max_size=LIMIT * 2)


@given(theirs=TEXT, first=TEXT, second=TEXT)
def test_what_people_wrote_stays_and_what_we_told_is_replaced(theirs: str, first: str, second: str) -> None:
    """The second telling leaves nothing of the first, and the same telling changes nothing."""
    once = described(theirs, first)
    assert once.startswith(theirs.rstrip())
    assert described(once, first) == once
    assert described(once, second) == described(theirs, second)
    assert len(once) <= max(LIMIT, len(theirs))


def test_a_description_without_room_is_left_alone() -> None:
    """Nothing that a person wrote is cut; what we tell is."""
    assert described("x" * (LIMIT - 100), "why") == "x" * (LIMIT - 100)
    assert "yy…\n\n*End of" in described("theirs", "y" * LIMIT)
    assert "\n\nwhy\n\n*End of" in described(None, "why")
    assert len(described("theirs", "a word\n" * LIMIT)) <= LIMIT
    assert "a word\n\n…\n" in described("theirs", "a word\n" * LIMIT)


@given(above=st.text(max_size=99), below=st.text(max_size=99), first=TEXT, second=TEXT)
def test_what_people_wrote_below_ours_stays(above: str, below: str, first: str, second: str) -> None:
    """Whatever we tell, above it and below it stands what they wrote, but for blanks around ours."""
    once = described(f"{described(above, first)}\n\n{below}", second)
    assert once.startswith(above.rstrip())
    assert once.endswith(below.strip())
    assert once == described(once, second)


def test_without_the_line_that_ends_ours_all_that_follows_is_ours() -> None:
    """So it is of a description that somebody has cut."""
    cut = described("Mine.", "why").partition("*End of")[0] + "more"
    assert described(cut, "new") == described("Mine.", "new")


def test_a_note_of_fewer_rows_is_outdated() -> None:
    """One of as many, or beside a tag that somebody has edited, is not."""
    assert is_outdated({ROWS_TAG: "9"}, {ROWS_TAG: "10"})
    assert not is_outdated({ROWS_TAG: "10"}, {ROWS_TAG: "10"})
    assert not is_outdated({ROWS_TAG: "10"}, {ROWS_TAG: "edited"})
    assert not is_outdated({ROWS_TAG: "10"}, {})
