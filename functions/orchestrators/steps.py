"""Steps that several orchestrators take: telling an interlock, writing the ledger, going on after a failure."""

from datetime import UTC, datetime
from typing import Any, Final

from durabletask import task
from durabletask.entities import EntityInstanceId

from functions.boundary import PermanentFailure, Steps, call, explain, fitting
from shared import names
from shared.contracts.events import InterlockEvent
from shared.contracts.ledger import LedgerEntry, LedgerRow

#: What a step ends with when it does not succeed: a way of going on, not a mistake in the code.
STEP_FAILED: Final = (PermanentFailure, task.TaskFailedError)


def now(context: task.OrchestrationContext) -> datetime:
    """The orchestrator's clock, with its zone: the same on every replay."""
    return context.current_utc_datetime.replace(tzinfo=UTC)


def tell_interlock(context: task.OrchestrationContext, event: InterlockEvent) -> None:
    """Signal the model's interlock; the signal leaves with this turn, exactly once per history."""
    entity = EntityInstanceId(names.MODEL_INTERLOCK, event.model)
    context.signal_entity(entity, names.INTERLOCK_RECEIVE, fitting(event))


def write_ledger(  # noqa: PLR0917 - an entry, field by field, in the order in which it reads
    context: task.OrchestrationContext,
    model: str,
    effect: str,
    reason: str,
    facts: dict[str, Any],
    trace: str | None,
    part: str = "",
) -> Steps[LedgerRow]:
    """Record an effect that has happened, once per orchestration instance, effect and part of it."""
    entry = LedgerEntry(
        model=model,
        effect=effect,
        key=f"{context.instance_id}/{effect}{part}",
        at=now(context),
        by=context.instance_id,
        reason=reason,
        facts=facts,
        trace=trace,
    )
    return (yield from call(context, names.APPEND_LEDGER, entry, LedgerRow))


def attempt(step: Steps[Any]) -> Steps[str | None]:
    """Take a step whose failure must not keep the next ones from being taken; why it failed, or `None`."""
    try:
        yield from step
    except STEP_FAILED as error:
        return explain(error)
    return None
