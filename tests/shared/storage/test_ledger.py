"""What every Ledger does, against a real Azurite."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.contracts.ledger import LedgerEntry
from shared.errors import PermanentError
from shared.lineage.ledger import GENESIS, check
from shared.storage.base import Ledger
from shared.storage.ledger import TableLedger
from shared.storage.tables import Change, Table, table_key

pytestmark = pytest.mark.stack


def _entry(key: str, **changes: Any) -> LedgerEntry:
    values: dict[str, Any] = {
        "model": "departures/JFK#1?",
        "effect": "ModelRegistered",
        "key": key,
        "at": datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
        "by": "train-departures-1",
        "reason": "it passed",
        "facts": {"mape": 0.1 + 0.2, "rows": 7, "gates": ["a", None, True]},
    }
    return LedgerEntry.model_validate(values | changes)


@pytest.fixture
def ledger(azurite: str, table: str) -> Ledger:
    """A ledger whose table does not exist yet."""
    return TableLedger(azurite, table)


def test_an_unknown_model_has_no_rows(ledger: Ledger) -> None:
    """Reading before anything was written is fine."""
    assert ledger.rows("m") == []


def test_appended_rows_make_a_chain_that_survives_storage(ledger: Ledger) -> None:
    """What is read back is what was returned, and its hashes hold."""
    written = [ledger.append(_entry(f"k{number}")) for number in range(12)]
    rows = ledger.rows("departures/JFK#1?")
    assert rows == written
    assert rows[0].previous == GENESIS
    assert check(rows) == []


def test_an_effect_key_is_appended_once(ledger: Ledger) -> None:
    """A repeated activity gets the row of the first time, whatever it says now."""
    first = ledger.append(_entry("release-1"))
    ledger.append(_entry("release-2"))
    assert ledger.append(_entry("release-1", reason="another attempt")) == first
    assert [row.entry.key for row in ledger.rows(first.entry.model)] == ["release-1", "release-2"]


def test_models_have_chains_of_their_own(ledger: Ledger) -> None:
    """Names that differ only in what a table key cannot hold are different models."""
    for model in ("a/b", "a_b", "a b", "A/b"):
        row = ledger.append(_entry("same key", model=model))
        assert row.sequence == 1
        assert [one.entry.model for one in ledger.rows(model)] == [model]


def test_eight_writers_leave_no_gap_and_no_double(ledger: Ledger) -> None:
    """48 appends of 24 effects at once: each effect once, in one unbroken chain, and both callers got its row."""
    entries = [_entry(f"k{number // 2}") for number in range(48)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ledger.append, entries))
    rows = ledger.rows(entries[0].model)
    assert check(rows) == []
    assert sorted(row.entry.key for row in rows) == sorted({entry.key for entry in entries})
    assert answers[0::2] == answers[1::2]


def test_large_facts_come_back_whole(ledger: Ledger) -> None:
    """An entry larger than a table's property is kept in pieces."""
    row = ledger.append(_entry("large", facts={"text": "ü😀x" * 20_000}))
    assert ledger.rows(row.entry.model) == [row]


def test_facts_that_no_table_row_holds_are_refused(ledger: Ledger) -> None:
    """The limit is named before the service is asked."""
    with pytest.raises(PermanentError, match="keep data in blobs") as caught:
        ledger.append(_entry("huge", facts={"text": "x" * 500_000}))
    assert caught.value.code == "RowTooLarge"


def test_a_row_changed_behind_the_ledgers_back_is_found(ledger: Ledger, azurite: str, table: str) -> None:
    """Whoever edits the table directly cannot hide it from the check."""
    for number in range(3):
        ledger.append(_entry(f"k{number}"))
    model = _entry("k0").model
    raw, partition = Table(azurite, table), table_key(_entry("k0").model)
    row = raw.get(partition, "000000000002")
    assert row is not None
    forged = {name: str(value).replace("it passed", "it failed") for name, value in row.columns.items()}
    assert raw.change(partition, [Change(row.key, dict(forged), etag=row.etag)])
    assert check(ledger.rows(model)) == ["altered: the content of row 2 does not match its hash"]
