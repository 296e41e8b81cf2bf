"""How far a large file is, in words."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.conditioning.progress import FileProgress, file_progress


def status(**changes: Any) -> dict[str, Any]:
    """What an instance says of its file."""
    known = {"step": "conditioning", "file": "raw/sales.csv", "rows": 1_260_000, "bytes": 420, "of_bytes": 1000,
             "rows_per_s": 210_000, "mb_per_s": 18.3, "seconds_left": 12}  # fmt: skip
    return known | changes


def test_it_is_told_with_rows_rates_and_what_is_left() -> None:
    """Of bytes in percent, of everything else in numbers that can be read."""
    told = "42 %, 1,260,000 rows, 210,000 rows/s, 18.3 MB/s, 12 s left"
    assert file_progress(status()) == FileProgress("raw/sales.csv", 42, told)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"seconds_left": 0}, "0 s left"),
        ({"seconds_left": 59}, "59 s left"),
        ({"seconds_left": 200}, "3 min 20 s left"),
        ({"seconds_left": 3660}, "1 h 1 min left"),
        ({"mb_per_s": 1234.56}, "1,234.6 MB/s, 12 s left"),
    ],
)
def test_what_is_left_is_told_in_two_units(changes: dict[str, Any], told: str) -> None:
    """At most."""
    assert file_progress(status(**changes)).text.endswith(f", {told}")


def test_before_the_first_bytes_are_done_nothing_is_guessed() -> None:
    """No rate, and no time."""
    nothing = {"rows": 0, "bytes": 0, "rows_per_s": 0, "mb_per_s": 0.0, "seconds_left": None}
    assert file_progress(status(**nothing)).text == "0 %, 0 rows"


@pytest.mark.parametrize(("step", "percent"), [("planning", 0), ("committing", 100)])
def test_before_and_after_its_bytes_are_read_the_step_is_told(step: str, percent: int) -> None:
    """There are no figures then."""
    assert file_progress({"step": step, "file": "a.csv"}) == FileProgress("a.csv", percent, step)


@given(st.integers(1, 10**13), st.data())
def test_a_file_is_done_only_when_no_byte_is_left(size: int, data: st.DataObject) -> None:
    """99.99 % is not 100 %."""
    done = data.draw(st.integers(0, size))
    percent = file_progress(status(bytes=done, of_bytes=size)).percent
    assert 0 <= percent <= 100
    assert (percent == 100) is (done == size)
