"""The arithmetic of the ledger."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.contracts.ledger import LedgerEntry, LedgerRow
from shared.lineage.ledger import GENESIS, chain, check

_AT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


def _entry(number: int, **changes: Any) -> LedgerEntry:
    values: dict[str, Any] = {
        "model": "m",
        "effect": "ModelRegistered",
        "key": f"k{number}",
        "at": _AT + timedelta(seconds=number),
        "by": "train-1",
        "reason": "it passed",
        "facts": {"mape": 0.125, "rows": number, "größe": "ü"},
    }
    return LedgerEntry.model_validate(values | changes)


def _rows(count: int) -> list[LedgerRow]:
    rows: list[LedgerRow] = []
    for number in range(count):
        rows.append(chain(rows[-1] if rows else None, _entry(number)))
    return rows


def test_rows_are_numbered_from_one_and_linked() -> None:
    """The first row continues GENESIS, each other one the row before it."""
    first, second, third = _rows(3)
    assert (first.sequence, first.previous) == (1, GENESIS)
    assert (second.sequence, second.previous) == (2, first.hash)
    assert (third.sequence, third.previous) == (3, second.hash)


def test_a_whole_chain_has_no_findings_even_after_a_round_trip() -> None:
    """What was stored as JSON and read back still has its hash."""
    rows = [LedgerRow.model_validate_json(row.model_dump_json()) for row in _rows(5)]
    assert check(rows) == []
    assert check([]) == []


def test_the_hash_is_the_same_for_ever() -> None:
    """The canonical form must not change: committed ledgers would all look altered."""
    assert chain(None, _entry(0)).hash == "353bb28bcf32b9a211c82fc2e3d8b1f54acda8d63a6a09fec2c79dbcd7c5bb54"


def test_trace_is_part_of_the_content_but_its_absence_is_not() -> None:
    """A field at its default does not count, so that fields can be added to the contract later."""
    assert chain(None, _entry(0, trace=None)).hash == chain(None, _entry(0)).hash
    assert chain(None, _entry(0, trace="00-1-1-01")).hash != chain(None, _entry(0)).hash


@pytest.mark.parametrize(
    ("field", "value"),
    [("effect", "TrafficShifted"), ("reason", "other"), ("facts", {"mape": 0.1}), ("at", _AT), ("key", "other")],
)
def test_a_changed_entry_is_found(field: str, value: object) -> None:
    """Whatever field of an entry was changed, its row is named."""
    rows = _rows(4)
    rows[2] = rows[2].model_copy(update={"entry": rows[2].entry.model_copy(update={field: value})})
    assert check(rows) == ["altered: the content of row 3 does not match its hash"]


def test_a_row_made_anew_does_not_fit_the_next() -> None:
    """Who changes a row together with its hash is found at the row after it."""
    rows = _rows(4)
    rows[1] = chain(rows[0], _entry(1, reason="forged"))
    assert check(rows) == ["altered: row 3 does not continue the row before it"]


def test_a_removed_row_is_a_gap() -> None:
    """A missing row is named, in the middle and at the start."""
    rows = _rows(5)
    assert check(rows[:1] + rows[2:]) == ["gap: row 2 is missing"]
    assert check(rows[2:]) == ["gap: rows 1 to 2 are missing"]


def test_swapped_rows_are_found() -> None:
    """Rows that come in another order than their numbers are named."""
    first, second, third, fourth = _rows(4)
    findings = check([first, third, second, fourth])
    assert "reordered: row 2 comes after row 3" in findings


def test_a_repeated_row_is_found() -> None:
    """A row that is there twice does not pass as two."""
    first, second = _rows(2)
    assert check([first, second, second]) == ["reordered: row 2 comes after row 2"]


def test_a_row_of_another_model_is_found() -> None:
    """Chains of two models cannot be spliced."""
    first = chain(None, _entry(0))
    other = chain(first, _entry(1, model="other"))
    assert check([first, other]) == ["altered: row 2 is of 'other', not of 'm'"]
