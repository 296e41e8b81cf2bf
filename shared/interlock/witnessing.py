"""The interlock as a witness of its model's ledger: what was told of it once must hold for ever."""

from typing import Final

from shared.contracts.interlock import LedgerAdvanced
from shared.contracts.ledger import LedgerHead
from shared.interlock.state import InterlockState
from shared.interlock.steps import CONFIRMED, Step
from shared.interlock.values import changed

#: So many heads are known, and so many contradictions.
_KNOWN: Final = 8


def on_ledger(state: InterlockState, event: LedgerAdvanced) -> Step:
    """The ledger has a new head; a head that was told before with another hash is a finding."""
    known = next((head for head in state.ledger if head.sequence == event.sequence), None)
    if known is None:
        heads = sorted([*state.ledger, LedgerHead(sequence=event.sequence, hash=event.hash)], key=_sequence)
        reason = f"The ledger has {event.sequence} rows."
        return Step(changed(state, ledger=tuple(heads[-_KNOWN:])), (), CONFIRMED, reason)
    if known.hash == event.hash:
        return Step(state, (), CONFIRMED, f"The ledger's row {event.sequence} is as it was told before.")
    finding = (
        f"Row {event.sequence} of the ledger had the hash {known.hash[:12]}… and was told with {event.hash[:12]}…: it "
        f"was written anew. `signalbox ledger verify {state.model}` shows from where on."
    )
    if finding in state.ledger_findings:
        return Step(state, (), "ignored", finding)
    after = changed(state, ledger_findings=(*state.ledger_findings, finding)[-_KNOWN:], reason=finding)
    return Step(after, (), "ledger finding", finding)


def _sequence(head: LedgerHead) -> int:
    return head.sequence
