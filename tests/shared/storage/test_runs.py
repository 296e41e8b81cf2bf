"""What every Runs does: the real one against a real Azurite, and the one in memory that other tests use."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from shared.contracts.fleet_runs import CellState, RunCells, RunPlan, RunRow
from shared.errors import PermanentError
from shared.fleet_runs.places import digest_path, run_folder
from shared.storage.base import Runs
from shared.storage.blobs import AzureBlobStore
from shared.storage.runs import StoredRuns
from tests.functions.fleet_in_memory import MemoryRuns

_AT = datetime(2026, 1, 2, 9, tzinfo=UTC)


def _row(run: str = "run-1", minutes: int = 0, *, ended: bool = False, started: int = 0) -> RunRow:
    updated = _AT + timedelta(minutes=minutes)
    return RunRow(
        run=run, fleet="demo", operation="train", select={"origin": ("JFK", "LGA")}, requested_by="test",
        request_id="r", fail_on="any", state="done" if ended else "running", reason=f"after {minutes}",
        counts={"passed": 1}, started_at=_AT + timedelta(minutes=started), updated_at=updated,
        ended_at=updated if ended else None,
    )  # fmt: skip


def _cells(outcome: str) -> RunCells:
    state = {"name": "ü", "labels": {}, "dataset": "d", "outcome": outcome}
    return RunCells(cells=(CellState.model_validate(state),))


@pytest.fixture(params=["memory", pytest.param("stored", marks=pytest.mark.stack)])
def runs(request: pytest.FixtureRequest) -> Runs:
    """Runs of which there are none yet."""
    if request.param == "memory":
        return MemoryRuns()
    ask: Callable[[str], str] = request.getfixturevalue
    storage = ask("azurite")
    return StoredRuns(storage, AzureBlobStore(storage, ask("container")), ask("table"))


def test_an_unknown_run_is_not_there(runs: Runs) -> None:
    """Reading before anything was written is fine."""
    assert runs.get("run-1") is None
    assert runs.recent() == []
    assert runs.read("runs/demo/run-1/plan.json", RunPlan) is None


def test_a_row_that_has_ended_stays(runs: Runs) -> None:
    """A look that is repeated late does not bring a run back to life, nor does an older one turn it back."""
    assert runs.put(_row(minutes=5))
    assert not runs.put(_row(minutes=4))
    assert runs.put(_row(minutes=5))
    assert runs.put(_row(minutes=6, ended=True))
    assert not runs.put(_row(minutes=7))
    assert not runs.put(_row(minutes=7, ended=True))
    assert runs.get("run-1") == _row(minutes=6, ended=True)


def test_a_moment_is_the_same_in_every_zone_and_precision(runs: Runs) -> None:
    """Rows are compared by time, not by how it is written."""
    later = _row().model_copy(update={"updated_at": _AT + timedelta(microseconds=1), "reason": "later"})
    assert runs.put(later)
    assert not runs.put(_row())


def test_the_newest_come_first(runs: Runs) -> None:
    """By when they began, as many as are wanted."""
    for number in (2, 1, 3):
        runs.put(_row(f"run-{number}", started=number))
    assert [row.run for row in runs.recent()] == ["run-3", "run-2", "run-1"]
    assert [row.run for row in runs.recent(limit=1)] == ["run-3"]


def test_what_is_kept_once_is_what_came_first(runs: Runs) -> None:
    """Who comes second is given the first one's document."""
    assert runs.keep("runs/a.json", _cells("passed")) == _cells("passed")
    assert runs.keep("runs/a.json", _cells("failed")) == _cells("passed")
    assert runs.read("runs/a.json", RunCells) == _cells("passed")


def test_what_is_replaced_is_what_came_last(runs: Runs) -> None:
    """As a whole."""
    runs.replace("runs/b.json", _cells("asked"))
    runs.replace("runs/b.json", _cells("passed"))
    assert runs.read("runs/b.json", RunCells) == _cells("passed")


def test_what_is_forgotten_is_gone(runs: Runs) -> None:
    """The row and every document of its folder, once or twice; other runs stay."""
    for run in ("run-1", "run-11"):
        runs.put(_row(run, ended=True))
        runs.replace(digest_path("demo", run), _cells("passed"))
    for _ in range(2):
        runs.forget("run-1", run_folder("demo", "run-1"))
    assert [row.run for row in runs.recent()] == ["run-11"]
    assert runs.read(digest_path("demo", "run-1"), RunCells) is None
    assert runs.read(digest_path("demo", "run-11"), RunCells) == _cells("passed")


@pytest.mark.stack
def test_a_document_of_somebody_else_is_refused_by_name(azurite: str, container: str, table: str) -> None:
    """The message says which, so that a person can look."""
    blobs = AzureBlobStore(azurite, container)
    blobs.write("runs/c.json", b"[1]")
    with pytest.raises(PermanentError, match=r"runs/c\.json is no RunCells"):
        StoredRuns(azurite, blobs, table).read("runs/c.json", RunCells)
