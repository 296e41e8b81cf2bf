"""The end of a release: it is written down, and what served before is torn down."""

from typing import Any

from durabletask import task

from functions.boundary import Steps, call
from functions.orchestrators.steps import attempt, write_ledger
from functions.orchestrators.undo_release import ReleaseProgress
from functions.orchestrators.waiting import stop_job
from shared import names
from shared.contracts.release import DeploymentKey, DeploymentState, ReleaseModelInput, ReleaseOutcome
from shared.contracts.retirement import WithdrawnTraffic, WithdrawTrafficInput
from shared.contracts.routes import Routed, RouteModelInput, RouteTarget


def finish_release(
    context: task.OrchestrationContext, order: ReleaseModelInput, progress: ReleaseProgress, outcome: ReleaseOutcome
) -> Steps[None]:
    """Write down how it ended; after a release, tear down what is not needed any more. Each on its own."""
    if not outcome.released:
        yield from attempt(note(context, order, "ReleaseFailed", outcome.reason, {}))
        if progress.scoring is not None:
            yield from attempt(stop_job(context, progress.scoring, order.trace))
        return
    serving = outcome.serving.to_wire() if outcome.serving else {}
    yield from attempt(note(context, order, "ModelReleased", outcome.reason, {"serving": serving}))
    leftover = yield from _leave(context, order, progress)
    replaced = _replaced(order, progress)
    for key in replaced:
        if leftover and key != progress.qa:
            leftover.append(f"{key.deployment} stays, since clients may be sent there")
            continue
        problem = yield from attempt(call(context, names.DELETE_DEPLOYMENT, key, DeploymentState))
        leftover += [f"{key.deployment}: {problem}"] if problem else []
    if replaced:
        told = "; ".join(leftover) or "Torn down: " + ", ".join(key.deployment for key in replaced) + "."
        effect = "TearDownFailed" if leftover else "QaTornDown"
        yield from attempt(note(context, order, effect, told, {"endpoint": replaced[0].endpoint}))


def routing_of(order: ReleaseModelInput, target: RouteTarget | None) -> RouteModelInput:
    """The order of a release about its model's route."""
    return RouteModelInput(model=order.model, at=order.at, attempt=order.attempt, target=target, trace=order.trace)


def note(
    context: task.OrchestrationContext, order: ReleaseModelInput, effect: str, reason: str, facts: dict[str, Any]
) -> Steps[None]:
    """Write what a release did into the model's ledger."""
    yield from write_ledger(context, order.model, effect, reason, {"version": order.version, **facts}, order.trace)


def _leave(context: task.OrchestrationContext, order: ReleaseModelInput, progress: ReleaseProgress) -> Steps[list[str]]:
    """Let nobody be sent to what served before in another way: by a route, or by an endpoint's traffic; the problems.

    A release that goes the way of the one before has seen to that itself.
    """
    before, serving = order.replaces, progress.serving
    if before is None or serving is None or before.endpoint is None:
        return []
    problem: str | None = None
    if before.route is not None and serving.route is None:
        problem = yield from attempt(call(context, names.ROUTE_MODEL, routing_of(order, None), Routed))
    shifted = progress.shifting is not None and progress.shifting.endpoint == before.endpoint
    if before.route is None and not shifted:
        left = WithdrawTrafficInput(model=order.model, endpoint=before.endpoint, retiring=False, trace=order.trace)
        problem = yield from attempt(call(context, names.WITHDRAW_TRAFFIC, left, WithdrawnTraffic))
    return [f"{before.route or before.endpoint}: {problem}"] if problem else []


def _replaced(order: ReleaseModelInput, progress: ReleaseProgress) -> list[DeploymentKey]:
    """What is torn down: QA, and what the interlock knows to have served, wherever that was."""
    found = [progress.qa] if progress.qa else []
    before = order.replaces
    if before is not None and before.endpoint and before.deployment:
        key = DeploymentKey(endpoint=before.endpoint, deployment=before.deployment, trace=order.trace)
        found += [key] if key != progress.production else []
    return found
