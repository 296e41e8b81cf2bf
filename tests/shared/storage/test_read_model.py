"""What every ReadModel does, against a real Azurite."""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.contracts.read_model import DecisionNote, ModelRow
from shared.storage.base import ReadModel
from shared.storage.read_model import TableReadModel
from shared.storage.tables import Row, Table

pytestmark = pytest.mark.stack

_AT = datetime(2026, 1, 2, tzinfo=UTC)


def _row(revision: int, **changes: Any) -> ModelRow:
    values: dict[str, Any] = {
        "fleet": "flights",
        "model": "departures/JFK ü",
        "labels": {"origin": "JFK"},
        "revision": revision,
        "state": "training",
        "reason": f"revision {revision}",
        "updated_at": _AT,
    }
    return ModelRow.model_validate(values | changes)


@pytest.fixture
def read_model(azurite: str, table: str) -> ReadModel:
    """A read model whose table does not exist yet."""
    return TableReadModel(azurite, table)


def test_an_unknown_model_has_no_row(read_model: ReadModel) -> None:
    """Reading before anything was written is fine."""
    assert read_model.get("m") is None
    assert read_model.all() == []


def test_a_row_never_goes_back(read_model: ReadModel) -> None:
    """Revisions that arrive out of order, or again, are refused."""
    assert read_model.put(_row(2))
    assert not read_model.put(_row(1))
    assert not read_model.put(_row(2, reason="again"))
    assert read_model.put(_row(10))
    assert read_model.get("departures/JFK ü") == _row(10)


def test_whoever_writes_at_once_the_newest_revision_stays(read_model: ReadModel) -> None:
    """The guard is the service's, not a read before a write."""
    revisions = list(range(1, 25))
    random.Random(7).shuffle(revisions)
    with ThreadPoolExecutor(8) as pool:
        written = list(pool.map(lambda revision: read_model.put(_row(revision)), revisions))
    assert written[revisions.index(24)]
    assert read_model.get("departures/JFK ü") == _row(24)


def test_a_newer_row_that_comes_between_reading_and_writing_stays(
    read_model: ReadModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The older writer finds out at its write, reads again, and gives up."""
    read_model.put(_row(1))
    reads: list[int] = []
    read = Table.get

    def get(table: Table, partition: str, key: str) -> Row | None:
        found = read(table, partition, key)
        reads.append(len(reads))
        if len(reads) == 1:
            assert read_model.put(_row(3))  # its own read is the second
        return found

    monkeypatch.setattr(Table, "get", get)
    assert not read_model.put(_row(2))
    monkeypatch.undo()
    assert len(reads) == 3
    assert read_model.get("departures/JFK ü") == _row(3)


def test_all_models_come_by_name(read_model: ReadModel) -> None:
    """One row each, of any Unicode name."""
    for name in ("b", "ä", "a/b", "a", "B"):
        read_model.put(_row(1, model=name))
    assert [row.model for row in read_model.all()] == ["B", "a", "a/b", "b", "ä"]


def test_a_row_larger_than_a_property_comes_back_whole(read_model: ReadModel) -> None:
    """It is kept in pieces; a later, shorter one leaves nothing behind."""
    notes = tuple(DecisionNote(at=_AT, event="e", decision="d", reason="ü😀" * 500) for _ in range(20))
    large = _row(1, decisions=notes)
    assert read_model.put(large)
    assert read_model.get(large.model) == large
    assert read_model.put(_row(2))
    assert read_model.get(large.model) == _row(2)
