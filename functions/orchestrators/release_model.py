"""`release_model`: a version that passed its gates into production, tested on the way, undone when a step fails."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import azure.durable_functions as df
from durabletask import task

from functions.boundary import PermanentFailure, Steps, call, explain, orchestrator
from functions.orchestrators.steps import (
    WaitTimeoutError,
    deploy_and_wait,
    now,
    tell_interlock,
    wait_for_job,
    write_ledger,
)
from shared import names
from shared.contracts.interlock import ReleaseFinished
from shared.contracts.jobs import FolderInput, JobState, ModelInput, SubmitJobInput
from shared.contracts.registry import ChampionRestored, PromoteVersionInput, Promotion, RestoreChampionInput
from shared.contracts.release import (
    DeploymentKey,
    DeploymentSpec,
    DeploymentState,
    GoldenResult,
    GoldenSetInput,
    PublishedPredictions,
    PublishPredictionsInput,
    ReleaseModelInput,
    ReleaseOutcome,
    Serving,
    ShiftTrafficInput,
    StagedGoldenSet,
    TestDeploymentInput,
    TestPredictionsInput,
    Traffic,
)

blueprint = df.Blueprint()

_SCORING_BUDGET: Final = timedelta(hours=2)


class ReleaseRefusedError(Exception):
    """A test on the way did not pass: the version does not go to production."""


@dataclass
class _Progress:
    """What has been done so far, and would have to be undone. Rebuilt by every replay."""

    qa: DeploymentKey | None = None
    production: DeploymentKey | None = None
    promotion: Promotion | None = None
    serving: Serving | None = None


@orchestrator(blueprint)
def release_model(context: task.OrchestrationContext, order: ReleaseModelInput) -> Steps[ReleaseOutcome]:
    """Release a version online or in batch, or leave everything as it was; tell the interlock either way."""
    progress = _Progress()
    try:
        yield from (_release_online if order.policy.serve.mode == "online" else _release_batch)(
            context, order, progress
        )
        assert progress.serving is not None  # both ways end in serving
        reason = f"Version {order.version} serves {_where(progress.serving)}."
        yield from _note(context, order, "ModelReleased", reason, {"serving": progress.serving.to_wire()})
        outcome = _outcome(order, progress, reason)
    except (PermanentFailure, task.TaskFailedError, WaitTimeoutError, ReleaseRefusedError) as error:
        outcome = yield from _give_up(context, order, progress, explain(error))
    tell_interlock(context, ReleaseFinished(model=order.model, at=now(context), trace=order.trace, outcome=outcome))
    context.set_custom_status({"step": "released" if outcome.released else "undone", "reason": outcome.reason})
    return outcome


# ── Online ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _release_online(context: task.OrchestrationContext, order: ReleaseModelInput, progress: _Progress) -> Steps[None]:
    """Behind an endpoint.

    1. A QA deployment at 0 % of the traffic.
    2. The golden set asked from it.
    3. Promotion: alias and stage.
    4. The production deployment, and all traffic to it.
    5. QA and what served before are torn down.
    """
    endpoint = order.policy.serve.endpoint
    assert endpoint is not None  # the fleet's schema requires it for online models
    qa = names.fitted(f"qa-v{order.version}-{order.attempt}")
    production = names.fitted(f"v{order.version}-{order.attempt}")

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
    shift = ShiftTrafficInput(endpoint=endpoint, traffic={production: 100}, trace=order.trace)
    traffic = yield from call(context, names.SHIFT_TRAFFIC, shift, Traffic)
    progress.serving = Serving(mode="online", endpoint=endpoint, deployment=production)
    yield from _note(
        context, order, "TrafficShifted", f"All traffic of {endpoint} goes to {production}.", traffic.to_wire()
    )

    for replaced in _replaced(order, qa, production):
        key = DeploymentKey(endpoint=endpoint, deployment=replaced, trace=order.trace)
        yield from call(context, names.DELETE_DEPLOYMENT, key, DeploymentState)
    yield from _note(context, order, "QaTornDown", f"The QA deployment {qa} is gone.", {"endpoint": endpoint})


def _replaced(order: ReleaseModelInput, qa: str, production: str) -> list[str]:
    """What is torn down: QA, and what the interlock knows to have served, however often this step is repeated."""
    before = order.replaces.deployment if order.replaces and order.replaces.mode == "online" else None
    return [name for name in (qa, before) if name is not None and name != production]


def _deploy(
    context: task.OrchestrationContext, order: ReleaseModelInput, endpoint: str, deployment: str, effect: str
) -> Steps[None]:
    context.set_custom_status({"step": effect, "deployment": deployment})
    spec = DeploymentSpec(
        endpoint=endpoint, deployment=deployment, model=order.model, version=order.version, trace=order.trace
    )
    state = yield from deploy_and_wait(context, spec)
    if state.status != "Succeeded":
        msg = f"The deployment {deployment} of {endpoint} failed: {state.error or 'no message'}"
        raise ReleaseRefusedError(msg)
    reason = f"Version {order.version} is deployed as {deployment}."
    yield from _note(context, order, effect, reason, {"endpoint": endpoint, "deployment": deployment})


# ── Batch ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _release_batch(context: task.OrchestrationContext, order: ReleaseModelInput, progress: _Progress) -> Steps[None]:
    """By scoring a period.

    1. The golden set scored by the same pipeline that scores the period.
    2. Promotion: alias and stage.
    3. The period scored and published as a whole.
    """
    stage = GoldenSetInput(fleet=order.policy.fleet, golden=order.policy.golden, trace=order.trace)
    staged = yield from call(context, names.STAGE_GOLDEN_SET, stage, StagedGoldenSet)
    golden_job = f"{context.instance_id}-golden"
    yield from _score(context, order, golden_job, staged.path, rows="features")
    test = TestPredictionsInput(fleet=order.policy.fleet, golden=order.policy.golden, job=golden_job, trace=order.trace)
    golden = yield from call(context, names.TEST_PREDICTIONS, test, GoldenResult)
    yield from _require(context, order, golden)

    yield from _promote(context, order, progress)

    job = f"{context.instance_id}-period"
    yield from _score(context, order, job, order.dataset.path, rows="dataset")
    publish = PublishPredictionsInput(
        model=order.model, version=order.version, job=job, dataset=order.dataset, trace=order.trace
    )
    published = yield from call(context, names.PUBLISH_PREDICTIONS, publish, PublishedPredictions)
    progress.serving = Serving(mode="batch", published=published.path, rows=published.rows)
    reason = f"{published.rows} predictions of version {order.version} are published."
    yield from _note(context, order, "PredictionsPublished", reason, published.to_wire())


def _score(
    context: task.OrchestrationContext, order: ReleaseModelInput, job: str, folder: str, rows: str
) -> Steps[None]:
    """Run the scoring pipeline: `rows` tells it whether `data` holds a dataset version or rows of features."""
    context.set_custom_status({"step": "scoring", "job": job})
    assert order.policy.serve.pipeline is not None  # the fleet's schema requires it for batch models
    submit = SubmitJobInput(
        name=job,
        fleet=order.policy.fleet,
        pipeline=order.policy.serve.pipeline,
        experiment=order.model,
        inputs={
            **order.policy.serve.parameters,
            "model": ModelInput(model=order.model, version=order.version),
            "data": FolderInput(type="uri_folder", path=folder),
            "rows": rows,
        },
        tags={"signalbox.instance": context.instance_id, "signalbox.model": order.model},
        trace=order.trace,
    )
    yield from call(context, names.SUBMIT_JOB, submit, JobState)
    state = yield from wait_for_job(context, job, _SCORING_BUDGET, order.trace)
    if state.status != "Completed":
        msg = f"The scoring job {job} ended as {state.status}: {state.error or 'no message'}"
        raise ReleaseRefusedError(msg)


# ── Both ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _require(context: task.OrchestrationContext, order: ReleaseModelInput, golden: GoldenResult) -> Steps[None]:
    yield from _note(context, order, "GoldenSetTested", golden.reason, golden.to_wire())
    if not golden.passed:
        msg = f"Version {order.version} failed its golden set: {golden.reason}."
        raise ReleaseRefusedError(msg)


def _promote(context: task.OrchestrationContext, order: ReleaseModelInput, progress: _Progress) -> Steps[None]:
    context.set_custom_status({"step": "promoting", "version": order.version})
    promote = PromoteVersionInput(model=order.model, version=order.version, trace=order.trace)
    promotion = yield from call(context, names.PROMOTE_VERSION, promote, Promotion)
    progress.promotion = promotion
    before = f"version {promotion.previous} before" if promotion.previous else "none before"
    reason = f"Version {order.version} is champion, {before}."
    yield from _note(context, order, "VersionPromoted", reason, promotion.to_wire())


def _give_up(
    context: task.OrchestrationContext, order: ReleaseModelInput, progress: _Progress, reason: str
) -> Steps[ReleaseOutcome]:
    """Undo what was done, unless the version serves already: then only the cleaning up has failed."""
    if progress.serving is not None:
        return _outcome(order, progress, f"Version {order.version} serves, but cleaning up failed: {reason}")
    try:
        yield from _undo(context, order, progress, reason)
    except (PermanentFailure, task.TaskFailedError) as error:
        told = f"could not be undone ({explain(error)}); a person has to look"
        return _outcome(order, progress, f"Release of version {order.version} failed and {told}: {reason}")
    return _outcome(order, progress, f"Release of version {order.version} failed and was undone: {reason}")


def _undo(
    context: task.OrchestrationContext, order: ReleaseModelInput, progress: _Progress, reason: str
) -> Steps[None]:
    """Leave everything as it was, in reverse order. Traffic is shifted last, so it never has to come back."""
    context.set_custom_status({"step": "undoing", "reason": reason})
    yield from _note(context, order, "ReleaseFailed", reason, {})
    for key in (progress.production, progress.qa):
        if key is not None:
            yield from call(context, names.DELETE_DEPLOYMENT, key, DeploymentState)
    if progress.promotion is not None:
        previous = progress.promotion.previous
        restore = RestoreChampionInput(model=order.model, version=order.version, previous=previous, trace=order.trace)
        yield from call(context, names.RESTORE_CHAMPION, restore, ChampionRestored)
        told = f"Version {previous} is champion again." if previous else "The model has no champion again."
        yield from _note(context, order, "PromotionUndone", told, {"previous": previous})


def _outcome(order: ReleaseModelInput, progress: _Progress, reason: str) -> ReleaseOutcome:
    return ReleaseOutcome(
        model=order.model,
        version=order.version,
        attempt=order.attempt,
        released=progress.serving is not None,
        reason=reason,
        serving=progress.serving,
        previous=progress.promotion.previous if progress.promotion else None,
    )


def _note(
    context: task.OrchestrationContext, order: ReleaseModelInput, effect: str, reason: str, facts: dict[str, Any]
) -> Steps[None]:
    yield from write_ledger(context, order.model, effect, reason, {"version": order.version, **facts}, order.trace)


def _where(serving: Serving) -> str:
    if serving.mode == "online":
        return f"behind the endpoint {serving.endpoint} as {serving.deployment}"
    return f"by published predictions in {serving.published}"
