"""Anchors keep what a ledger was, whatever becomes of it, and show it when one of them is replaced or removed."""

import hashlib
from collections.abc import Sequence
from datetime import timedelta

import hypothesis.strategies as st
import pytest
from hypothesis import given

from shared.contracts.ledger import LedgerAnchor, LedgerHead, LedgerRow
from shared.lineage.anchors import KeptAnchor, SeenHead, check_anchors, known_heads, path_of, take_anchor
from shared.lineage.ledger import check_stored, head_of
from tests.shared.lineage.chains import AT, chained, entry, stored

ROWS = chained([entry(number) for number in range(9)])


def _seen(rows: Sequence[LedgerRow], before: Sequence[KeptAnchor]) -> SeenHead:
    anchored = before[0].anchor.heads.get("m") if before and before[0].anchor else None
    there = [row.hash for row in rows if anchored and row.sequence == anchored.sequence]
    return SeenHead(head_of(rows[-1]) if rows else None, there[0] if there else None)


def _kept(anchor: LedgerAnchor) -> KeptAnchor:
    content = anchor.model_dump_json().encode()
    return KeptAnchor(path_of(anchor.at), hashlib.sha256(content).hexdigest(), anchor)


def _taken(*lengths: int, rows: Sequence[LedgerRow] = ROWS) -> list[KeptAnchor]:
    """Anchors of a chain that was so long at each of them, newest first."""
    kept: list[KeptAnchor] = []
    for number, length in enumerate(lengths):
        anchor = take_anchor(AT + timedelta(hours=number), kept, {"m": _seen(rows[:length], kept)})
        if anchor is not None:
            kept.insert(0, _kept(anchor))
    return kept


def _last(kept: Sequence[KeptAnchor]) -> LedgerAnchor:
    assert kept[0].anchor is not None
    return kept[0].anchor


@given(st.lists(st.integers(1, 9), min_size=1, max_size=5).map(sorted))
def test_anchors_of_a_growing_chain_find_nothing(lengths: list[int]) -> None:
    """Each holds the newest head and follows the one before; a chain that has not moved gets no new one."""
    kept = _taken(*lengths)
    assert len(kept) == len(set(lengths))
    assert _last(kept).heads == {"m": head_of(ROWS[lengths[-1] - 1])}
    assert check_anchors(kept, whole=True) == []
    assert check_stored(stored(ROWS[: lengths[-1]]), known_heads(kept, "m")) == []


def test_no_chain_needs_no_head() -> None:
    """A model to which nothing has happened is in no anchor, and the first anchor is taken all the same."""
    anchor = take_anchor(AT, [], {"m": SeenHead(None)})
    assert anchor == LedgerAnchor(at=AT, heads={})
    assert check_anchors([], whole=True) == []


@given(st.integers(2, 9), st.data())
def test_a_cut_chain_keeps_its_old_head_in_all_later_anchors(length: int, data: st.DataObject) -> None:
    """Also when it has grown past that row again since: the newest anchor is enough to find it out."""
    left = data.draw(st.integers(1, length - 1))
    grown = chained([row.entry for row in ROWS[:left]] + [entry(50 + number) for number in range(9)])
    kept = _taken(length)
    for hour, rows in ((1, ROWS[:left]), (2, grown), (3, grown)):
        anchor = take_anchor(AT + timedelta(hours=hour), kept, {"m": _seen(rows, kept)})
        if anchor is not None:
            kept.insert(0, _kept(anchor))
    assert _last(kept).heads == {"m": head_of(ROWS[length - 1])}
    assert check_anchors(kept, whole=True) == [f"anchored: m: row {length} is not the one that was anchored"]
    assert check_stored(stored(grown), known_heads(kept[:1], "m")) == [
        f"rewritten: row {length} is not the one that the anchor of 2026-01-02 05:04 UTC knows"
    ]


def test_a_chain_that_is_gone_is_found() -> None:
    """Row by row or as a whole, with its head."""
    kept = _taken(3)
    anchor = take_anchor(AT + timedelta(hours=1), kept, {"m": SeenHead(None)})
    assert anchor is not None
    assert anchor.findings == ("m: row 3 is gone",)
    assert check_stored(stored([]), known_heads(kept, "m")) == [
        "cut: the anchor of 2026-01-02 03:04 UTC knows row 3, and the chain has no rows"
    ]


@pytest.mark.parametrize(
    ("now", "finding"),
    [
        (head_of(ROWS[0]), "m: the head is not row 3 or a later one"),
        (None, "m: the head is not row 3 or a later one"),
        (LedgerHead(sequence=3, hash="0"), "m: the head is not a copy of row 3"),
    ],
)
def test_a_head_that_went_back_is_found(now: LedgerHead | None, finding: str) -> None:
    """The row is still there, and the ledger's own head tells something else."""
    anchor = take_anchor(AT + timedelta(hours=1), _taken(3), {"m": SeenHead(now, ROWS[2].hash)})
    assert anchor is not None
    assert (anchor.findings, anchor.heads) == ((finding,), {"m": head_of(ROWS[2])})


def test_a_replaced_anchor_is_found() -> None:
    """Its bytes do not have the hash that the next one knows."""
    kept = _taken(2, 4, 6)
    assert kept[1].anchor is not None
    forged = kept[1].anchor.model_copy(update={"heads": {"m": head_of(ROWS[0])}})
    anchors = [kept[0], _kept(forged), kept[2]]
    assert check_anchors(anchors, whole=True) == [f"anchors: {kept[1].path} is not as {kept[0].path} saw it"]


def test_a_removed_anchor_is_found() -> None:
    """In the middle, and the first one where all are looked at; what is older than what is read is not missed."""
    kept = _taken(2, 4, 6)
    middle = f"anchors: {kept[0].path} follows {kept[1].path}, and {kept[2].path} is before it"
    assert check_anchors([kept[0], kept[2]], whole=True) == [middle]
    first = f"anchors: {kept[1].path} follows {kept[2].path}, which is gone"
    assert check_anchors(kept[:2], whole=True) == [first]
    assert check_anchors(kept[:2], whole=False) == []


def test_two_anchors_that_were_taken_at_once_are_no_finding() -> None:
    """Both follow the same one; the next one follows the second of them."""
    kept = _taken(2, 4)
    second = _kept(_last(kept).model_copy(update={"at": AT + timedelta(hours=1, seconds=1)}))
    third = take_anchor(AT + timedelta(hours=2), [second, *kept], {"m": SeenHead(head_of(ROWS[5]), ROWS[3].hash)})
    assert third is not None
    assert check_anchors([_kept(third), second, *kept], whole=True) == []


def test_two_first_anchors_that_were_taken_at_once_are_no_finding() -> None:
    """Two processes that find none before them; another first one later on is one that was put there."""
    (first,) = _taken(2)
    assert first.anchor is not None
    twin = _kept(first.anchor.model_copy(update={"at": first.anchor.at + timedelta(seconds=3)}))
    later = _kept(first.anchor.model_copy(update={"at": first.anchor.at + timedelta(hours=1)}))
    assert check_anchors([twin, first], whole=True) == []
    following = take_anchor(AT + timedelta(hours=1), [twin, first], {"m": _seen(ROWS[:4], [twin])})
    assert following is not None
    assert check_anchors([_kept(following), twin, first], whole=True) == []
    (told,) = check_anchors([later, first], whole=True)
    assert "says that it is the first" in told


def test_an_anchor_from_nowhere_is_found() -> None:
    """One that says that it is the first has taken the place of a real one."""
    kept = _taken(2, 4)
    lonely = _kept(LedgerAnchor(at=AT + timedelta(hours=5), heads={}))
    assert check_anchors([lonely, *kept], whole=True) == [
        f"anchors: {lonely.path} says that it is the first, and {kept[0].path} is before it"
    ]


def test_an_anchor_that_cannot_be_read_is_told_and_passed_over() -> None:
    """The next one follows its bytes, tells of it, and holds the chain against the last one that can be read."""
    kept = _taken(3)
    broken = KeptAnchor(path_of(AT + timedelta(hours=1)), "ab", None)
    seen = {"m": SeenHead(head_of(ROWS[4]), ROWS[2].hash)}
    anchor = take_anchor(AT + timedelta(hours=2), [broken, *kept], seen)
    assert anchor is not None
    assert anchor.findings == (f"the anchor {broken.path} cannot be read",)
    assert anchor.previous is not None
    assert anchor.previous.sha256 == "ab"
    assert f"anchors: {broken.path} cannot be read" in check_anchors([_kept(anchor), broken, *kept], whole=True)


def test_findings_of_other_models_can_be_left_out() -> None:
    """Who asks for one model is not told of all."""
    kept = [_kept(LedgerAnchor(at=AT, heads={}, findings=("m: row 3 is gone", "n: row 1 is gone")))]
    assert check_anchors(kept, whole=True, model="n") == ["anchored: n: row 1 is gone"]
    assert len(check_anchors(kept, whole=True)) == 2


def test_anchors_are_by_name_as_they_are_by_time() -> None:
    """The newest one is the last of a listing."""
    times = [AT + timedelta(days=17 * number, hours=number) for number in range(40)]
    assert sorted(map(path_of, times)) == [path_of(at) for at in times]
