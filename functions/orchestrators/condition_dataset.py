"""`condition_dataset`: raw files of one cell to a published dataset version."""

import azure.durable_functions as df
from durabletask import task

from functions.boundary import PermanentFailure, Steps, call, explain, orchestrator, schedule, unpack
from functions.orchestrators.steps import now, tell_interlock
from shared import names
from shared.contracts.datasets import (
    ConcernedModels,
    ConcernedModelsInput,
    ConditionDatasetInput,
    ConditionedSource,
    ConditionSourceInput,
    DatasetOutcome,
    DatasetRef,
    PublishDatasetInput,
    SourceFiles,
)
from shared.contracts.deliveries import Delivery, DeliveryRecorded, Outcome
from shared.contracts.interlock import DatasetPublished

blueprint = df.Blueprint()


@orchestrator(blueprint)
def condition_dataset(context: task.OrchestrationContext, order: ConditionDatasetInput) -> Steps[DatasetOutcome]:
    """Publish a dataset version when every source of its cell has landed, and record how it went.

    What cannot be conditioned is recorded as dead; what failed for now is recorded as such, and the search for lost
    events tries it again. Either way this instance fails, too.
    """
    try:
        outcome = yield from _condition(context, order)
    except (PermanentFailure, task.TaskFailedError) as error:
        yield from _conclude(
            context, order, "dead" if isinstance(error, PermanentFailure) else "failed", explain(error)
        )
        raise
    if outcome.published is None:
        yield from _conclude(context, order, "waiting", "Waiting for " + ", ".join(outcome.waiting_for) + ".")
    else:
        version, rejected = outcome.published.version, outcome.published.rejected
        told = f"Dataset version {version}; {rejected} rows in quarantine; {outcome.told} models were told."
        yield from _conclude(context, order, "done", told)
    return outcome


def _condition(context: task.OrchestrationContext, order: ConditionDatasetInput) -> Steps[DatasetOutcome]:
    """The way to a version.

    1. Find the files of the cell; end here while one is missing: its arrival will ask again.
    2. Condition all sources, at the same time.
    3. Publish the version. It is content-addressed: two arrivals that both see everything publish the same one.
    4. Tell the interlock of each model that is trained on it.
    """
    context.set_custom_status({"step": "looking for sources", "cell": order.cell})
    files = yield from call(context, names.FIND_SOURCE_FILES, order, SourceFiles)
    if files.missing:
        return DatasetOutcome(published=None, waiting_for=files.missing)

    context.set_custom_status({"step": "conditioning", "sources": [file.source for file in files.present]})
    orders = [ConditionSourceInput(fleet=order.fleet, file=file, trace=order.trace) for file in files.present]
    values = yield task.when_all([schedule(context, names.CONDITION_SOURCE, one) for one in orders])
    sources = tuple(unpack(value, ConditionedSource) for value in values)

    context.set_custom_status({"step": "publishing", "rows": sum(source.rows_out for source in sources)})
    publish = PublishDatasetInput(dataset=order.dataset, cell=order.cell, sources=sources, trace=order.trace)
    dataset = yield from call(context, names.PUBLISH_DATASET, publish, DatasetRef)

    told = yield from _tell_models(context, order, dataset)
    context.set_custom_status({"step": "published", "version": dataset.version})
    return DatasetOutcome(published=dataset, told=told)


def _conclude(
    context: task.OrchestrationContext, order: ConditionDatasetInput, outcome: Outcome, reason: str
) -> Steps[DeliveryRecorded]:
    delivery = Delivery(
        channel="conditioning",
        key=order.key,
        subject=order.subject,
        received_at=now(context),
        outcome=outcome,
        reason=reason,
        body=order.model_dump_json(),
    )
    return (yield from call(context, names.CONCLUDE_DELIVERY, delivery, DeliveryRecorded))


def _tell_models(context: task.OrchestrationContext, order: ConditionDatasetInput, dataset: DatasetRef) -> Steps[int]:
    """Signal every concerned interlock, a page of policies at a time; how many there were."""
    told = 0
    page, more = 0, True
    while more:
        ask = ConcernedModelsInput(fleet=order.fleet, dataset=dataset, page=page, trace=order.trace)
        concerned = yield from call(context, names.FIND_CONCERNED_MODELS, ask, ConcernedModels)
        for policy in concerned.policies:
            event = DatasetPublished(model=policy.model, at=order.at, trace=order.trace, policy=policy, dataset=dataset)
            tell_interlock(context, event)
            told += 1
        page, more = page + 1, concerned.more
    return told
