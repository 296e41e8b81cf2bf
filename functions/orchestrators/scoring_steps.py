"""Steps that a release in batch and a scoring share: the scoring job, and its predictions published."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal

from durabletask import task

from functions.boundary import Steps, call
from functions.orchestrators.steps import now
from functions.orchestrators.submitting import submit_job
from functions.orchestrators.waiting import wait_for_job
from shared import names
from shared.contracts.datasets import DatasetRef
from shared.contracts.jobs import (
    FolderInput,
    JobInput,
    JobOutcome,
    ModelInput,
    SubmitJobInput,
    WatchJobInput,
    job_parameters,
    job_tags,
)
from shared.contracts.published_predictions import PublishedPredictions, PublishPredictionsInput
from shared.contracts.release import ReleaseModelInput
from shared.contracts.scoring import ScoreModelInput

_SCORING_MINUTES: Final = 120


#: How a job ends by its own fault; what else ended it, an outage or a person, says nothing of the version.
_OWN_FAULT: Final[frozenset[JobOutcome]] = frozenset({"failed", "hung"})


class ScoringFailedError(Exception):
    """There are no predictions: the scoring job did not end well, or there can be none.

    Attributes:
        job_failed: Whether the job itself failed, or ran for too long.
    """

    def __init__(self, message: str, *, job_failed: bool = False) -> None:
        super().__init__(message)
        self.job_failed = job_failed


def run_scoring_job(
    context: task.OrchestrationContext,
    order: ReleaseModelInput | ScoreModelInput,
    job: str,
    folder: str,
    *,
    rows: Literal["dataset", "features", "evaluation"],
    as_of: datetime | None = None,
    beside: Mapping[str, JobInput] | None = None,
) -> Steps[WatchJobInput]:
    """Run the model's scoring pipeline, and wait for its end.

    Args:
        context: The orchestration that waits.
        order: Whose version is scored.
        job: The job's name: a repeated submit finds it.
        folder: What is scored, in the data container.
        rows: Tells the pipeline what is wanted of `folder`: the next period of a dataset version, its test period with
            what happened, or a prediction for each of its rows of features.
        as_of: The moment that the scoring stands for, where that is not now.
        beside: Further inputs of the pipeline.

    Returns:
        How the job was waited for.

    Raises:
        ScoringFailedError: The job failed, ran longer than two hours and was cancelled, or the model has no scoring
            pipeline.
    """
    context.set_custom_status({"step": "scoring", "job": job})
    serve = order.policy.serve
    if serve.pipeline is None:
        msg = f"{order.model} is served online: it has no pipeline that scores a period."
        raise ScoringFailedError(msg)
    inputs: dict[str, JobInput] = {
        **job_parameters(serve.parameters, as_of),
        "model": ModelInput(model=_registered(order), version=order.version),
        "data": FolderInput(type="uri_folder", path=folder),
        "rows": rows,
        **(beside or {}),
    }
    yield from submit_job(context, _job(context.instance_id, order, job, serve.pipeline, inputs))
    queue = order.policy.train.queue_timeout_minutes
    watch = WatchJobInput(
        name=job, queue_minutes=queue, run_minutes=_SCORING_MINUTES, ours=True, since=now(context), trace=order.trace
    )
    end = yield from wait_for_job(context, watch)
    if end.outcome != "completed":
        raise ScoringFailedError(end.reason, job_failed=end.outcome in _OWN_FAULT)
    return watch


def _job(
    instance: str, order: ReleaseModelInput | ScoreModelInput, job: str, pipeline: str, inputs: Mapping[str, JobInput]
) -> SubmitJobInput:
    return SubmitJobInput(
        name=job,
        fleet=order.policy.fleet,
        pipeline=pipeline,
        experiment=order.model,
        inputs=dict(inputs),
        tags=job_tags(order.policy.tags, {"signalbox.instance": instance, "signalbox.model": order.model}),
        trace=order.trace,
    )


def publish_period(
    context: task.OrchestrationContext,
    order: ReleaseModelInput | ScoreModelInput,
    job: str,
    dataset: DatasetRef,
    as_of: datetime | None = None,
) -> Steps[PublishedPredictions]:
    """Publish what a scoring job predicted for a dataset version."""
    context.set_custom_status({"step": "publishing", "job": job})
    publish = PublishPredictionsInput(
        model=order.model, version=_published_as(order), job=job, dataset=dataset, as_of=as_of, trace=order.trace
    )
    return (yield from call(context, names.PUBLISH_PREDICTIONS, publish, PublishedPredictions))


def _published_as(order: ReleaseModelInput | ScoreModelInput) -> str:
    """Under which version readers find it: a baseline's versions have numbers that the model's own have, too."""
    stands_in = isinstance(order, ScoreModelInput) and order.stands_in is not None
    return f"{names.BASELINE}-{order.version}" if stands_in else order.version


def _registered(order: ReleaseModelInput | ScoreModelInput) -> str:
    """The registered model that the version is of: another one where the baseline stands in."""
    return order.stands_in or order.model if isinstance(order, ScoreModelInput) else order.model


def told_of(published: PublishedPredictions, version: str) -> str:
    """What was published, for a person."""
    told = f"{published.rows} predictions of version {version} are published."
    return told if published.kept is None else f"{told} They are not current: {published.kept} is of a later period."
