"""The end of a release: it is written down, and what served before is torn down."""

from functions.boundary import Steps, call
from functions.orchestrators.noting import note_versions
from functions.orchestrators.releasing.release import Release
from functions.orchestrators.releasing.shifting import route_order
from functions.orchestrators.steps import attempt
from functions.orchestrators.waiting import stop_job, withdraw_and_wait
from shared import names
from shared.contracts.deployments import DeploymentKey, DeploymentState
from shared.contracts.release import ReleaseOutcome
from shared.contracts.retirement import WithdrawTrafficInput
from shared.contracts.routes import Routed


def finish(release: Release, outcome: ReleaseOutcome) -> Steps[None]:
    """Write down how it ended; after a release, tear down what is not needed any more. Each on its own.

    The registry is told last: one that is down for an hour keeps nothing waiting but its own description.
    """
    if outcome.released:
        serving = outcome.serving.to_wire() if outcome.serving else {}
        yield from attempt(release.note("ModelReleased", outcome.reason, {"serving": serving}))
        yield from _tear_down(release)
    else:
        yield from attempt(_tell_undone(release))
        yield from attempt(release.note("ReleaseFailed", outcome.reason, {"ended": outcome.ended}))
        if release.progress.scoring is not None:
            yield from attempt(stop_job(release.context, release.progress.scoring, release.order.trace))
    changed = (outcome.version, outcome.previous)
    yield from note_versions(release.context, release.order.model, changed, release.order.trace)


def _tear_down(release: Release) -> Steps[None]:
    """Remove what served before, once nobody can be sent there any more."""
    leftover = yield from _leave(release)
    replaced = _replaced(release)
    for key in replaced:
        if leftover and key != release.progress.qa:
            leftover.append(f"{key.deployment} stays, since clients may be sent there")
            continue
        problem = yield from attempt(call(release.context, names.DELETE_DEPLOYMENT, key, DeploymentState))
        leftover += [f"{key.deployment}: {problem}"] if problem else []
    if replaced:
        told = "; ".join(leftover) or "Torn down: " + ", ".join(key.deployment for key in replaced) + "."
        effect = "TearDownFailed" if leftover else "ReplacedTornDown"
        yield from attempt(release.note(effect, told, {"endpoint": replaced[0].endpoint}))


def _tell_undone(release: Release) -> Steps[None]:
    """Write down the steps back; a ledger that is down for the first one is not asked for the others."""
    for step in release.undone:
        yield from release.note(step.effect, step.told, step.facts)


def _leave(release: Release) -> Steps[list[str]]:
    """Let nobody be sent to what served before in another way: by a route, or by an endpoint's traffic; the problems.

    A release that goes the way of the one before has seen to that itself.
    """
    context, order, progress = release.context, release.order, release.progress
    before, serving = release.champion, progress.serving
    if before is None or serving is None or before.endpoint is None:
        return []
    problem: str | None = None
    if before.route is not None and serving.route is None:
        problem = yield from attempt(call(context, names.ROUTE_MODEL, route_order(release, None), Routed))
    shifted = progress.shifting is not None and progress.shifting.endpoint == before.endpoint
    if before.route is None and not shifted:
        also = (before.deployment,) if before.deployment and _stood_in(release) else ()
        left = WithdrawTrafficInput(
            model=order.model, endpoint=before.endpoint, retiring=False, also=also, trace=order.trace
        )
        problem = yield from attempt(withdraw_and_wait(context, left))
    return [f"{before.route or before.endpoint}: {problem}"] if problem else []


def _replaced(release: Release) -> list[DeploymentKey]:
    """What is torn down: what the interlock knows to have served, wherever that was, and QA if it is still there."""
    found = [release.progress.qa] if release.progress.qa else []
    before = release.champion
    if before is not None and before.endpoint and before.deployment:
        key = DeploymentKey(endpoint=before.endpoint, deployment=before.deployment, trace=release.order.trace)
        serves_for = release.order.model if _stood_in(release) else None
        found += [key.model_copy(update={"model": serves_for})] if key != release.progress.production else []
    return found


def _stood_in(release: Release) -> bool:
    """Whether the baseline has served until now: something did, and no version of the model was champion."""
    return release.champion is not None and release.order.champion is None
