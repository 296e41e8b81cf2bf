"""What every Ledger does, against a real Azurite."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.contracts.ledger import LedgerEntry, LedgerRow
from shared.errors import PermanentError, TransientError
from shared.lineage.ledger import GENESIS, KnownHead, check, check_stored, head_of, mark
from shared.storage.base import Ledger
from shared.storage.ledger import TableLedger
from shared.storage.tables import Change, Table, table_key

pytestmark = pytest.mark.stack

_MODEL = "departures/JFK#1?"


def _entry(key: str, **changes: Any) -> LedgerEntry:
    values: dict[str, Any] = {
        "model": _MODEL,
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


def _edit(azurite: str, table: str, key: str, change: Callable[[dict[str, str]], dict[str, str]]) -> None:
    """Change one row of the model's partition as somebody with the account's key could."""
    raw, partition = Table(azurite, table), table_key(_MODEL)
    row = raw.get(partition, key)
    assert row is not None
    columns = change({name: str(value) for name, value in row.columns.items()})
    assert raw.change(partition, [Change(key, dict(columns), etag=row.etag)])


def _filled(ledger: Ledger, count: int = 3) -> list[LedgerRow]:
    return [ledger.append(_entry(f"k{number}")) for number in range(count)]


def test_a_chain_comes_with_what_is_kept_beside_it(ledger: Ledger) -> None:
    """Rows, head and marks of one moment; and a model that is not known has nothing."""
    rows = _filled(ledger)
    chain = ledger.chain(_MODEL)
    assert (chain.rows, chain.head, sorted(chain.marks.values()), chain.problems) == (rows, rows[-1], [1, 2, 3], [])
    assert check_stored(chain) == []
    assert check_stored(ledger.chain("nobody")) == []
    assert (ledger.head(_MODEL), ledger.hash_at(_MODEL, 2)) == (head_of(rows[-1]), rows[1].hash)
    assert (ledger.head("nobody"), ledger.hash_at(_MODEL, 9)) == (None, None)


def test_a_chain_is_of_one_moment_while_others_append(ledger: Ledger) -> None:
    """A check beside writers finds nothing."""
    with ThreadPoolExecutor(2) as pool:
        written = [pool.submit(ledger.append, _entry(f"k{number}")) for number in range(20)]
        while not all(one.done() for one in written):
            try:
                assert check_stored(ledger.chain(_MODEL)) == []
            except TransientError:
                continue
    assert check_stored(ledger.chain(_MODEL)) == []


def test_rows_that_changed_places_are_found(ledger: Ledger, azurite: str, table: str) -> None:
    """Each is whole, and stored where the other one was."""
    _filled(ledger)
    raw, partition = Table(azurite, table), table_key(_MODEL)
    first, second = raw.get(partition, "000000000001"), raw.get(partition, "000000000002")
    assert first is not None
    assert second is not None
    changes = [
        Change(first.key, second.columns, etag=first.etag),
        Change(second.key, first.columns, etag=second.etag),
    ]
    assert raw.change(partition, changes)
    findings = check_stored(ledger.chain(_MODEL))
    assert "moved: row 2 is stored as 000000000001" in findings
    assert "reordered: row 1 comes after row 2" in findings


def test_a_row_that_cannot_be_read_is_found(ledger: Ledger, azurite: str, table: str) -> None:
    """The check tells of it and of what else is wrong, where reading the rows alone would fail."""
    _filled(ledger)
    _edit(azurite, table, "000000000002", lambda _: {"json00": "{"})
    findings = check_stored(ledger.chain(_MODEL))
    assert findings[0].startswith("altered: row 000000000002 of the table cannot be read")
    assert "gap: row 2 is missing" in findings
    assert ledger.hash_at(_MODEL, 2) is None


def test_a_removed_row_is_found(ledger: Ledger, azurite: str, table: str) -> None:
    """Any of them; the last one by the ledger's own head and by the mark of its effect."""
    _filled(ledger)
    Table(azurite, table).remove(table_key(_MODEL), "000000000003")
    assert check_stored(ledger.chain(_MODEL)) == [
        "cut: the ledger's own head knows row 3, and the chain ends at row 2",
        "altered: an effect is marked as row 3, and no such row has it",
    ]


def test_a_careful_cut_is_found_by_an_anchor_alone(ledger: Ledger, azurite: str, table: str) -> None:
    """Row, mark and head are as they were before the last append: nothing in the table tells."""
    rows = _filled(ledger)
    raw, partition = Table(azurite, table), table_key(_MODEL)
    before = raw.get(partition, "000000000002")
    assert before is not None
    _edit(azurite, table, "head", lambda _: {name: str(value) for name, value in before.columns.items()})
    raw.remove(partition, "000000000003")
    raw.remove(partition, f"key:{mark('k2')}")
    assert check_stored(ledger.chain(_MODEL)) == []
    known = [KnownHead(head_of(rows[-1]), "the anchor")]
    assert check_stored(ledger.chain(_MODEL), known) == ["cut: the anchor knows row 3, and the chain ends at row 2"]


def test_a_head_that_cannot_be_read_is_none(ledger: Ledger, azurite: str, table: str) -> None:
    """Whoever keeps heads goes on with the other models."""
    _filled(ledger)
    _edit(azurite, table, "head", lambda _: {"json00": "{}"})
    assert ledger.head(_MODEL) is None
    assert any("row head of the table" in finding for finding in check_stored(ledger.chain(_MODEL)))
