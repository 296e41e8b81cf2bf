"""`evaluate_version`: a version that a person has registered, held against the gates as one of our own is."""

from typing import Any

from durabletask import task

from functions.boundary import Steps, call, explain, orchestrator, short
from functions.orchestrators.baselines import (
    BaselineFailedError,
    register_baseline,
    submit_baseline,
    wait_for_baseline,
)
from functions.orchestrators.noting import note_versions
from functions.orchestrators.scoring_steps import ScoringFailedError, run_scoring_job
from functions.orchestrators.steps import STEP_FAILED, attempt, now, tell_interlock, write_ledger
from functions.orchestrators.submitting import JobNameTakenError, champion_input
from functions.orchestrators.waiting import stop_job
from shared import names
from shared.contracts.datasets import DatasetRef
from shared.contracts.evaluation import EvaluatedModel, EvaluateModelInput
from shared.contracts.interlock import VersionEvaluated
from shared.contracts.registry import HashVersionInput, VersionOrigin
from shared.contracts.scoring import ScoreModelInput
from shared.contracts.training import EvaluateVersionInput, EvaluationOutcome, TrainModelInput

_GUIDE = "see docs/evaluating-versions.md"


class NotEvaluableError(Exception):
    """The version cannot be evaluated as things are; the message says what would make it possible."""


@orchestrator
def evaluate_version(context: task.OrchestrationContext, order: EvaluateVersionInput) -> Steps[EvaluationOutcome]:
    """Judge a version that was not trained here, and tell its interlock how that ended, whatever happens.

    `rejected` is a version that did not pass its gates; `failed` an evaluation that did not come so far.
    """
    submitted = True
    try:
        outcome = yield from _evaluate(context, order)
    except (*STEP_FAILED, BaselineFailedError, ScoringFailedError, NotEvaluableError) as error:
        outcome = _failed(order, explain(error))
        submitted = not isinstance(error, (JobNameTakenError, NotEvaluableError))
    # Told before anything else is tried, so that nothing can keep the interlock waiting for ever.
    tell_interlock(context, VersionEvaluated(model=order.model, at=now(context), trace=order.trace, outcome=outcome))
    if outcome.outcome == "failed":
        if submitted:
            yield from attempt(stop_job(context, context.instance_id, order.trace))
        facts = {"version": order.version, "attempt": order.attempt}
        yield from attempt(write_ledger(context, order.model, "EvaluationFailed", outcome.reason, facts, order.trace))
    else:
        yield from note_versions(context, order.model, (order.version,), order.trace)
    context.set_custom_status({"step": outcome.outcome, "reason": outcome.reason})
    return outcome


def _evaluate(context: task.OrchestrationContext, order: EvaluateVersionInput) -> Steps[EvaluationOutcome]:
    """The way to a verdict.

    1. Hash its files: what is released later has to be what was judged.
    2. Submit the baseline's job, or find it submitted: a training on the same dataset version has had it.
    3. Run the scoring pipeline over the test period (`rows: evaluation`); its job has this instance's id.
    4. Judge its evaluation against the gates, beside the baseline's; what is missing fails.
    5. Write the figures into the ledger: from there a release reads them.
    """
    dataset = _dataset(order)
    key = HashVersionInput(model=order.model, version=order.version, dataset=dataset, trace=order.trace)
    origin = yield from call(context, names.HASH_VERSION, key, VersionOrigin)
    job, wanted = context.instance_id, order.policy.baseline
    # The baseline's job is the one of a training on the same dataset version.
    training = TrainModelInput(
        model=order.model, attempt=order.attempt, policy=order.policy, dataset=dataset, at=order.at, trace=order.trace
    )
    baseline = (yield from submit_baseline(context, training, wanted)) if wanted is not None else None
    scoring = ScoreModelInput(
        model=order.model,
        attempt=order.attempt,
        policy=order.policy,
        version=order.version,
        dataset=dataset,
        at=order.at,
        trace=order.trace,
    )
    watch = yield from run_scoring_job(
        context, scoring, job, dataset.path, rows="evaluation", beside=champion_input(order.model, order.champion)
    )
    if baseline is not None:
        yield from wait_for_baseline(context, baseline, watch)

    context.set_custom_status({"step": "judging", "job": job})
    evaluate = EvaluateModelInput(
        job=job,
        gates=order.policy.gates,
        dataset=dataset.version,
        baseline=baseline,
        at=now(context),
        trace=order.trace,
        champion=order.champion,
    )
    judged = yield from call(context, names.EVALUATE_MODEL, evaluate, EvaluatedModel)
    beside = {} if baseline is None else {"baseline": (yield from register_baseline(context, training, baseline))}
    outcome = _judged(order, judged)
    facts = _facts(order, dataset, job, judged) | {"origin": origin.to_wire()} | beside
    yield from write_ledger(context, order.model, "VersionEvaluated", outcome.reason, facts, order.trace)
    return outcome


def _dataset(order: EvaluateVersionInput) -> DatasetRef:
    """What it is evaluated on.

    Raises:
        NotEvaluableError: There is none, or no pipeline that could do it.
    """
    if order.policy.serve.pipeline is None:
        told = f"{order.model} is served online, so it has no scoring pipeline that could evaluate a version"
        raise NotEvaluableError(f"{told}: train it here instead, by its fleet file's pipeline; {_GUIDE}.")
    if order.dataset is None:
        told = f"the dataset {order.policy.train.dataset} has no version to evaluate it on"
        raise NotEvaluableError(f"{told}: let its source files land, and evaluate it again; {_GUIDE}.")
    return order.dataset


def _facts(order: EvaluateVersionInput, dataset: DatasetRef, job: str, judged: EvaluatedModel) -> dict[str, Any]:
    """What the ledger keeps of it: as of a registration, but for the run, which was not ours."""
    return {
        "version": order.version,
        "run": None,
        "job": job,
        "attempt": order.attempt,
        "dataset": dataset.version,
        "fleet_revision": order.policy.revision,
        "evaluation": judged.evaluation.to_wire(),
        "gates": [gate.to_wire() for gate in judged.verdict.gates],
    }


def _judged(order: EvaluateVersionInput, judged: EvaluatedModel) -> EvaluationOutcome:
    return EvaluationOutcome(
        model=order.model,
        version=order.version,
        attempt=order.attempt,
        outcome="passed" if judged.verdict.passed else "rejected",
        reason=short(judged.verdict.told_of(order.version)),
        evaluation=judged.evaluation,
        verdict=judged.verdict,
    )


def _failed(order: EvaluateVersionInput, reason: str) -> EvaluationOutcome:
    return EvaluationOutcome(
        model=order.model,
        version=order.version,
        attempt=order.attempt,
        outcome="failed",
        reason=short(f"Version {order.version} could not be evaluated: {reason}"),
    )
