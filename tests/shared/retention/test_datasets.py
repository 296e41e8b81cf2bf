"""Of dataset versions the newest of each cell and what models were trained on stay; of files what a version needs."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.conditioning import BlobArrival
from shared.retention.datasets import StoredVersion, expired_datasets, expired_files

NOW = datetime(2026, 11, 20, 3, 30, tzinfo=UTC)
DAYS = {"departures": 365, "weekly": 30}


def _stored(version: str, age: int, cell: dict[str, str] | None = None, dataset: str = "departures") -> StoredVersion:
    folder = f"datasets/{dataset}/{version}/"
    return StoredVersion(dataset=dataset, version=version, folder=folder, at=NOW - timedelta(days=age), cell=cell)


def _file(path: str, age: int) -> BlobArrival:
    return BlobArrival(container="data", path=path, etag="1", size=1, at=NOW - timedelta(days=age))


VERSIONS = st.lists(
    st.builds(
        _stored,
        st.integers(0, 30).map("v{}".format),
        st.integers(0, 900),
        st.none() | st.fixed_dictionaries({"origin": st.sampled_from(["JFK", "LGA"])}),
        st.sampled_from(["departures", "weekly"]),
    ),
    unique_by=lambda one: one.version,
    max_size=12,
)
TRAINED = st.sets(st.integers(0, 30).map("v{}".format))


def _gone(
    versions: list[StoredVersion], trained: set[str], now: datetime = NOW, retired: tuple[str, ...] = ()
) -> set[str]:
    return {one.name for one in expired_datasets(versions, now, DAYS, trained, retired)}


def test_the_older_version_of_a_cell_goes() -> None:
    """Both are too old; the newest stays, since it may be trained on again."""
    versions = [_stored("v1", 800, {"origin": "JFK"}), _stored("v2", 700, {"origin": "JFK"})]
    assert _gone(versions, set()) == {"datasets/departures/v1/"}
    assert _gone(versions, {"v1"}) == set()


def test_the_newest_of_a_retired_dataset_goes() -> None:
    """Nobody will train on it again; what a model was trained on stays nevertheless."""
    versions = [_stored("v1", 800, {"origin": "JFK"}), _stored("v2", 700, {"origin": "LGA"})]
    assert _gone(versions, {"v2"}, retired=("departures",)) == {"datasets/departures/v1/"}


def test_a_folder_without_a_manifest_is_no_version() -> None:
    """What a broken publication or a broken deletion has left goes when it is old, and not before."""
    assert _gone([_stored("v1", 366), _stored("v2", 364)], set()) == {"datasets/departures/v1/"}


@given(VERSIONS, TRAINED)
def test_what_is_needed_never_goes(versions: list[StoredVersion], trained: set[str]) -> None:
    """Neither what models were trained on, nor the newest of a cell, nor what is young."""
    gone = _gone(versions, trained)
    for one in versions:
        rivals = [o for o in versions if o.cell is not None and (o.dataset, o.cell) == (one.dataset, one.cell)]
        newest = one.cell is not None and one.at > max(
            (o.at for o in rivals if o is not one), default=one.at.min.replace(tzinfo=UTC)
        )
        if one.version in trained or newest or NOW - one.at <= timedelta(days=DAYS[one.dataset]):
            assert one.folder not in gone


@given(VERSIONS, TRAINED)
def test_every_cell_keeps_a_version(versions: list[StoredVersion], trained: set[str]) -> None:
    """Also when two were written at the same moment."""
    gone = _gone(versions, trained)
    cells = {(one.dataset, str(one.cell)) for one in versions if one.cell is not None}
    assert cells == {
        (one.dataset, str(one.cell)) for one in versions if one.cell is not None and one.folder not in gone
    }


@given(VERSIONS, TRAINED, st.integers(1, 900))
def test_age_only_adds(versions: list[StoredVersion], trained: set[str], later: int) -> None:
    """What has expired today has expired on every later day."""
    assert _gone(versions, trained) <= _gone(versions, trained, NOW + timedelta(days=later))


@given(VERSIONS, TRAINED)
def test_once_is_enough(versions: list[StoredVersion], trained: set[str]) -> None:
    """When what expired is gone, nothing more has expired."""
    gone = _gone(versions, trained)
    assert not _gone([one for one in versions if one.folder not in gone], trained)


@given(st.lists(st.tuples(st.sampled_from(["flights", "holidays"]), st.integers(0, 200)), max_size=8), st.data())
def test_files_go_by_age_unless_a_version_needs_them(files: list[tuple[str, int]], data: st.DataObject) -> None:
    """Each source has its own age; what is exactly as old as that stays."""
    listed = [_file(f"conditioned/{source}/{number}.csv", age) for number, (source, age) in enumerate(files)]
    needed = {file.path for file in listed if data.draw(st.booleans())}
    days = {"flights": 90, "holidays": 10}
    gone = {one.name for one in expired_files("conditioned", listed, NOW, days, needed)}
    expected = {
        f"conditioned/{source}/{number}.csv" for number, (source, age) in enumerate(files) if age > days[source]
    }
    assert gone == expected - needed
