"""NCRONTAB, against brute force and against examples from the documentation."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.host.schedule import ScheduleError, parse_schedule

NOON = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)  # a Friday
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - given UTC


def field(low: int, high: int) -> st.SearchStrategy[str]:
    """A field in any of its forms."""
    number = st.integers(low, high)
    step = st.integers(1, high)
    pair = st.tuples(number, number).map(sorted)
    one = st.one_of(
        st.just("*"),
        number.map(str),
        step.map(lambda s: f"*/{s}"),
        pair.map(lambda p: f"{p[0]}-{p[1]}"),
        st.tuples(pair, step).map(lambda t: f"{t[0][0]}-{t[0][1]}/{t[1]}"),
        st.tuples(number, step).map(lambda t: f"{t[0]}/{t[1]}"),
    )
    return st.lists(one, min_size=1, max_size=3).map(",".join)


EXPRESSIONS = st.tuples(field(0, 59), field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 6)).map(" ".join)


@given(text=EXPRESSIONS, moment=MOMENTS)
def test_the_next_occurrence_is_later_whole_and_due(text: str, moment: datetime) -> None:
    """It lies strictly after the moment, on a whole second, and matches the expression."""
    schedule = parse_schedule(text)
    following = schedule.next_after(moment)
    assert following > moment
    assert following.microsecond == 0
    assert schedule.matches(following)


@given(text=EXPRESSIONS, moment=MOMENTS)
@settings(max_examples=40)
def test_no_occurrence_is_skipped(text: str, moment: datetime) -> None:
    """Between a moment and the next occurrence nothing matches: checked second by second, for two hours at most."""
    schedule = parse_schedule(text)
    at, end = moment.replace(microsecond=0) + timedelta(seconds=1), schedule.next_after(moment)
    end = min(end, at + timedelta(hours=2))
    while at < end:
        assert not schedule.matches(at)
        at += timedelta(seconds=1)


@given(text=EXPRESSIONS, moment=MOMENTS, later=st.timedeltas(timedelta(0), timedelta(days=30)))
def test_a_later_moment_has_no_earlier_occurrence(text: str, moment: datetime, later: timedelta) -> None:
    """The next occurrence never moves back when time moves on."""
    schedule = parse_schedule(text)
    assert schedule.next_after(moment) <= schedule.next_after(moment + later)


@given(moment=MOMENTS, rest=st.tuples(field(0, 59), field(0, 23)).map(" ".join))
def test_five_fields_are_six_with_second_zero(moment: datetime, rest: str) -> None:
    """The short form means the same as the long form with 0 as its second."""
    assert parse_schedule(f"{rest} * * *").next_after(moment) == parse_schedule(f"0 {rest} * * *").next_after(moment)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 */5 * * * *", datetime(2026, 11, 20, 12, 5, tzinfo=UTC)),
        ("0 0 * * * *", datetime(2026, 11, 20, 13, tzinfo=UTC)),
        ("0 30 9 * * *", datetime(2026, 11, 21, 9, 30, tzinfo=UTC)),
        ("0 30 9 * * 1-5", datetime(2026, 11, 23, 9, 30, tzinfo=UTC)),
        ("0 30 9 * * Mon-Fri", datetime(2026, 11, 23, 9, 30, tzinfo=UTC)),
        ("0 30 9 * Jan Mon", datetime(2027, 1, 4, 9, 30, tzinfo=UTC)),
        ("0 0 0 29 February *", datetime(2028, 2, 29, tzinfo=UTC)),
        ("0 0 0 13 * FRI", datetime(2027, 8, 13, tzinfo=UTC)),
        ("0 5/20 * * * *", datetime(2026, 11, 20, 12, 5, tzinfo=UTC)),
        ("15 3 * * *", datetime(2026, 11, 21, 3, 15, tzinfo=UTC)),
        ("* * * * * *", datetime(2026, 11, 20, 12, 0, 1, tzinfo=UTC)),
    ],
)
def test_examples(text: str, expected: datetime) -> None:
    """Expressions as people write them, after noon on Friday, 20 November 2026."""
    assert parse_schedule(text).next_after(NOON) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "5 or 6 fields"),
        ("* * * *", "has 4"),
        ("01:30:00", "App Service plan"),
        ("60 * * * * *", "second: 60 is not between 0 and 59"),
        ("* * 24 * * *", "hour: 24"),
        ("* * * 0 * *", "day: 0"),
        ("* * * * Foo *", "'Foo' is not a number or a name"),
        ("* * * * * 7", "day of week: 7"),
        ("*/0 * * * * *", "second: 0"),
        ("9-3 * * * * *", "runs backwards"),
        ("1,,2 * * * * *", "second: ''"),
        ("-5 * * * * *", "second: ''"),
        ("٣ * * * * *", "is not a number"),
    ],
)
def test_what_is_no_schedule_says_why(text: str, reason: str) -> None:
    """The error names the field and the value."""
    with pytest.raises(ScheduleError, match=reason):
        parse_schedule(text)


def test_a_day_that_never_comes_is_an_error() -> None:
    """30 February must not hang the host."""
    with pytest.raises(ScheduleError, match="never comes due"):
        parse_schedule("0 0 0 30 2 *").next_after(NOON)
