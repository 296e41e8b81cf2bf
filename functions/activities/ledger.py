"""Keeping the ledger's heads apart from it."""

from typing import Final

from functions import adapters
from functions.boundary import activity
from functions.ledgers import ANCHORS_READ, ledgered_models
from shared.blocking import run_blocking
from shared.contracts.ledger import (
    AdvancedHeads,
    AdvancedHeadsInput,
    AnchorLedgersInput,
    LedgerAnchor,
    LedgerHead,
    LedgersAnchored,
)
from shared.lineage.anchors import KeptAnchor, SeenHead, advanced, path_of, take_anchor

#: Two rows per model are read, a thousand models one after the other.
_TIMEOUT: Final = 300.0
#: Heads in one payload, and signals in one history.
_PAGE: Final = 50


@activity
async def write_anchor(order: AnchorLedgersInput) -> LedgersAnchored:
    """Write the heads of all chains, once per moment; nothing when no chain has moved since the last anchor."""
    return await run_blocking(_write, order, timeout=_TIMEOUT)


@activity
async def read_advanced_heads(order: AdvancedHeadsInput) -> AdvancedHeads:
    """Heads that are others than in the anchor before; none where an anchor is gone or cannot be read."""
    return await run_blocking(_advanced, order)


def _advanced(order: AdvancedHeadsInput) -> AdvancedHeads:
    kept = adapters.anchors().read(order.path)
    anchor = kept.anchor if kept else None
    link = anchor.previous if anchor else None
    before = adapters.anchors().read(link.path) if link else None
    moved = advanced(anchor, before.anchor if before else None) if anchor else {}
    first = order.page * _PAGE
    return AdvancedHeads(heads=dict(list(moved.items())[first : first + _PAGE]), more=len(moved) > first + _PAGE)


def _write(order: AnchorLedgersInput) -> LedgersAnchored:
    path = path_of(order.at)
    written = adapters.anchors().read(path)
    if written is not None and written.anchor is not None:  # an earlier attempt's, whose answer was lost
        return _told(written)
    before = adapters.anchors().newest(ANCHORS_READ)
    last = next((one.anchor for one in before if one.anchor is not None), None)
    if before and before[0].path > path:  # an outage kept this one back, and a later one has told it all
        return _nothing_new(last)
    known = last.heads if last else {}
    seen = {model: _seen(model, known.get(model)) for model in ledgered_models(before)}
    anchor = take_anchor(order.at, before, seen)
    if anchor is None:
        return _nothing_new(last)
    return _told(adapters.anchors().write(path, anchor))


def _seen(model: str, anchored: LedgerHead | None) -> SeenHead:
    now = adapters.ledger().head(model)
    return SeenHead(now, adapters.ledger().hash_at(model, anchored.sequence) if anchored else None)


def _nothing_new(last: LedgerAnchor | None) -> LedgersAnchored:
    heads, findings = (last.heads, last.findings) if last else ({}, ())
    return LedgersAnchored(path=None, models=len(heads), findings=len(findings))


def _told(kept: KeptAnchor) -> LedgersAnchored:
    heads, findings = (kept.anchor.heads, kept.anchor.findings) if kept.anchor else ({}, ())
    return LedgersAnchored(path=kept.path, models=len(heads), findings=len(findings))
