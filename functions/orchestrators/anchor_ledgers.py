"""`anchor_ledgers`: the heads of all ledgers, kept where nobody can change them, and told to who remembers them."""

from durabletask import task

from functions.boundary import Steps, call, orchestrator
from functions.orchestrators.steps import now, tell_interlock
from shared import names
from shared.contracts.interlock import LedgerAdvanced
from shared.contracts.ledger import AdvancedHeads, AdvancedHeadsInput, AnchorLedgersInput, LedgersAnchored


@orchestrator
def anchor_ledgers(context: task.OrchestrationContext, order: AnchorLedgersInput) -> Steps[LedgersAnchored]:
    """Let two witnesses know how far each chain has come.

    1. Write one anchor: the heads, held against the anchor before.
    2. Tell the interlocks of chains that have moved, a page of them; the next page in a new history. A head of a chain
       that does not continue what was anchored before is not among them: the anchor keeps the old one.
    """
    anchored = yield from call(context, names.WRITE_ANCHOR, order, LedgersAnchored)
    context.set_custom_status({"anchor": anchored.path, "findings": anchored.findings})
    if anchored.path is None:
        return anchored
    ask = AdvancedHeadsInput(path=anchored.path, page=order.page, trace=order.trace)
    advanced = yield from call(context, names.READ_ADVANCED_HEADS, ask, AdvancedHeads)
    for model, head in advanced.heads.items():
        event = LedgerAdvanced(model=model, at=now(context), trace=order.trace, sequence=head.sequence, hash=head.hash)
        tell_interlock(context, event)
    if advanced.more:
        context.continue_as_new(order.model_copy(update={"page": order.page + 1}).to_wire())
    return anchored
