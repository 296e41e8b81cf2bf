"""`condition_dataset`: raw files of one cell to a published dataset version."""

import azure.durable_functions as df
from durabletask import task

from functions.boundary import Steps, call, orchestrator, schedule, unpack
from functions.orchestrators.steps import tell_interlock
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
from shared.contracts.interlock import DatasetPublished

blueprint = df.Blueprint()


@orchestrator(blueprint)
def condition_dataset(context: task.OrchestrationContext, order: ConditionDatasetInput) -> Steps[DatasetOutcome]:
    """Publish a dataset version when every source of its cell has landed, and tell the models.

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
    values = yield task.when_all(
        [
            schedule(
                context,
                names.CONDITION_SOURCE,
                ConditionSourceInput(
                    fleet=order.fleet, dataset=order.dataset, cell=order.cell, file=file, trace=order.trace
                ),
            )
            for file in files.present
        ]
    )
    sources = tuple(unpack(value, ConditionedSource) for value in values)

    context.set_custom_status({"step": "publishing", "rows": sum(source.rows_out for source in sources)})
    publish = PublishDatasetInput(
        fleet=order.fleet, dataset=order.dataset, cell=order.cell, sources=sources, trace=order.trace
    )
    dataset = yield from call(context, names.PUBLISH_DATASET, publish, DatasetRef)

    told = yield from _tell_models(context, order, dataset)
    context.set_custom_status({"step": "published", "version": dataset.version})
    return DatasetOutcome(published=dataset, told=told)


def _tell_models(
    context: task.OrchestrationContext, order: ConditionDatasetInput, dataset: DatasetRef
) -> Steps[tuple[str, ...]]:
    """Signal every concerned interlock, a page of policies at a time."""
    told: list[str] = []
    page, more = 0, True
    while more:
        ask = ConcernedModelsInput(fleet=order.fleet, dataset=dataset, page=page, trace=order.trace)
        concerned = yield from call(context, names.FIND_CONCERNED_MODELS, ask, ConcernedModels)
        for policy in concerned.policies:
            event = DatasetPublished(model=policy.model, at=order.at, trace=order.trace, policy=policy, dataset=dataset)
            tell_interlock(context, event)
            told.append(policy.model)
        page, more = page + 1, concerned.more
    return tuple(told)
