"""Schedules are told apart from what is none, as the timers of the local host do."""

from contextlib import suppress

import hypothesis.strategies as st
import pytest
from hypothesis import example, given

from local.host.schedule import ScheduleError, parse_schedule
from shared.ncrontab import problem_of

_WORDS = st.sampled_from(["*", "0", "5", "07", "59", "60", "99999999999", "jan", "Sunday", "MON", "x", "-1", "", "²"])
_ITEMS = st.builds("{}{}{}".format, _WORDS, st.sampled_from(["", "-5", "-mon", "-"]), st.sampled_from(["", "/5", "/0"]))
_FIELDS = st.lists(_ITEMS, min_size=1, max_size=2).map(",".join)
_SCHEDULES = st.lists(_FIELDS, min_size=4, max_size=7).map(" ".join)


@pytest.mark.parametrize("text", ["0 */5 * * * *", "*/5 * * * *", "0 0 9-17/2 1,15 jan-mar Mon-Friday", "0 0 0 29 2 *"])
def test_a_schedule_is_right(text: str) -> None:
    """Six fields or five, lists, ranges, steps and names."""
    assert problem_of(text) is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "has 0 fields"),
        ("00:05:00", "has 1 field"),
        ("0 0 24 * * *", "'24' is no hour of a schedule (0 to 23)"),
        ("0 0 0 * foo *", "'foo' is no month"),
        ("0 30-10 * * * *", "'30-10' is no minute"),
        ("0 */0 * * * *", "'*/0' is no minute"),
    ],
)
def test_what_is_none_is_told_with_the_field(text: str, problem: str) -> None:
    """And with what a schedule looks like."""
    told = problem_of(text)
    assert told is not None
    assert problem in told
    assert "day-of-week" in told


@given(_SCHEDULES)
@example("0 0 0 * * Sun-Mon")
def test_the_local_host_takes_the_same_ones(text: str) -> None:
    """A setting that is right starts the timer, and one that is wrong would have stopped it."""
    taken = False
    with suppress(ScheduleError):
        parse_schedule(text)
        taken = True
    assert (problem_of(text) is None) == taken
