"""`release_model`: a version that passed its gates into production, tested on the way, undone when a step fails."""

from durabletask import task

from functions.boundary import Steps, call, explain, orchestrator, short
from functions.orchestrators.finish_release import finish_release, note, routing_of
from functions.orchestrators.scoring_steps import ScoringFailedError, publish_period, run_scoring_job, told_of
from functions.orchestrators.steps import STEP_FAILED, attempt, now, tell_interlock
from functions.orchestrators.submitting import JobNameTakenError
from functions.orchestrators.undo_release import ReleaseProgress, undo_release
from functions.orchestrators.waiting import WaitTimeoutError, deploy_and_wait, shift_and_wait
from shared import names
from shared.contracts.datasets import DatasetRef, FindDatasetInput
from shared.contracts.interlock import ReleaseFinished
from shared.contracts.registry import PromoteVersionInput, Promotion
from shared.contracts.release import (
    DeploymentKey,
    DeploymentSpec,
    GoldenResult,
    GoldenSetInput,
    ReleaseModelInput,
    ReleaseOutcome,
    Serving,
    ShiftTrafficInput,
    StagedGoldenSet,
    TestDeploymentInput,
    TestPredictionsInput,
)
from shared.contracts.routes import Routed, RouteTarget


class ReleaseRefusedError(Exception):
    """A test on the way did not pass: the version does not go to production."""


@orchestrator
def release_model(context: task.OrchestrationContext, order: ReleaseModelInput) -> Steps[ReleaseOutcome]:
    """Release a version online or in batch, or leave everything as it was; tell the interlock either way.

    Once the version serves, the release stands: what is left to clean up is tried, and never undoes it.
    """
    progress = ReleaseProgress()
    release = _release_online if order.policy.serve.mode == "online" else _release_batch
    problems: list[str] = []
    try:
        yield from release(context, order, progress)
        reason = _released(order, progress.serving)
    except (*STEP_FAILED, WaitTimeoutError, ScoringFailedError, ReleaseRefusedError) as error:
        reason = explain(error)
        if isinstance(error, JobNameTakenError):
            progress.scoring = None  # somebody else's job, which must not be stopped
        problems = yield from undo_release(context, order, progress)
    outcome = _outcome(order, progress, reason, problems)
    # Told before anything else is tried, so that nothing can keep the interlock waiting for ever.
    tell_interlock(context, ReleaseFinished(model=order.model, at=now(context), trace=order.trace, outcome=outcome))
    yield from finish_release(context, order, progress, outcome)
    context.set_custom_status({"step": "released" if outcome.released else "undone", "reason": outcome.reason})
    return outcome


# ── Online ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _release_online(
    context: task.OrchestrationContext, order: ReleaseModelInput, progress: ReleaseProgress
) -> Steps[None]:
    """Behind an endpoint.

    1. A QA deployment at 0 % of the traffic.
    2. The golden set asked from it.
    3. Promotion: alias and stage.
    4. The production deployment, and all traffic to it; where the endpoint is shared, the route to it, since shares of
       its traffic cannot tell models apart.

    QA and what served before are torn down when the release is finished.
    """
    endpoint = order.policy.serve.endpoint
    assert endpoint is not None  # the fleet's schema requires it for online models
    sharing = order.model if order.policy.serve.shared else None
    qa, production = names.release_deployments(order.version, order.attempt, sharing)

    progress.qa = DeploymentKey(endpoint=endpoint, deployment=qa, trace=order.trace)
    yield from _deploy(context, order, endpoint, qa, "QaDeployed")
    test = TestDeploymentInput(
        fleet=order.policy.fleet, golden=order.policy.golden, endpoint=endpoint, deployment=qa, trace=order.trace
    )
    golden = yield from call(context, names.TEST_DEPLOYMENT, test, GoldenResult)
    yield from _require(context, order, golden)

    yield from _promote(context, order, progress)

    progress.production = DeploymentKey(endpoint=endpoint, deployment=production, trace=order.trace)
    yield from _deploy(context, order, endpoint, production, "ProductionDeployed")
    if sharing is not None:
        yield from _route(context, order, progress, endpoint, production)
        return
    progress.shifting = ShiftTrafficInput(endpoint=endpoint, traffic={production: 100}, trace=order.trace)
    traffic = yield from shift_and_wait(context, progress.shifting)
    progress.serving = Serving(mode="online", endpoint=endpoint, deployment=production)
    told = f"All traffic of {endpoint} goes to {production}."
    yield from attempt(note(context, order, "TrafficShifted", told, traffic.to_wire()))


def _route(
    context: task.OrchestrationContext,
    order: ReleaseModelInput,
    progress: ReleaseProgress,
    endpoint: str,
    production: str,
) -> Steps[None]:
    """Send clients, who ask for the model by name, to its new deployment."""
    target = RouteTarget(endpoint=endpoint, deployment=production, version=order.version)
    progress.routing = routing_of(order, target)
    done = yield from call(context, names.ROUTE_MODEL, progress.routing, Routed)
    progress.serving = Serving(
        mode="online", endpoint=endpoint, deployment=production, route=names.route_path(order.model)
    )
    told = f"Requests for {order.model} go to {production} of {endpoint}."
    yield from attempt(note(context, order, "RouteSet", told, done.to_wire()))


def _deploy(
    context: task.OrchestrationContext, order: ReleaseModelInput, endpoint: str, deployment: str, effect: str
) -> Steps[None]:
    context.set_custom_status({"step": effect, "deployment": deployment})
    spec = DeploymentSpec(
        endpoint=endpoint,
        deployment=deployment,
        model=order.model,
        version=order.version,
        fleet=order.policy.fleet,
        definition=order.policy.serve.deployment,
        trace=order.trace,
    )
    # One for testing is gone before it could scale.
    state = yield from deploy_and_wait(context, spec, scaled=effect == "ProductionDeployed")
    if state.status != "Succeeded":
        msg = f"The deployment {deployment} of {endpoint} failed: {state.error or 'no message'}"
        raise ReleaseRefusedError(msg)
    reason = f"Version {order.version} is deployed as {deployment}."
    yield from note(context, order, effect, reason, {"endpoint": endpoint, "deployment": deployment})


# ── Batch ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _release_batch(
    context: task.OrchestrationContext, order: ReleaseModelInput, progress: ReleaseProgress
) -> Steps[None]:
    """By scoring a period.

    1. The period: without it, nothing is begun.
    2. The golden set scored by the same pipeline that scores the period.
    3. Promotion: alias and stage.
    4. The period scored and published as a whole.
    """
    period = yield from _find_period(context, order)
    stage = GoldenSetInput(fleet=order.policy.fleet, golden=order.policy.golden, trace=order.trace)
    staged = yield from call(context, names.STAGE_GOLDEN_SET, stage, StagedGoldenSet)
    golden_job, job = names.release_jobs(context.instance_id)
    progress.scoring = golden_job
    yield from run_scoring_job(context, order, golden_job, staged.path, rows="features")
    progress.scoring = None
    test = TestPredictionsInput(fleet=order.policy.fleet, golden=order.policy.golden, job=golden_job, trace=order.trace)
    golden = yield from call(context, names.TEST_PREDICTIONS, test, GoldenResult)
    yield from _require(context, order, golden)

    yield from _promote(context, order, progress)

    progress.scoring = job
    yield from run_scoring_job(context, order, job, period.path, rows="dataset")
    progress.scoring = None
    progress.publishing = True
    published = yield from publish_period(context, order, job, period)
    # Where readers are: a later release that is undone brings them back there.
    where, rows = (published.kept, None) if published.kept else (published.path, published.rows)
    progress.serving = Serving(mode="batch", published=where, rows=rows)
    reason = told_of(published, order.version)
    yield from attempt(note(context, order, "PredictionsPublished", reason, published.to_wire()))


def _find_period(context: task.OrchestrationContext, order: ReleaseModelInput) -> Steps[DatasetRef]:
    """What the version was trained on, or, where another dataset is scored, the newest version of that."""
    scored = order.policy.serve.dataset
    if scored is None or scored == order.dataset.dataset:
        return order.dataset
    find = FindDatasetInput(fleet=order.policy.fleet, dataset=scored, labels=order.policy.labels, trace=order.trace)
    return (yield from call(context, names.FIND_DATASET, find, DatasetRef))


# ── Both ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _require(context: task.OrchestrationContext, order: ReleaseModelInput, golden: GoldenResult) -> Steps[None]:
    yield from note(context, order, "GoldenSetTested", golden.reason, golden.to_wire())
    if not golden.passed:
        msg = f"Version {order.version} failed its golden set: {golden.reason}."
        raise ReleaseRefusedError(msg)


def _promote(context: task.OrchestrationContext, order: ReleaseModelInput, progress: ReleaseProgress) -> Steps[None]:
    context.set_custom_status({"step": "promoting", "version": order.version})
    promote = PromoteVersionInput(model=order.model, version=order.version, trace=order.trace)
    progress.promoting = True
    promotion = yield from call(context, names.PROMOTE_VERSION, promote, Promotion)
    progress.promotion = promotion
    before = f"version {promotion.previous} before" if promotion.previous else "none before"
    reason = f"Version {order.version} is champion, {before}."
    yield from note(context, order, "VersionPromoted", reason, promotion.to_wire())


def _outcome(order: ReleaseModelInput, progress: ReleaseProgress, reason: str, problems: list[str]) -> ReleaseOutcome:
    if progress.serving is None:
        end = (
            f"could not be undone completely, so a person has to look ({'; '.join(problems)})"
            if problems
            else "was undone"
        )
        reason = f"Release of version {order.version} failed and {end}: {reason}"
    return ReleaseOutcome(
        model=order.model,
        version=order.version,
        attempt=order.attempt,
        released=progress.serving is not None,
        reason=short(reason),
        serving=progress.serving,
        previous=progress.promotion.previous if progress.promotion else None,
    )


def _released(order: ReleaseModelInput, serving: Serving | None) -> str:
    assert serving is not None  # both ways of a release end in serving
    if serving.route is not None:
        where = f"behind the shared endpoint {serving.endpoint} as {serving.deployment}"
        return f"Version {order.version} serves {where}, as {serving.route} tells."
    if serving.mode == "online":
        return f"Version {order.version} serves behind the endpoint {serving.endpoint} as {serving.deployment}."
    if serving.rows is None:
        return f"Version {order.version} is in production. Readers stay at {serving.published}, of a later period."
    return f"Version {order.version} serves by published predictions in {serving.published}."
