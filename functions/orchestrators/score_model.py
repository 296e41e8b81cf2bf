"""`score_model`: a period scored with the champion of a batch model, and published."""

from datetime import timedelta

from durabletask import task

from functions.boundary import Steps, explain, orchestrator, short
from functions.orchestrators.scoring_steps import ScoringFailedError, publish_period, run_scoring_job, told_of
from functions.orchestrators.steps import STEP_FAILED, attempt, now, tell_interlock, write_ledger
from functions.orchestrators.submitting import JobNameTakenError
from functions.orchestrators.waiting import stop_job
from shared.contracts.interlock import ScoringFinished
from shared.contracts.published_predictions import PublishedPredictions
from shared.contracts.scoring import ScoreModelInput, ScoringOutcome


@orchestrator
def score_model(context: task.OrchestrationContext, order: ScoreModelInput) -> Steps[ScoringOutcome]:
    """Score a period and publish it, and tell the interlock how it ended, whatever happens."""
    ours = True
    try:
        outcome = yield from _score(context, order)
    except (*STEP_FAILED, ScoringFailedError) as error:
        job_failed = isinstance(error, ScoringFailedError) and error.job_failed
        outcome = _failed(order, explain(error), job_failed=job_failed)
        ours = not isinstance(error, JobNameTakenError)
    # Told before anything else is tried, so that nothing can keep the interlock waiting for ever.
    tell_interlock(context, ScoringFinished(model=order.model, at=now(context), trace=order.trace, outcome=outcome))
    if outcome.outcome == "failed" and ours:
        yield from attempt(stop_job(context, context.instance_id, order.trace))
    yield from attempt(_note(context, order, outcome))
    context.set_custom_status({"step": outcome.outcome, "reason": outcome.reason})
    return outcome


def _score(context: task.OrchestrationContext, order: ScoreModelInput) -> Steps[ScoringOutcome]:
    """The way to published predictions.

    1. Run the scoring job; its name is this instance's id, so that a repeated submit finds it.
    2. Publish its predictions as a whole; readers are pointed to them last, unless a later period is published already.
    """
    job = context.instance_id
    yield from run_scoring_job(context, order, job, order.dataset.path, rows="dataset", as_of=order.as_of)
    published = yield from publish_period(context, order, job, order.dataset, order.as_of)
    return _scored(order, published)


def _scored(order: ScoreModelInput, published: PublishedPredictions) -> ScoringOutcome:
    staleness = _staleness(order)
    moment = f" as of {order.as_of.date().isoformat()}" if order.as_of else ""
    told = f"Dataset version {order.dataset.version}{moment}: {told_of(published, order.version)}"
    return ScoringOutcome(
        model=order.model,
        attempt=order.attempt,
        outcome="scored",
        reason=short(f"{told} {staleness}".rstrip()),
        version=order.version,
        dataset=order.dataset.version,
        published=published.path,
        rows=published.rows,
        current=published.kept is None,
        stale=bool(staleness),
    )


def _staleness(order: ScoreModelInput) -> str:
    """That the champion is too old for the moment that it scores for; empty when it is not."""
    allowed, since = order.policy.stale_days, order.champion_since
    if allowed is None or since is None:
        return ""
    age = order.stands_for - since
    if age <= timedelta(days=allowed):
        return ""
    return f"The model is stale: champion for {age.days} days, where {allowed} are allowed. Train it again."


def _failed(order: ScoreModelInput, reason: str, *, job_failed: bool) -> ScoringOutcome:
    return ScoringOutcome(
        model=order.model,
        attempt=order.attempt,
        outcome="failed",
        reason=short(f"Scoring {order.attempt} failed: {reason}"),
        version=order.version,
        dataset=order.dataset.version,
        job_failed=job_failed,
    )


def _note(context: task.OrchestrationContext, order: ScoreModelInput, outcome: ScoringOutcome) -> Steps[None]:
    effect = "PredictionsPublished" if outcome.outcome == "scored" else "ScoringFailed"
    facts = {
        **outcome.model_dump(mode="json", exclude={"model", "outcome", "reason"}),
        "job": context.instance_id,
        "as_of": order.as_of.isoformat() if order.as_of else None,
        "fleet_revision": order.policy.revision,
    }
    yield from write_ledger(context, order.model, effect, outcome.reason, facts, order.trace)
