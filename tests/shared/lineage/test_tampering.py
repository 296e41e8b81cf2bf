"""Nothing that is done to a chain stays unseen, as far as a chain and the heads that are kept apart can show it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from shared.contracts.ledger import LedgerEntry, LedgerRow
from shared.lineage.ledger import KnownHead, StoredChain, chain, check, check_stored, head_of
from tests.shared.lineage.chains import chained, entry, stored

_TEXT = st.text(max_size=6)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False, allow_infinity=False) | _TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_TEXT, inner, max_size=2),
    max_leaves=4,
)
_FACTS = st.dictionaries(_TEXT, _JSON, max_size=3)


@st.composite
def chains(draw: st.DrawFn, least: int = 1) -> list[LedgerRow]:
    """Whole chains of different keys."""
    contents = draw(st.lists(st.tuples(_TEXT, _FACTS), min_size=least, max_size=7))
    return chained([entry(number, reason=reason, facts=facts) for number, (reason, facts) in enumerate(contents)])


def _known(rows: list[LedgerRow]) -> list[KnownHead]:
    return [KnownHead(head_of(rows[-1]), "the anchor")]


@given(chains())
def test_an_untouched_chain_is_whole(rows: list[LedgerRow]) -> None:
    """Also after its way through JSON, and beside any head that it ever had."""
    read = [LedgerRow.model_validate_json(row.model_dump_json()) for row in rows]
    known = [KnownHead(head_of(row), "somebody") for row in rows]
    assert check(read, known) == []
    assert check_stored(stored(read), known) == []


@given(chains(), st.data())
def test_an_edit_of_any_field_is_found(rows: list[LedgerRow], data: st.DataObject) -> None:
    """Of the entry, of the link, of the number or of the hash itself."""
    number = data.draw(st.integers(0, len(rows) - 1))
    row = rows[number]
    name = data.draw(st.sampled_from(["sequence", "previous", "hash", *LedgerEntry.model_fields]))
    if name in LedgerEntry.model_fields:
        value: Any = data.draw(_FACTS if name == "facts" else _TEXT)
        value = row.entry.at.replace(microsecond=7) if name == "at" else value
        changed = row.model_copy(update={"entry": row.entry.model_copy(update={name: value})})
    else:
        value = data.draw(st.integers(-3, 9) if name == "sequence" else _TEXT)
        changed = row.model_copy(update={name: value})
    edited = [*rows[:number], changed, *rows[number + 1 :]]
    if changed.model_dump_json() != row.model_dump_json():
        assert check(edited) != []
        assert check_stored(replace(stored(rows), rows=edited)) != []


@given(chains(), st.data())
def test_a_removed_row_is_found(rows: list[LedgerRow], data: st.DataObject) -> None:
    """Any one; the last one by a head that is kept apart."""
    number = data.draw(st.integers(0, len(rows) - 1))
    left = rows[:number] + rows[number + 1 :]
    assert check(left, _known(rows)) != []
    assert (check(left) == []) == (number == len(rows) - 1)


@given(chains(), st.data())
def test_a_cut_end_is_found(rows: list[LedgerRow], data: st.DataObject) -> None:
    """However carefully it is done: rows, marks and the ledger's own head are as if the rest had never been."""
    left = rows[: data.draw(st.integers(0, len(rows) - 1))]
    assert check_stored(stored(left)) == []
    (finding,) = check_stored(stored(left), _known(rows))
    assert finding.startswith(f"cut: the anchor knows row {len(rows)}, and the chain ")


@given(chains(least=2), st.data())
def test_a_swap_is_found(rows: list[LedgerRow], data: st.DataObject) -> None:
    """Of the rows as they are, and of their entries under each other's numbers."""
    first, second = sorted(data.draw(st.lists(st.integers(0, len(rows) - 1), min_size=2, max_size=2, unique=True)))
    swapped = list(rows)
    swapped[first], swapped[second] = rows[second], rows[first]
    assert check(swapped) != []
    swapped[first] = rows[first].model_copy(update={"entry": rows[second].entry})
    swapped[second] = rows[second].model_copy(update={"entry": rows[first].entry})
    assert check(swapped) != []


@given(chains(), st.data())
def test_an_inserted_row_is_found(rows: list[LedgerRow], data: st.DataObject) -> None:
    """Chained to the row before it, wherever it is put but at the end, where it is the next row."""
    number = data.draw(st.integers(0, len(rows) - 1))
    new = chain(rows[number - 1] if number else None, entry(99, reason="forged"))
    assert check([*rows[:number], new, *rows[number:]]) != []
    added = [*rows, chain(rows[-1], entry(99, reason="forged"))]
    assert check(added) == []
    assert check_stored(replace(stored(rows), rows=added)) != []


@given(chains(), st.data())
def test_a_chain_that_was_made_anew_is_found(rows: list[LedgerRow], data: st.DataObject) -> None:
    """From any row on, with hashes, marks and head as they should be: the head that was kept apart is not in it."""
    number = data.draw(st.integers(0, len(rows) - 1))
    entries = [row.entry for row in rows]
    entries[number] = entries[number].model_copy(update={"reason": entries[number].reason + "!"})
    forged = chained(entries)
    assert check_stored(stored(forged)) == []
    (finding,) = check_stored(stored(forged), _known(rows))
    assert finding == f"rewritten: row {len(rows)} is not the one that the anchor knows"


def test_two_rows_that_continue_one_are_a_fork() -> None:
    """Somebody has written past the ledger."""
    rows = chained([entry(number) for number in range(3)])
    beside = chain(rows[0], entry(9)).model_copy(update={"sequence": 4})
    assert "fork: row 4 continues row 1, as another row does" in check([*rows, beside])


def _without_head(chain: StoredChain) -> StoredChain:
    return replace(chain, head=None)


def _with_an_older_head(chain: StoredChain) -> StoredChain:
    return replace(chain, head=chain.rows[0])


def _with_an_edited_head(chain: StoredChain) -> StoredChain:
    assert chain.head is not None
    edited = chain.head.model_copy(update={"entry": entry(2, reason="other")})
    return replace(chain, head=edited)


def _without_a_mark(chain: StoredChain) -> StoredChain:
    return replace(chain, marks={name: at for name, at in chain.marks.items() if at != 2})


def _with_a_loose_mark(chain: StoredChain) -> StoredChain:
    return replace(chain, marks={**chain.marks, "0": 7})


def _with_an_effect_twice(chain: StoredChain) -> StoredChain:
    return stored(chained([*(row.entry for row in chain.rows), chain.rows[0].entry]))


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (_without_head, "inserted: there is a row 3, and the ledger's own head is missing"),
        (_with_an_older_head, "inserted: there is a row 3, and the ledger's own head ends at row 1"),
        (_with_an_edited_head, "altered: the ledger's own head is not a copy of its newest row"),
        (_without_a_mark, "altered: the key of row 2 is not marked, so its effect could be repeated"),
        (_with_a_loose_mark, "altered: an effect is marked as row 7, and no such row has it"),
        (_with_an_effect_twice, "inserted: the effect k0 is there 2 times"),
    ],
)
def test_what_is_kept_beside_the_rows_is_checked(change: Callable[[StoredChain], StoredChain], finding: str) -> None:
    """The head and the marks of a ledger say the same as its rows."""
    whole = stored(chained([entry(number) for number in range(3)]))
    assert finding in check_stored(change(whole))


def test_what_cannot_be_read_is_a_finding() -> None:
    """It is told first, in the words of whoever read it."""
    problem = "altered: row 000000000002 of the table cannot be read"
    assert check_stored(StoredChain(problems=[problem])) == [problem]
