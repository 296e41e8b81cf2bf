"""What every ReadModel does, against a real Azurite."""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from shared.contracts.read_model import DecisionNote, ModelRow
from shared.storage.base import ReadModel
from shared.storage.read_model import TableReadModel
from shared.storage.tables import Change, Row, Table, packed, table_key

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


def test_a_later_life_replaces_an_earlier_one(read_model: ReadModel) -> None:
    """A model whose entity was lost counts its revisions anew; what was on its way from before comes too late."""
    assert read_model.put(_row(40))
    assert read_model.put(_row(1, born=_AT))
    assert not read_model.put(_row(41))
    assert read_model.put(_row(1, born=_AT + timedelta(days=1)))
    assert not read_model.put(_row(90, born=_AT))
    assert read_model.put(_row(2, born=_AT + timedelta(days=1)))
    assert read_model.get("departures/JFK ü") == _row(2, born=_AT + timedelta(days=1))


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


def test_briefs_are_the_rows_without_their_past(read_model: ReadModel) -> None:
    """By name, and as the newest revision has them."""
    note = DecisionNote(at=_AT, event="e", decision="d", reason="r")
    figures = {"model": {"mape": 0.2, "rmse": 3.0}}
    rows = [_row(1, model=name, decisions=(note,), gates=("g",), figures=figures) for name in ("b", "a/ü")]
    for row in (*rows, rows[0].model_copy(update={"revision": 2, "state": "released"})):
        assert read_model.put(row)
    found = read_model.briefs()
    assert [(row.model, row.revision, row.state) for row in found] == [("a/ü", 1, "training"), ("b", 2, "released")]
    assert found[0] == rows[1].brief()
    assert (found[0].decisions, found[0].gates, found[0].figures) == ((), (), {"model": {"mape": 0.2}})


def test_a_row_of_before_there_were_briefs_is_read_as_a_whole(azurite: str, table: str) -> None:
    """Also one whose brief does not fit into the columns that are read."""
    read_model = TableReadModel(azurite, table)
    large = _row(1, model="large", ledger_findings=["ü" * 9_000] * 2)
    assert read_model.put(large)
    old = _row(1, model="old")
    columns = {**packed(old), "revision": f"{old.revision:020}"}
    assert Table(azurite, table).change("model", [Change(table_key(old.model), columns)])
    assert read_model.briefs() == [large.brief(), old.brief()]


def test_many_rows_without_a_brief_are_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """After an update of the app a thousand have none, and a read for each would take longer than a page waits."""
    whole = [_row(1, model=f"m{number}") for number in range(20)]
    asked: list[object] = []

    def between(*_: object, columns: object = None) -> list[Row]:
        asked.append(columns)
        return [Row(one.model, {} if columns else packed(one), "") for one in whole]

    read_model = TableReadModel("UseDevelopmentStorage=true")
    monkeypatch.setattr(read_model, "_table", SimpleNamespace(between=between))
    assert {one.model for one in read_model.briefs()} == {one.model for one in whole}
    assert len(asked) == 2
