"""`train_model`: from a dataset version to a registered, judged model version."""

from datetime import datetime
from typing import Any, Final

from durabletask import task

from functions.boundary import Steps, call, explain, orchestrator, short
from functions.orchestrators.baselines import (
    BaselineFailedError,
    register_baseline,
    submit_baseline,
    wait_for_baseline,
)
from functions.orchestrators.noting import note_versions
from functions.orchestrators.steps import STEP_FAILED, attempt, now, tell_interlock, write_ledger
from functions.orchestrators.submitting import JobNameTakenError, champion_input, submit_job
from functions.orchestrators.waiting import stop_job, training_watch, wait_for_job
from shared import names
from shared.contracts.evaluation import BaselineJob, EvaluatedModel, EvaluateModelInput
from shared.contracts.interlock import TrainingFinished
from shared.contracts.jobs import (
    FolderInput,
    JobEnd,
    SubmitJobInput,
    job_parameters,
    job_tags,
)
from shared.contracts.registry import RegisteredVersion, RegisterVersionInput
from shared.contracts.training import TrainingOutcome, TrainModelInput

#: Of a verdict with all its gates; each gate keeps its own in full.
_REASON_LIMIT: Final = 1500
#: What the ledger calls a training that led to no version.
_EFFECTS: Final = {"failed": "TrainingFailed", "superseded": "TrainingSuperseded", "unwanted": "TrainingUnwanted"}


@orchestrator
def train_model(context: task.OrchestrationContext, order: TrainModelInput) -> Steps[TrainingOutcome]:
    """Train, judge and register a model, and tell its interlock how it ended, whatever happens.

    `rejected` is a model that did not pass its gates; `failed` is a run that did not come so far; of one that is
    `superseded` or `unwanted` the job was cancelled, and has stopped.
    """
    ours = True
    try:
        outcome = yield from _train(context, order)
    except (*STEP_FAILED, BaselineFailedError) as error:
        outcome = _failed(order, explain(error))
        ours = not isinstance(error, JobNameTakenError)
    # Told before anything else is tried, so that nothing can keep the interlock waiting for ever.
    tell_interlock(context, TrainingFinished(model=order.model, at=now(context), trace=order.trace, outcome=outcome))
    if outcome.outcome == "failed" and ours:
        yield from attempt(stop_job(context, context.instance_id, order.trace))
    if (effect := _EFFECTS.get(outcome.outcome)) is not None:
        facts = {"attempt": order.attempt, "dataset": order.dataset.version}
        yield from attempt(write_ledger(context, order.model, effect, outcome.reason, facts, order.trace))
    yield from note_versions(context, order.model, (outcome.version,), order.trace)
    context.set_custom_status({"step": outcome.outcome, "reason": outcome.reason})
    return outcome


def _train(context: task.OrchestrationContext, order: TrainModelInput) -> Steps[TrainingOutcome]:
    """The way to a version.

    1. Submit the jobs, the baseline's and the model's: a repeated submit finds them by their names.
    2. Wait for both without holding a thread.
    3. Judge the model's evaluation against the gates, beside the baseline's; what is missing fails.
    4. Register both, the model passed or rejected: the registry is the memory.
    """
    job = context.instance_id
    baseline = yield from _submit(context, order, job)
    end = yield from _wait(context, order, job, baseline, since=now(context))
    if end.outcome != "completed":
        return _not_completed(order, end)

    context.set_custom_status({"step": "judging", "job": job})
    evaluate = EvaluateModelInput(
        job=job,
        gates=order.policy.gates,
        dataset=order.dataset.version,
        baseline=baseline,
        at=now(context),
        trace=order.trace,
        champion=order.champion,
    )
    judged = yield from call(context, names.EVALUATE_MODEL, evaluate, EvaluatedModel)

    # The baseline first: a version of the model always finds what it was judged by.
    beside = {} if baseline is None else {"baseline": (yield from register_baseline(context, order, baseline))}
    register = _registration(order, job, judged)
    version = yield from call(context, names.REGISTER_VERSION, register, RegisteredVersion)
    outcome = _judged(order, version.version, judged)
    facts = _facts(order, version, job, judged) | beside
    yield from write_ledger(context, order.model, "ModelRegistered", outcome.reason, facts, order.trace)
    return outcome


def _submit(context: task.OrchestrationContext, order: TrainModelInput, job: str) -> Steps[BaselineJob | None]:
    """Both jobs, the baseline's first: it is short, and other models may wait for it."""
    wanted = order.policy.baseline
    baseline = (yield from submit_baseline(context, order, wanted)) if wanted is not None else None
    context.set_custom_status({"step": "training", "job": job})
    yield from submit_job(context, _job(order, job))
    facts = {
        "job": job,
        "attempt": order.attempt,
        "dataset": order.dataset.version,
        "pipeline": order.policy.train.pipeline,
    }
    if baseline is not None:
        facts["baseline_job"] = baseline.job
    if order.requested_by is not None:
        facts["requested_by"] = order.requested_by
    reason = f"Dataset version {order.dataset.version}"
    yield from write_ledger(context, order.model, "TrainingStarted", reason, facts, order.trace)
    return baseline


def _wait(
    context: task.OrchestrationContext, order: TrainModelInput, job: str, baseline: BaselineJob | None, since: datetime
) -> Steps[JobEnd]:
    """Wait for both jobs, whose budgets begin at once; how the model's own ended.

    A baseline's job goes on when the model's fails: other models wait for it. When a budget ends it has had the whole
    of it, too, and is cancelled.
    """
    watch = training_watch(order.policy, job, since, order.trace)
    end = yield from wait_for_job(context, watch)
    if end.outcome != "completed":
        if baseline is not None and end.outcome == "expired":
            yield from attempt(stop_job(context, baseline.job, order.trace))
        return end
    if baseline is not None:
        yield from wait_for_baseline(context, baseline, watch)
    return end


def _facts(order: TrainModelInput, version: RegisteredVersion, job: str, judged: EvaluatedModel) -> dict[str, Any]:
    """What the ledger keeps of a registration."""
    return {
        "version": version.version,
        "run": version.run_id,
        "job": job,
        "dataset": order.dataset.version,
        "fleet_revision": order.policy.revision,
        "evaluation": judged.evaluation.to_wire(),
        "gates": [gate.to_wire() for gate in judged.verdict.gates],
        **({"origin": version.origin.to_wire()} if version.origin else {}),  # as `VersionOrigin`
    }


def _job(order: TrainModelInput, name: str) -> SubmitJobInput:
    return SubmitJobInput(
        name=name,
        fleet=order.policy.fleet,
        pipeline=order.policy.train.pipeline,
        experiment=order.model,
        inputs={
            **job_parameters(order.policy.train.parameters, None),
            "dataset": FolderInput(type="uri_folder", path=order.dataset.path),
            **champion_input(order.model, order.champion),
        },
        tags=job_tags(
            order.policy.tags,
            {
                "signalbox.instance": name,
                "signalbox.model": order.model,
                "signalbox.dataset": order.dataset.version,
                "signalbox.attempt": str(order.attempt),
            },
        ),
        trace=order.trace,
    )


def _registration(order: TrainModelInput, job: str, judged: EvaluatedModel) -> RegisterVersionInput:
    return RegisterVersionInput(
        model=order.model,
        fleet=order.policy.fleet,
        revision=order.policy.revision,
        job=job,
        attempt=order.attempt,
        dataset=order.dataset,
        evaluation=judged.evaluation,
        verdict=judged.verdict,
        tags=order.policy.tags,
        trace=order.trace,
    )


def _judged(order: TrainModelInput, version: str, judged: EvaluatedModel) -> TrainingOutcome:
    return TrainingOutcome(
        model=order.model,
        attempt=order.attempt,
        outcome="passed" if judged.verdict.passed else "rejected",
        reason=judged.verdict.told_of(version)[:_REASON_LIMIT],
        version=version,
        evaluation=judged.evaluation,
        verdict=judged.verdict,
    )


def _not_completed(order: TrainModelInput, end: JobEnd) -> TrainingOutcome:
    """A job that nobody wants any more has not failed, unless it may still be running."""
    match end.outcome:
        case "superseded" | "unwanted" as outcome if end.stopped:
            reason = short(f"Training {order.attempt} was given up: {end.reason}")
            return TrainingOutcome(model=order.model, attempt=order.attempt, outcome=outcome, reason=reason)
        case _:
            return _failed(order, end.reason)


def _failed(order: TrainModelInput, reason: str) -> TrainingOutcome:
    return TrainingOutcome(
        model=order.model,
        attempt=order.attempt,
        outcome="failed",
        reason=short(f"Training {order.attempt} failed: {reason}"),
    )
