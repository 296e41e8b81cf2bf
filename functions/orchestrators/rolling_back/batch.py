"""Back to published predictions of the last good version."""

from functions.boundary import PermanentFailure, Steps, call
from functions.orchestrators.rolling_back.rollback import Rollback, move_alias, require_files, tried
from functions.orchestrators.scoring_steps import ScoringFailedError, publish_period, run_scoring_job, told_of
from functions.orchestrators.steps import STEP_FAILED
from functions.orchestrators.submitting import JobNameTakenError
from functions.orchestrators.waiting import stop_job
from shared import names
from shared.contracts.datasets import DatasetRef
from shared.contracts.published_predictions import PredictionsRestored, RestorePredictionsInput
from shared.contracts.release import Serving
from shared.contracts.scoring import ScoreModelInput


def go_back_in_batch(rollback: Rollback) -> Steps[None]:
    """Readers, alias and stage, and the period once more.

    Readers are pointed at once to what the version has published last: a scoring takes its time. Where it has published
    nothing, or they cannot be pointed there, they stay where they are until the period is published again.
    """
    restored = yield from tried(_restore(rollback))
    yield from move_alias(rollback)
    scored = yield from rollback.take("the period", _score_again(rollback))
    yield from move_alias(rollback)
    if restored is not None and not scored:
        rollback.problems.append(f"readers: {restored}")


def _restore(rollback: Rollback) -> Steps[None]:
    order, recorded = rollback.order, rollback.wanted.serving
    if recorded is None or recorded.published is None:
        return
    rollback.begun = True
    rollback.context.set_custom_status({"step": "pointing readers back", "published": recorded.published})
    restore = RestorePredictionsInput(model=order.model, published=recorded.published, trace=order.trace)
    yield from call(rollback.context, names.RESTORE_PREDICTIONS, restore, PredictionsRestored)
    rollback.serving = recorded
    told = f"Readers are at {recorded.published} again."
    yield from rollback.note("PredictionsRestored", told, {"published": recorded.published})


def _score_again(rollback: Rollback) -> Steps[None]:
    """Score the period and publish it.

    Raises:
        PermanentFailure: There is no such period, the files are not those that were registered, or readers stay at what
            the version that was left has published of a later one.
        ScoringFailedError: The job did not end well.
    """
    order, wanted = rollback.order, rollback.wanted
    period = order.period or wanted.dataset
    if period is None:
        if rollback.serving is not None:
            return
        raise PermanentFailure("NoPeriod", f"No period is known that {rollback.told_of} could be asked for.")
    remark = yield from require_files(rollback)
    score = ScoreModelInput(
        model=order.model,
        attempt=order.attempt,
        policy=order.policy,
        version=wanted.version,
        dataset=period,
        at=order.at,
        trace=order.trace,
        stands_in=wanted.model if rollback.stands_in else None,
    )
    _, job = names.release_jobs(rollback.context.instance_id)
    yield from _run(rollback, score, job, period)
    rollback.begun = True
    published = yield from publish_period(rollback.context, score, job, period)
    if published.kept is not None and rollback.serving is None:
        told = f"Readers stay at {published.kept}, of a later period, and could not be pointed back"
        raise PermanentFailure("ReadersStay", told)
    where, rows = (published.kept, None) if published.kept else (published.path, published.rows)
    rollback.serving = Serving(mode="batch", published=where, rows=rows)
    rollback.wanted = wanted.model_copy(update={"dataset": period})
    yield from rollback.note(
        "PredictionsPublished", f"{told_of(published, wanted.version)}{remark}", published.to_wire()
    )


def _run(rollback: Rollback, score: ScoreModelInput, job: str, period: DatasetRef) -> Steps[None]:
    """The scoring job; one that is given up is stopped, unless it is somebody else's."""
    try:
        yield from run_scoring_job(rollback.context, score, job, period.path, rows="dataset")
    except JobNameTakenError:
        raise
    except (*STEP_FAILED, ScoringFailedError):
        yield from tried(stop_job(rollback.context, job, rollback.order.trace))
        raise
