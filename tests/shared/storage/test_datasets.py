"""What every DatasetIndex does, against a real Azurite."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest

from shared.contracts.datasets import DatasetRef, IndexedDataset
from shared.storage.base import DatasetIndex
from shared.storage.datasets import TableDatasetIndex

pytestmark = pytest.mark.stack

_AT = datetime(2026, 1, 2, tzinfo=UTC)
JFK, LGA = {"origin": "JFK"}, {"origin": "LGA"}


def _entry(
    version: str, labels: dict[str, str], ends: date | None, minute: int = 0, fleet: str = "f"
) -> IndexedDataset:
    cell = {**labels, "day": ends.isoformat()} if ends else labels
    ref = DatasetRef(
        dataset="departures", version=version, cell=cell, path=f"datasets/{version}/", rows=9, rejected=0, ends=ends
    )
    return IndexedDataset(fleet=fleet, dataset=ref, at=_AT + timedelta(minutes=minute))


def _newest(index: DatasetIndex, labels: dict[str, str], ends_by: date | None = None) -> str | None:
    found = index.newest("f", "departures", labels, ends_by)
    return found.version if found else None


@pytest.fixture
def index(azurite: str, table: str) -> DatasetIndex:
    """An index whose table does not exist yet."""
    return TableDatasetIndex(azurite, table)


def test_an_empty_index_knows_nothing(index: DatasetIndex) -> None:
    """Asking before anything was published is fine."""
    assert index.get("f", "departures", "v") is None
    assert _newest(index, JFK) is None
    assert index.cells("f", "departures").entries == ()
    index.forget(_entry("v", JFK, None))


def test_the_newest_is_that_of_the_newest_period_whatever_came_last(index: DatasetIndex) -> None:
    """A late file of an old month does not hide the present month, nor does another airport."""
    index.put(_entry("may", JFK, date(2013, 5, 31), minute=5))
    index.put(_entry("june", JFK, date(2013, 6, 30), minute=1))
    index.put(_entry("april", JFK, date(2013, 4, 30), minute=9))
    index.put(_entry("july", LGA, date(2013, 7, 31), minute=2))
    assert _newest(index, {**JFK, "format": "mainline"}) == "june"
    assert _newest(index, JFK, date(2013, 6, 29)) == "may"
    assert _newest(index, JFK, date(2013, 6, 30)) == "june"
    assert _newest(index, JFK, date(2013, 1, 1)) is None
    assert _newest(index, {}) == "july"
    assert _newest(index, {"origin": "EWR"}) is None


def test_a_corrected_file_makes_another_version_the_present_one(index: DatasetIndex) -> None:
    """And the version before stays listed; taking the correction back makes the first one present again."""
    first, second = (_entry(version, JFK, date(2013, 5, 31), minute) for minute, version in enumerate("ab"))
    index.put(first)
    index.put(second)
    index.put(first)  # delivered again
    assert _newest(index, JFK) == "b"
    assert index.get("f", "departures", "a") == first
    index.put(first.model_copy(update={"at": _AT + timedelta(hours=1)}))
    assert _newest(index, JFK) == "a"
    assert [entry.dataset.version for entry in index.versions("f", "departures").entries] == ["a", "b"]
    assert len(index.cells("f", "departures").entries) == 1


def test_without_periods_the_version_that_came_last_is_the_newest(index: DatasetIndex) -> None:
    """Of several cells that agree with the labels."""
    index.put(_entry("one", {**JFK, "part": "a"}, None, minute=3))
    index.put(_entry("two", {**JFK, "part": "b"}, None, minute=2))
    assert _newest(index, JFK) == "one"


def test_whoever_writes_at_once_each_version_is_there_once(index: DatasetIndex) -> None:
    """Two arrivals that publish the same version at the same moment enter it once, and the latest is present."""
    entries = [_entry(f"v{minute:02}", JFK, date(2013, 5, 31), minute) for minute in range(6)] * 2
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(index.put, entries))
    assert _newest(index, JFK) == "v05"
    assert [entry.dataset.version for entry in index.versions("f", "departures").entries] == sorted(
        {entry.dataset.version for entry in entries}
    )


def test_pages_lead_through_all_cells_newest_first(index: DatasetIndex) -> None:
    """A page says where the next one begins; a fleet and a dataset of another name are apart."""
    days = [date(2013, 1, 1) + timedelta(days=number) for number in range(7)]
    for day in days:
        index.put(_entry(day.isoformat(), JFK, day))
    index.put(_entry("other", JFK, days[0], fleet="g"))
    seen: list[date | None] = []
    after: str | None = None
    while True:
        page = index.cells("f", "departures", after, limit=3)
        assert len(page.entries) <= 3
        seen += [entry.dataset.ends for entry in page.entries]
        after = page.next
        if after is None:
            break
    assert seen == days[::-1]


def test_a_version_that_serves_as_the_present_one_is_not_forgotten(index: DatasetIndex) -> None:
    """Only what another version has taken the place of can be removed."""
    first, second = (_entry(version, JFK, date(2013, 5, 31), minute) for minute, version in enumerate("ab"))
    index.put(first)
    index.put(second)
    index.forget(first)
    index.forget(first)
    index.forget(second)
    assert [entry.dataset.version for entry in index.versions("f", "departures").entries] == ["b"]


def test_of_a_dataset_that_is_given_up_the_present_one_is_forgotten_too(index: DatasetIndex) -> None:
    """The cell has no version afterwards, twice is once, and a version that comes later is the present one again."""
    first, second = (_entry(version, JFK, date(2013, 5, 31), minute) for minute, version in enumerate("ab"))
    index.put(first)
    for _ in range(2):
        index.forget(first, present=True)
    assert index.newest("f", "departures", JFK) is None
    assert index.versions("f", "departures").entries == ()
    index.put(second)
    index.forget(first, present=True)
    assert index.newest("f", "departures", JFK) == second.dataset
