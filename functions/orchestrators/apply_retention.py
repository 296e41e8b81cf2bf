"""`apply_retention`: what has expired by the fleets' policies is written down, and deleted."""

from collections import Counter
from typing import Final

from durabletask import task

from functions.boundary import Steps, call, explain, orchestrator
from functions.orchestrators.steps import STEP_FAILED
from shared import names
from shared.contracts.deliveries import Delivery, DeliveryRecorded, Outcome
from shared.contracts.retention import (
    ApplyRetentionInput,
    DeleteExpiredInput,
    ExpiredDeleted,
    ExpiredKind,
    PlanRetentionInput,
    RetentionOutcome,
    RetentionPlanned,
)

_AT_ONCE: Final = 50
#: Reasons why something could not be deleted that are told; a payload stays below 16 KB.
_KEPT_LIMIT: Final = 10


@orchestrator
def apply_retention(context: task.OrchestrationContext, order: ApplyRetentionInput) -> Steps[RetentionOutcome]:
    """Delete what has expired, or only tell, and write down how it ended; then this instance fails, too."""
    try:
        outcome = yield from _apply(context, order)
    except STEP_FAILED as error:
        yield from _write_down(context, order, "failed", explain(error), "")
        raise
    yield from _write_down(context, order, "done", outcome.summary, outcome.model_dump_json())
    return outcome


def _apply(context: task.OrchestrationContext, order: ApplyRetentionInput) -> Steps[RetentionOutcome]:
    """The way through.

    1. Plan: everything that goes, with the reason, as a blob that is written once.
    2. Unless it is a dry run, delete what the plan says, a few things at a time. What is gone already counts as gone.
    """
    path = f"retention/{context.instance_id}.json"
    context.set_custom_status({"step": "planning"})
    ask = PlanRetentionInput(path=path, at=order.at, trace=order.trace)
    plan = yield from call(context, names.PLAN_RETENTION, ask, RetentionPlanned)

    gone: Counter[ExpiredKind] = Counter()
    kept: tuple[str, ...] = ()
    for first in range(0, 0 if order.dry_run else plan.things, _AT_ONCE):
        context.set_custom_status({"step": "deleting", "done": first, "of": plan.things})
        some = DeleteExpiredInput(path=path, first=first, count=_AT_ONCE, trace=order.trace)
        deleted = yield from call(context, names.DELETE_EXPIRED, some, ExpiredDeleted)
        gone.update(deleted.gone)
        kept = (*kept, *deleted.kept)[:_KEPT_LIMIT]
    counts = tuple(line.model_copy(update={"gone": gone[line.kind]}) for line in plan.counts)
    return RetentionOutcome(
        at=order.at,
        requested_by=order.requested_by,
        dry_run=order.dry_run,
        plan=path,
        counts=(order.runs, *counts),
        kept=kept,
    )


def _write_down(
    context: task.OrchestrationContext, order: ApplyRetentionInput, outcome: Outcome, reason: str, body: str
) -> Steps[DeliveryRecorded]:
    delivery = Delivery(
        channel="retention",
        key=context.instance_id,
        subject=f"retention of {order.at.date().isoformat()}",
        received_at=order.at,
        outcome=outcome,
        reason=reason,
        body=body,
    )
    return (yield from call(context, names.CONCLUDE_DELIVERY, delivery, DeliveryRecorded))
