"""A schedule comes due once per local day that it names, whatever the clocks of its zone do."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.fleet.schedule import Schedule, parse_schedule

#: The clock changes by an hour at 02:00, 01:00 and midnight; by half an hour; never.
ZONES = ("America/New_York", "Europe/Berlin", "Europe/London", "America/Santiago", "Africa/Cairo",
         "Australia/Lord_Howe", "Asia/Kathmandu", "UTC")  # fmt: skip
#: A zone that left out a whole day, Friday, 30 December 2011.
APIA = "Pacific/Apia"
DAY = timedelta(days=1)

zones = st.sampled_from(ZONES)
minutes = st.integers(0, 30 * 365 * 24 * 60)
instants = minutes.map(lambda minute: datetime(2005, 1, 1, tzinfo=UTC) + timedelta(minutes=minute))
schedules = st.builds(
    lambda days, at: Schedule(tuple(sorted(days)), at),
    st.sets(st.integers(0, 6), min_size=1),
    st.builds(time, st.integers(0, 23), st.integers(0, 59)),
)


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class TestParse:
    """What may be written, and what is said of the rest."""

    @pytest.mark.parametrize(
        ("text", "weekdays", "at"),
        [
            ("Mon 10:00", (0,), time(10)),
            ("mon,THU 9:05", (0, 3), time(9, 5)),
            ("Mon-Fri 06:30", (0, 1, 2, 3, 4), time(6, 30)),
            ("Fri-Mon 00:00", (0, 4, 5, 6), time(0)),
            ("Tue,Sat-Sun 23:59", (1, 5, 6), time(23, 59)),
            ("daily 04:00", (0, 1, 2, 3, 4, 5, 6), time(4)),
        ],
    )
    def test_days_and_a_time(self, text: str, weekdays: tuple[int, ...], at: time) -> None:
        """Single days, lists, ranges over the end of the week too, and every day."""
        assert parse_schedule(text) == Schedule(weekdays, at)

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("", "is no schedule"),
            ("10:00", "is no schedule"),
            ("Mon", "is no schedule"),
            ("0 10 * * 1", "is no schedule"),
            ("Mon 10:00 UTC", "is no schedule"),
            ("Monday 10:00", "`monday` is no day of the week"),
            ("Mon, 10:00", "`` is no day of the week"),
            ("Mon- 10:00", "`` is no day of the week"),
            ("Mon-Wed-Fri 10:00", "`wed-fri` is no day of the week"),
            ("Mon,daily 10:00", "`daily` is no day of the week"),
            ("Mon 24:00", "there is no time 24:00"),
            ("Mon 10:60", "there is no time 10:60"),
        ],
    )
    def test_anything_else_is_refused_with_an_example(self, text: str, told: str) -> None:
        """The message says what is wrong and what would be right."""
        with pytest.raises(ValueError, match="write for example `Mon 10:00`") as refused:
            parse_schedule(text)
        assert told in str(refused.value)

    @given(st.text(max_size=20) | st.from_regex(r"[A-Za-z,-]{1,9} [0-9]{1,2}:[0-9]{2}", fullmatch=True))
    def test_no_text_breaks_it(self, text: str) -> None:
        """Any text is a schedule, or is refused with an example."""
        try:
            parsed: object = parse_schedule(text)
        except ValueError as error:
            parsed = str(error)
        assert isinstance(parsed, Schedule) or "write for example" in str(parsed)


@pytest.mark.parametrize(
    ("text", "zone", "after", "slot"),
    [
        ("Mon 10:00", "America/Chicago", "2026-01-05T15:59", "2026-01-05T16:00"),
        ("Mon 10:00", "America/Chicago", "2026-01-05T16:00", "2026-01-12T16:00"),
        ("Mon 10:00", "America/Chicago", "2026-03-02T16:00", "2026-03-09T15:00"),  # summer began on the 8th
        ("daily 02:30", "America/New_York", "2026-03-07T12:00", "2026-03-08T07:00"),  # 02:30 is left out: 03:00 EDT
        ("daily 01:30", "America/New_York", "2026-10-31T12:00", "2026-11-01T05:30"),  # the first of two
        ("daily 01:30", "America/New_York", "2026-11-01T05:30", "2026-11-02T06:30"),  # and not the second
        ("daily 02:15", "Australia/Lord_Howe", "2026-10-03T12:00", "2026-10-03T15:30"),  # half an hour is left out
        ("daily 10:00", "Asia/Kathmandu", "2026-01-01T04:14", "2026-01-01T04:15"),
        ("Fri 12:00", APIA, "2011-12-24T00:00", "2011-12-30T10:00"),  # no Friday: at Saturday's beginning
        ("daily 00:00", APIA, "2011-12-29T12:00", "2011-12-30T10:00"),  # Friday's and Saturday's are one
        ("daily 00:00", APIA, "2011-12-30T10:00", "2011-12-31T10:00"),
    ],
)
def test_the_next_slot(text: str, zone: str, after: str, slot: str) -> None:
    """Local time, also where the clock changes: what is left out comes after the gap, what is doubled comes once."""
    assert parse_schedule(text).next_after(_utc(after), zone) == _utc(slot)


@given(schedules, zones, instants, st.integers(1, 40))
@example(Schedule((0, 1, 2, 3, 4, 5, 6), time(2, 30)), "America/New_York", _utc("2026-03-01"), 20)
@example(Schedule((0, 1, 2, 3, 4, 5, 6), time(1, 30)), "America/New_York", _utc("2026-10-25"), 20)
@example(Schedule((0, 1, 2, 3, 4, 5, 6), time(2, 0)), "Australia/Lord_Howe", _utc("2026-10-01"), 20)
@example(Schedule((0, 1, 2, 3, 4, 5, 6), time(0, 0)), "America/Santiago", _utc("2026-09-01"), 20)
def test_one_slot_per_local_day(schedule: Schedule, zone: str, after: datetime, days: int) -> None:
    """Strictly increasing, none lost, none doubled: each named local day within the time has exactly its slot."""
    until = after + days * DAY
    slots = schedule.between(after, until, zone)
    assert all(one < two for one, two in pairwise(slots))
    assert all(after < slot <= until for slot in slots)
    # The first and the last local day are there in part only: their slot may lie outside.
    first, last = after.astimezone(ZoneInfo(zone)).date() + DAY, until.astimezone(ZoneInfo(zone)).date() - DAY
    named = [day for day in _days(first, last) if day.weekday() in schedule.weekdays]
    came = [slot.astimezone(ZoneInfo(zone)).date() for slot in slots]
    assert [day for day in came if first <= day <= last] == named


@given(schedules, zones, instants)
def test_a_slot_shows_its_time_unless_the_clock_left_it_out(schedule: Schedule, zone: str, after: datetime) -> None:
    """The local clock shows the schedule's time, or has just jumped over it."""
    slot = schedule.next_after(after, zone)
    shown, before = (
        moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for moment in (slot, slot - timedelta(seconds=1))
    )
    wanted = datetime.combine(shown.date(), schedule.at)
    assert shown == wanted or before < wanted < shown


@given(schedules, zones | st.just(APIA), instants, st.lists(st.integers(0, 20 * 24 * 60), max_size=6))
def test_looking_often_finds_what_looking_once_finds(
    schedule: Schedule, zone: str, after: datetime, looks_at: list[int]
) -> None:
    """However the time is cut into looks, every slot is seen by exactly one of them."""
    cuts = sorted(after + timedelta(minutes=one) for one in [0, *looks_at, 20 * 24 * 60])
    looks = [schedule.between(one, two, zone) for one, two in pairwise(cuts)]
    assert [slot for look in looks for slot in look] == list(schedule.between(after, cuts[-1], zone))


def _days(first: date, last: date) -> list[date]:
    return [first + step * DAY for step in range((last - first).days + 1)]
