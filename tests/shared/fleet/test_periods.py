"""Periods hold for the whole calendar: every day belongs to one value of each, and values read back as their days."""

import re
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.fleet.periods import (
    PERIOD_EXAMPLES,
    PERIOD_FORMS,
    Period,
    is_shorter,
    period_label,
    period_of,
    read_period,
    value_of,
    values_overlapping,
    values_required,
)

LABELS = st.sampled_from(sorted(PERIOD_FORMS))
DAYS = st.dates(date(1900, 1, 1), date(2199, 12, 31))
DAY = timedelta(days=1)


@given(LABELS, DAYS)
def test_every_day_belongs_to_one_value(label: str, day: date) -> None:
    """The value of a day has that day among its days, and so has none of its neighbours."""
    value = value_of(label, day)
    period = read_period(label, value)
    assert re.fullmatch(PERIOD_FORMS[label], value)
    assert period.first <= day <= period.last
    assert value_of(label, period.first - DAY) != value != value_of(label, period.last + DAY)


@given(LABELS, DAYS, st.integers(0, 500))
def test_the_values_of_some_days_are_each_named_once_in_order(label: str, first: date, length: int) -> None:
    """As if each day were asked."""
    period = Period(first, first + length * DAY)
    asked = [value_of(label, first + number * DAY) for number in range(length + 1)]
    assert list(values_overlapping(label, period)) == list(dict.fromkeys(asked))


@given(LABELS, LABELS, DAYS)
def test_what_a_period_needs_lies_in_it_or_around_it(label: str, of: str, day: date) -> None:
    """Never nothing, and nothing that has no day in common with it; what it needs and lies in it is all that does."""
    period = read_period(of, value_of(of, day))
    required = [read_period(label, value) for value in values_required(label, period)]
    assert required
    assert all(one.overlaps(period) for one in required)
    assert all(period.holds(one) for one in required) or all(not period.holds(one) for one in required)


def test_a_year_needs_its_twelve_months_and_a_month_its_year() -> None:
    """A week over the end of the year is needed by neither year, and a week needs both months that it lies in."""
    year = read_period("year", "2013")
    assert values_required("month", year) == tuple(f"2013-{month:02}" for month in range(1, 13))
    assert values_required("year", read_period("month", "2013-06")) == ("2013",)
    assert values_required("week", year)[0] == "2013-W02"
    assert values_required("month", read_period("week", "2013-W27")) == ("2013-07",)
    assert values_required("month", read_period("week", "2013-W31")) == ("2013-07", "2013-08")


@pytest.mark.parametrize(
    ("label", "value", "first", "last"),
    [
        ("date", "2012-02-29", date(2012, 2, 29), date(2012, 2, 29)),
        ("week", "2013-W01", date(2012, 12, 31), date(2013, 1, 6)),
        ("week", "2015-W53", date(2015, 12, 28), date(2016, 1, 3)),
        ("month", "2012-02", date(2012, 2, 1), date(2012, 2, 29)),
        ("month", "9999-11", date(9999, 11, 1), date(9999, 11, 30)),
        ("year", "2013", date(2013, 1, 1), date(2013, 12, 31)),
    ],
)
def test_a_value_is_its_days(label: str, value: str, first: date, last: date) -> None:
    """Weeks are those of ISO 8601: from Monday on, and of the year that has their Thursday."""
    assert read_period(label, value) == Period(first, last)


@pytest.mark.parametrize(
    ("label", "value"),
    [
        ("date", "2013-02-29"), ("date", "2013-1-1"), ("date", "20130101"), ("week", "2013-W53"), ("week", "2013-W00"),
        ("week", "2013W01"), ("week", "9999-W53"), ("month", "2013-13"), ("month", "2013-00"), ("month", "2013"),
        ("year", "0000"), ("year", "9999"), ("year", "13"), ("year", "2013\n"), ("year", "٢٠١٣"),
    ],
)  # fmt: skip
def test_what_is_not_in_the_calendar_is_no_value(label: str, value: str) -> None:
    """Whoever reads it is told, and never gets another day instead."""
    with pytest.raises(ValueError, match="is no "):
        read_period(label, value)


def test_a_cell_has_the_days_of_its_period() -> None:
    """Whatever its other labels are; without a period it has none."""
    assert period_label(["origin", "month"]) == "month"
    assert period_of({"origin": "JFK", "month": "2013-06"}) == Period(date(2013, 6, 1), date(2013, 6, 30))
    assert period_of({"origin": "JFK"}) is None
    assert [is_shorter("week", other) for other in ("date", "week", "month")] == [False, True, True]
    assert all(re.fullmatch(PERIOD_FORMS[label], value) for label, value in PERIOD_EXAMPLES.items())
