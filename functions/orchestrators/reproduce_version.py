"""`reproduce_version`: a version made again from its lineage, beside the one that is registered."""

from durabletask import task

from functions.boundary import Steps, call, orchestrator
from functions.orchestrators.steps import now
from functions.orchestrators.submitting import submit_job
from functions.orchestrators.waiting import training_watch, wait_for_job
from shared import names
from shared.contracts.datasets import DatasetRef, FindDatasetInput
from shared.contracts.jobs import INSTANCE_TAG, FolderInput, SubmitJobInput, job_parameters, job_tags
from shared.contracts.reproduction import (
    CompareReproductionInput,
    RecordedTraining,
    RecordedVersionKey,
    ReproduceVersionInput,
    Reproduction,
)


class NotReproducedError(Exception):
    """The job that was to make the version again did not complete; fails the instance, so that callers see it."""


@orchestrator
def reproduce_version(context: task.OrchestrationContext, order: ReproduceVersionInput) -> Steps[Reproduction]:
    """Train on the same data by the same pipeline, and compare; nothing is registered, and no model hears of it.

    1. What the ledger says the version was made of.
    2. The dataset version, which has to be there still.
    3. The job, under a name of its own.
    4. Files and figures, compared.
    """
    policy, job = order.policy, context.instance_id
    key = RecordedVersionKey(model=policy.model, version=order.version, trace=order.trace)
    recorded = yield from call(context, names.FIND_RECORDED_VERSION, key, RecordedTraining)
    find = FindDatasetInput(
        fleet=policy.fleet,
        dataset=policy.train.dataset,
        labels=policy.labels,
        version=recorded.dataset,
        trace=order.trace,
    )
    dataset = yield from call(context, names.FIND_DATASET, find, DatasetRef)

    context.set_custom_status({"step": "training", "job": job, "dataset": dataset.version})
    yield from _train_again(context, order, job, dataset)

    context.set_custom_status({"step": "comparing", "job": job})
    compare = CompareReproductionInput(
        model=policy.model, version=order.version, job=job, recorded=recorded, trace=order.trace
    )
    return (yield from call(context, names.COMPARE_REPRODUCTION, compare, Reproduction))


def _train_again(
    context: task.OrchestrationContext, order: ReproduceVersionInput, job: str, dataset: DatasetRef
) -> Steps[None]:
    """Run the model's pipeline once more, and wait for its end.

    Raises:
        NotReproducedError: It did not complete.
    """
    yield from submit_job(context, _job(order, job, dataset))
    end = yield from wait_for_job(context, training_watch(order.policy, job, now(context), order.trace))
    if end.outcome != "completed":
        raise NotReproducedError(end.reason)


def _job(order: ReproduceVersionInput, job: str, dataset: DatasetRef) -> SubmitJobInput:
    policy = order.policy
    tags = {
        INSTANCE_TAG: job,
        "signalbox.kind": "reproduction",
        "signalbox.reproduces": f"{policy.model}@{order.version}",
    }
    return SubmitJobInput(
        name=job,
        fleet=policy.fleet,
        pipeline=policy.train.pipeline,
        experiment=policy.model,
        inputs={
            **job_parameters(policy.train.parameters, None),
            "dataset": FolderInput(type="uri_folder", path=dataset.path),
        },
        tags=job_tags(policy.tags, tags),
        trace=order.trace,
    )
