"""`run_fleet`: one operation for many cells of a fleet, followed to the end of the last one."""

from datetime import timedelta
from typing import Any, Final

from durabletask import task

from functions.boundary import Steps, call, orchestrator
from functions.orchestrators.steps import now, tell_interlock
from functions.orchestrators.telling_followers import telling
from shared import names
from shared.contracts.callbacks import RunEnd
from shared.contracts.events import InterlockEvent
from shared.contracts.fleet_runs import (
    CellOrder,
    CellOrders,
    PlanRunInput,
    RunFleetInput,
    RunLook,
    RunOutcome,
    RunStage,
    RunStep,
)
from shared.contracts.interlock import ScoringRequested, TrainingRequested
from shared.fleet_runs import digest
from shared.fleet_runs.planning import condition_order

#: Cells that are asked, and looks that are taken, before the run goes on in a new history.
_ASKED_PER_HISTORY: Final = 50
_LOOKS_PER_HISTORY: Final = 20
_FIRST_PAUSE: Final = 5
_LAST_PAUSE: Final = 300
#: A look reads the whole fleet, so a larger one is looked at less often.
_CELLS_PER_SECOND: Final = 20


class FleetRunFailedError(Exception):
    """More of a run failed than its `fail_on` allows; fails the instance, so that callers see it."""


@orchestrator
def run_fleet(context: task.OrchestrationContext, order: RunFleetInput) -> Steps[RunOutcome]:
    """Ask every selected cell, and follow what becomes of it.

    1. Plan: find the cells, and which of them cannot be asked.
    2. Ask the others, fifty in one history: a model by a signal to its interlock, a cell of a dataset by a child.
    3. Look, less and less often, until all are final, or nothing has moved for longer than it may take.
    4. Write the digest.

    What fails is told in the digest and does not keep the others from going on. Whoever follows the run is told, too.
    """
    if not order.followed:
        return (yield from _run(context, order))
    return (yield from telling(context, _run(context, order), _end_of, order.trace))


def _end_of(outcome: RunOutcome) -> RunEnd | None:
    return RunEnd(state="completed", reason=outcome.reason) if outcome.state != "running" else None


def _run(context: task.OrchestrationContext, order: RunFleetInput) -> Steps[RunOutcome]:
    stage = order.stage or (yield from _plan(context, order))
    if stage.position < stage.cells:
        stage = yield from _ask(context, order, stage)
        return _go_on(context, order, stage)
    for _ in range(_LOOKS_PER_HISTORY):
        stage, look = yield from _look(context, order, stage)
        left = stage.moved_at + timedelta(minutes=stage.patience_minutes) - now(context)
        if not look.open or left <= timedelta(0):
            return (yield from _conclude(context, order, stage))
        yield context.create_timer(min(timedelta(seconds=stage.pause_seconds), left))
    return _go_on(context, order, stage)


def _plan(context: task.OrchestrationContext, order: RunFleetInput) -> Steps[RunStage]:
    context.set_custom_status({"step": "planning"})
    plan = PlanRunInput(run=context.instance_id, order=order, trace=order.trace)
    return (yield from call(context, names.PLAN_RUN, plan, RunStage))


def _ask(context: task.OrchestrationContext, order: RunFleetInput, stage: RunStage) -> Steps[RunStage]:
    asked = 0
    while asked < _ASKED_PER_HISTORY and stage.position < stage.cells:
        page = yield from call(context, names.READ_RUN_CELLS, _step(context, order, stage), CellOrders)
        if order.operation == "condition":
            yield from _condition(context, order, stage, page)
        for one in page.orders:
            if one.policy is not None:
                tell_interlock(context, _request(context, order, one))
        stage = stage.model_copy(update={"position": page.position, "moved_at": now(context)})
        asked += len(page.orders)
    stage, _ = yield from _look(context, order, stage)
    return stage


def _request(context: task.OrchestrationContext, order: RunFleetInput, one: CellOrder) -> InterlockEvent:
    """What a model's interlock is asked; the run's id makes a repetition the same request."""
    assert one.policy is not None  # asked by the caller
    assert one.cell.data is not None  # what has none is skipped
    asked: dict[str, Any] = {
        "model": one.policy.model,
        "at": now(context),
        "trace": order.trace,
        "policy": one.policy,
        "dataset": one.cell.data,
        "requested_by": order.requested_by,
        "request_id": context.instance_id,
    }
    if order.operation == "score":
        return ScoringRequested(**asked, as_of=order.as_of)
    return TrainingRequested(**asked, again=order.again)


def _condition(
    context: task.OrchestrationContext, order: RunFleetInput, stage: RunStage, page: CellOrders
) -> Steps[None]:
    """Condition a page of cells at once; each writes down how it ended, so a child that fails fails alone."""
    children: list[task.Task[Any]] = []
    for one in page.orders:
        child = condition_order(order, one.cell, context.instance_id)
        instance = names.instance_id(f"condition {child.dataset}", child.key)
        children.append(
            context.call_sub_orchestrator(names.CONDITION_DATASET, input=child.to_wire(), instance_id=instance)
        )
    if children:
        timer = context.create_timer(timedelta(minutes=stage.patience_minutes))
        winner = yield task.when_any([task.when_all(children), timer])
        if winner is not timer:
            timer.cancel()


def _look(context: task.OrchestrationContext, order: RunFleetInput, stage: RunStage) -> Steps[tuple[RunStage, RunLook]]:
    """How the cells stand, and when to look again: soon while they move, later and later while they do not."""
    look = yield from call(context, names.LOOK_AT_RUN, _step(context, order, stage), RunLook)
    context.set_custom_status(
        {"step": "running", "cells": stage.cells, "asked": stage.position, "open": look.open, "counts": look.counts}
    )
    if look.moves != stage.moves:
        pause = max(_FIRST_PAUSE, stage.cells // _CELLS_PER_SECOND)
        moved = {"moves": look.moves, "moved_at": now(context), "pause_seconds": pause}
        return stage.model_copy(update=moved), look
    return stage.model_copy(update={"pause_seconds": min(2 * stage.pause_seconds, _LAST_PAUSE)}), look


def _conclude(context: task.OrchestrationContext, order: RunFleetInput, stage: RunStage) -> Steps[RunOutcome]:
    outcome = yield from call(context, names.CONCLUDE_RUN, _step(context, order, stage), RunOutcome)
    context.set_custom_status({"step": outcome.state, "cells": stage.cells, "counts": outcome.counts})
    if digest.is_failure(outcome, order.fail_on):
        msg = f"{outcome.reason} `GET /api/runs/{outcome.run}` tells why, cell by cell."
        raise FleetRunFailedError(msg)
    return outcome


def _go_on(context: task.OrchestrationContext, order: RunFleetInput, stage: RunStage) -> RunOutcome:
    """Go on in a new history; what is returned here is read by nobody."""
    context.continue_as_new(order.model_copy(update={"stage": stage}).to_wire(), save_events=True)
    return RunOutcome(run=context.instance_id, state="running", reason="It goes on.")


def _step(context: task.OrchestrationContext, order: RunFleetInput, stage: RunStage) -> RunStep:
    return RunStep(
        run=context.instance_id, fleet=order.fleet, at=now(context), position=stage.position, trace=order.trace
    )
