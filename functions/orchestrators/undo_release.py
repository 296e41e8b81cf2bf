"""Undoing a release: what was begun, in reverse order, each step on its own."""

from dataclasses import dataclass

from durabletask import task

from functions.boundary import Steps, call
from functions.orchestrators.steps import attempt
from functions.orchestrators.waiting import shift_and_wait
from shared import names
from shared.contracts.registry import ChampionRestored, Promotion, RestoreChampionInput
from shared.contracts.release import (
    DeploymentKey,
    DeploymentState,
    PredictionsRestored,
    ReleaseModelInput,
    RestorePredictionsInput,
    Serving,
    ShiftTrafficInput,
)
from shared.contracts.routes import RestoreRouteInput, Routed, RouteModelInput


@dataclass
class ReleaseProgress:
    """What has been begun so far, and may have to be undone: begun, since a step that failed may have been done.

    Rebuilt by every replay.
    """

    scoring: str | None = None
    qa: DeploymentKey | None = None
    production: DeploymentKey | None = None
    shifting: ShiftTrafficInput | None = None
    routing: RouteModelInput | None = None
    promoting: bool = False
    publishing: bool = False
    promotion: Promotion | None = None
    serving: Serving | None = None


def undo_release(
    context: task.OrchestrationContext, order: ReleaseModelInput, progress: ReleaseProgress
) -> Steps[list[str]]:
    """Leave everything as it was: each step on its own, in reverse order; what could not be undone.

    A deployment stays where clients may still be sent to it: a write of the route may have landed, its answer lost.
    """
    context.set_custom_status({"step": "undoing"})
    problems: list[str | None] = []
    production = progress.production
    if progress.publishing:
        before = order.replaces.published if order.replaces else None
        restore = RestorePredictionsInput(model=order.model, published=before, trace=order.trace)
        problems.append((yield from attempt(call(context, names.RESTORE_PREDICTIONS, restore, PredictionsRestored))))
    if progress.routing is not None:
        begun = progress.routing
        former = RestoreRouteInput(model=begun.model, at=begun.at, attempt=begun.attempt, trace=begun.trace)
        unrestored = yield from attempt(call(context, names.RESTORE_ROUTE, former, Routed))
        problems.append(unrestored)
        if unrestored and production is not None:
            problems.append(f"{production.deployment} stays, since clients may be sent there")
            production = None
    if progress.shifting is not None:
        back = _traffic_before(order, progress.shifting)
        problems.append((yield from attempt(shift_and_wait(context, back))))
    if progress.promoting:
        undo = RestoreChampionInput(model=order.model, version=order.version, trace=order.trace)
        problems.append((yield from attempt(call(context, names.RESTORE_CHAMPION, undo, ChampionRestored))))
    for key in (production, progress.qa):
        if key is not None:
            problems += [(yield from attempt(call(context, names.DELETE_DEPLOYMENT, key, DeploymentState)))]
    return [problem for problem in problems if problem]


def _traffic_before(order: ReleaseModelInput, shift: ShiftTrafficInput) -> ShiftTrafficInput:
    """The traffic as it was before a shift whose end is not known; what was routed had none."""
    before = order.replaces
    by_traffic = before is not None and before.endpoint == shift.endpoint and before.route is None
    if before is not None and by_traffic and before.deployment:
        return shift.model_copy(update={"traffic": {before.deployment: 100}})
    return shift.model_copy(update={"traffic": dict.fromkeys(shift.traffic, 0)})
