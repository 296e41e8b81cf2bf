"""Rules of a version: what is broken is said with what was required and what was got."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.conditioning.quality import Reference, fresh_fault, rejected_fault, rows_fault
from shared.conditioning.recipe.rules import Fresh
from shared.errors import PermanentError

CELL = {"region": "ohio"}


@given(st.integers(1, 10_000), st.data())
def test_a_share_of_rejected_rows_at_the_bound_still_passes(rows: int, data: st.DataObject) -> None:
    """And without a bound every share does."""
    rejected = data.draw(st.integers(0, rows))
    assert rejected_fault(rejected / rows + 1e-9, rows, rejected) is None
    assert rejected_fault(None, rows, rejected) is None
    if rejected:
        assert rejected_fault(rejected / rows - 1e-9, rows, rejected) is not None


def test_rejected_rows_are_told_with_their_bound() -> None:
    """As shares, and as numbers."""
    assert (
        rejected_fault(0.01, 1000, 32)
        == "max_rejected requires at most 1% of the rows in quarantine, got 3.2% (32 of 1000)"
    )


@pytest.mark.parametrize(("rows", "broken"), [(79, True), (80, False), (120, False), (121, True)])
def test_rows_may_be_so_far_from_the_last_version(rows: int, broken: bool) -> None:
    """In both directions; a first version has nothing to be compared with."""
    assert (rows_fault(0.2, rows, 100, "v") is not None) is broken
    assert rows_fault(0.2, rows, None, "") is None
    assert rows_fault(None, rows, 100, "v") is None


def test_required_rows_are_struck_out_over_several_files() -> None:
    """By all columns of the reference that are no labels of the cell, in whatever order the data has them."""
    reference = Reference(b"\xef\xbb\xbfregion,store,kind\nohio,1,a\nohio,2,b\nflorida,3,c\n", "stores.csv", CELL)
    assert reference.columns == ("store", "kind")
    assert reference.fits(["kind", "day", "store"])
    assert not reference.fits(["store"])
    reference.see(b"kind,day,store\nb,2013,1\na,2013,1\n")
    assert reference.fault == "complete requires every row of stores.csv, got none of store=2; kind=b"
    reference.see(b'kind,day,store\n"b","x\ny",2\n')
    assert reference.fault is None


def test_many_missing_rows_are_counted() -> None:
    """Three are named."""
    reference = Reference(b"store\n1\n2\n3\n4\n5\n5\n", "stores.csv", CELL)
    assert (
        reference.fault == "complete requires every row of stores.csv, got none of store=1, store=2, store=3 and 2 more"
    )


@pytest.mark.parametrize("content", [b"", b"store\n", b"region\nohio\n", b"\xff", b'store\n"1'])
def test_a_reference_that_requires_nothing_is_refused(content: bytes) -> None:
    """Nobody writes the rule to have it pass always."""
    with pytest.raises(PermanentError, match=r"stores\.csv"):
        Reference(content, "stores.csv", CELL)


NEW_YORK = "America/New_York"
NOON = datetime(2013, 11, 10, 17, tzinfo=UTC)  # noon in New York


@pytest.mark.parametrize(
    ("newest", "within", "told"),
    [
        (date(2013, 11, 10), "1m", None),  # the day goes on
        (date(2013, 11, 11), "1m", None),
        (date.max, "1m", None),
        (date(2013, 11, 9), "12h", None),  # it ended at midnight in New York
        (date(2013, 11, 9), "719m", "got 2013-11-09, 12 h before 2013-11-10 17:00 UTC"),
        (date(2013, 11, 1), "204h", "got 2013-11-01, 8 d 13 h before"),  # the night of the 3rd had an hour more
        (date(2013, 11, 1), "205h", None),
        (datetime(2013, 11, 10, 15, 30, tzinfo=UTC), "90m", None),
        (datetime(2013, 11, 10, 15, 29, 59, tzinfo=UTC), "90m", "got 2013-11-10T15:29:59Z, 1 h 30 m before"),
        (datetime(2199, 1, 1, tzinfo=UTC), "1m", None),
        (None, "10d", "got no value"),
        ("2013", "10d", "got '2013', which is neither a date nor a time"),
    ],
)
def test_the_newest_value_may_be_so_old(newest: object, within: str, told: str | None) -> None:
    """A day counts from its end where the fleet is at home, a time from itself; what is to come is not old."""
    fault = fresh_fault("fresh: day", Fresh(column="day", within=within), newest, NOON, NEW_YORK)
    assert (fault is None) is (told is None)
    if fault is not None and told is not None:
        assert fault.startswith(f"fresh: day requires a newest day of at most {within} ago, {told}")


@given(
    st.integers(0, 600_000).map(lambda minutes: NOON - timedelta(minutes=minutes)),
    st.integers(0, 10_000),
    st.integers(1, 400),
)
def test_an_older_value_is_never_fresher(at: datetime, minutes: int, hours: int) -> None:
    """And a day, which counts from its end, is never older than a time on it."""
    newest = at - timedelta(minutes=minutes)
    rule, older = Fresh(column="day", within=f"{hours}h"), newest - timedelta(hours=1)

    def fresh(value: object) -> bool:
        return fresh_fault("fresh", rule, value, at, NEW_YORK) is None

    assert fresh(newest) or not fresh(older)
    assert fresh(newest) is (minutes <= hours * 60)
    assert fresh(newest.astimezone(ZoneInfo(NEW_YORK)).date()) or not fresh(newest)
