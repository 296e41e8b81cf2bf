"""`condition_dataset`: raw files of one cell to a published dataset version."""

from typing import Final

from durabletask import task

from functions.boundary import PermanentFailure, Steps, call, explain, orchestrator, schedule, short, unpack
from functions.orchestrators.steps import now
from shared import names
from shared.contracts.conditioning import (
    ConditionDatasetInput,
    ConditionedSource,
    ConditionSourceInput,
    SourceConditioned,
    SourceFile,
    SourceFiles,
)
from shared.contracts.datasets import ConcernedModels, ConcernedModelsInput, DatasetRef, ModelsTold, TellModelsInput
from shared.contracts.deliveries import Delivery, DeliveryRecorded, Outcome
from shared.contracts.publishing import DatasetOutcome, DatasetPublished, PublishDatasetInput
from shared.contracts.ranges import ConditionFileInput, FileConditioned

#: How often the files of a cell are looked for while they change.
_LOOKS: Final = 3
_CHANGED: Final = frozenset({"BlobChanged", "BlobNotFound", "BlocksLost"})
_FILES_AT_ONCE: Final = 4
_CONFIGURATION: Final = "Configuration"
#: Pages of models that one child tells, and children at once.
_PAGES_PER_CHILD: Final = 5
_CHILDREN_AT_ONCE: Final = 50


@orchestrator
def condition_dataset(context: task.OrchestrationContext, order: ConditionDatasetInput) -> Steps[DatasetOutcome]:
    """Publish a dataset version when the sources of its cell have landed, and record how it went.

    What cannot be conditioned is recorded as dead; what failed for now is recorded as such, and the search for lost
    events tries it again. Either way this instance fails, too.

    Nothing waits here for a deadline: a cell may be open for a year, and code changes meanwhile. The search for lost
    events asks again for a cell whose deadline has passed.
    """
    try:
        outcome = yield from _condition(context, order)
    except (PermanentFailure, task.TaskFailedError) as error:
        yield from _conclude(context, order, _ended(error), explain(error))
        raise
    yield from _conclude(context, order, "waiting" if outcome.waiting_for else "done", outcome.reason)
    return outcome


def _ended(error: PermanentFailure | task.TaskFailedError) -> Outcome:
    """What can still be cured has failed for now: a mended fleet file or recipe is no new arrival."""
    cured = isinstance(error, task.TaskFailedError) or error.code in {*_CHANGED, _CONFIGURATION}
    return "failed" if cured else "dead"


def _condition(context: task.OrchestrationContext, order: ConditionDatasetInput) -> Steps[DatasetOutcome]:
    """Look again when a file was replaced or deleted after it had been found: a deletion sends no event."""
    for look in range(1, _LOOKS):
        try:
            return (yield from _condition_once(context, order, look))
        except PermanentFailure as error:
            if error.code not in _CHANGED:
                raise
    return (yield from _condition_once(context, order, _LOOKS))


def _condition_once(
    context: task.OrchestrationContext, order: ConditionDatasetInput, look: int
) -> Steps[DatasetOutcome]:
    """The way to a version.

    1. Find the files of the cell; end here while one is missing: its arrival will ask again. Wait until no more files
       of it land, and end here when one has: what lands in one go becomes one version.
    2. Condition all sources, at the same time.
    3. Publish the version. It is content-addressed: two arrivals that both see everything publish the same one.
    4. Tell the interlock of each model that is trained on it, unless a later arrival has led to another version.
    """
    context.set_custom_status({"step": "looking for sources", "cell": order.cell})
    files = yield from call(context, names.FIND_SOURCE_FILES, order, SourceFiles)
    if files.quiet_until is not None and now(context) < files.quiet_until:
        context.set_custom_status({"step": "waiting for more files of the same cell", "cell": order.cell})
        yield context.create_timer(files.quiet_until - now(context))
        files = yield from call(context, names.FIND_SOURCE_FILES, order, SourceFiles)
    if files.left_to is not None:
        reason = f"Left to {files.left_to}, which landed later."
        return DatasetOutcome(published=None, reason=short(reason), left_to=files.left_to)
    if files.listing is None:
        reason = _waiting(files)
        if files.late_since is not None and files.give_up:
            raise PermanentFailure("Late", reason)
        return DatasetOutcome(published=None, reason=reason, waiting_for=tuple(one.source for one in files.missing))

    context.set_custom_status({"step": "conditioning", "sources": list(files.present)})
    sources = yield from _condition_sources(context, order, files.listing, files.present, look)

    context.set_custom_status({"step": "publishing", "rows": sum(source.rows_out for source in sources)})
    publish = PublishDatasetInput(
        fleet=order.fleet,
        dataset=order.dataset,
        cell=order.cell,
        sources=sources,
        listing=files.listing,
        at=order.at,
        trace=order.trace,
    )
    published = yield from call(context, names.PUBLISH_DATASET, publish, DatasetPublished)
    dataset = published.ref

    ask = ConcernedModelsInput(fleet=order.fleet, dataset=dataset, trace=order.trace)
    concerned = yield from call(context, names.FIND_CONCERNED_MODELS, ask, ConcernedModels)
    told = yield from _tell_models(context, order, dataset, concerned.pages)
    context.set_custom_status({"step": "published", "version": dataset.version})
    reason = _published(files, published, told, concerned.replaced_by)
    return DatasetOutcome(published=dataset, reason=reason, told=told)


def _condition_sources(
    context: task.OrchestrationContext, order: ConditionDatasetInput, listing: str, present: tuple[str, ...], look: int
) -> Steps[tuple[ConditionedSource, ...]]:
    """All sources at the same time; files that are too large for one activity first, each by a child."""
    orders = [
        ConditionSourceInput(fleet=order.fleet, source=source, cell=order.cell, listing=listing, trace=order.trace)
        for source in present
    ]
    done: dict[str, ConditionedSource] = {}
    turn = 0
    while len(done) < len(orders):
        turn += 1
        open_orders = [one for one in orders if one.source not in done]
        values = yield task.when_all([schedule(context, names.CONDITION_SOURCE, one) for one in open_orders])
        results = [unpack(value, SourceConditioned) for value in values]
        done |= {one.done.source: one.done for one in results if one.done is not None}
        yield from _condition_large(context, order, [file for one in results for file in one.large], f"{look}.{turn}")
    return tuple(done[source] for source in present)


def _condition_large(
    context: task.OrchestrationContext, order: ConditionDatasetInput, files: list[SourceFile], turn: str
) -> Steps[None]:
    """Condition large files, some at once.

    A file that is asked for again, since it was refused or has changed, is another child: one that has ended must not
    be started again, and its blocks must not mix with those of a new run.
    """
    for start in range(0, len(files), _FILES_AT_ONCE):
        children = {
            names.instance_id(f"file {file.path}", context.instance_id, file.to_wire(), turn): file
            for file in files[start : start + _FILES_AT_ONCE]
        }
        context.set_custom_status({"step": "conditioning", "cell": order.cell, "files": list(children)})
        values = yield task.when_all(
            [
                context.call_sub_orchestrator(
                    names.CONDITION_FILE,
                    input=ConditionFileInput(
                        fleet=order.fleet, cell=order.cell, file=file, trace=order.trace
                    ).to_wire(),
                    instance_id=child,
                )
                for child, file in children.items()
            ]
        )
        for value in values:
            refused = FileConditioned.from_wire(value).refused
            if refused is not None:
                raise PermanentFailure(refused.code, refused.message)


def _waiting(files: SourceFiles) -> str:
    missing = "; ".join(f"{one.source}: {one.reason}" for one in files.missing)
    late = f"Late since {files.late_since:%Y-%m-%d %H:%M} UTC. " if files.late_since else ""
    return short(f"{late}Waiting for {missing}.")


def _published(files: SourceFiles, dataset: DatasetPublished, told: int, replaced_by: str | None) -> str:
    said = f"Dataset version {dataset.version}; {dataset.rejected} rows in quarantine; {told} models were told."
    if replaced_by:
        said += f" A later arrival had led to {replaced_by} before."
    if files.replaced:
        replaced = "; ".join(f"{one.source}: {one.reason}" for one in files.replaced)
        said += f" With files of the last period, since these did not come in time: {replaced}."
    if dataset.warnings:
        said += f" Warned: {'; '.join(dataset.warnings)}."
    return short(said)


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


def _tell_models(
    context: task.OrchestrationContext, order: ConditionDatasetInput, dataset: DatasetRef, pages: int
) -> Steps[int]:
    """Have every concerned interlock told by children, each of which tells a few pages of models; how many there were.

    A repeated instance tells all of them again: an interlock trains once per version.
    """
    first_pages = range(0, pages, _PAGES_PER_CHILD)
    told = 0
    for start in range(0, len(first_pages), _CHILDREN_AT_ONCE):
        children = [
            _teller(context, order, dataset, page, min(_PAGES_PER_CHILD, pages - page))
            for page in first_pages[start : start + _CHILDREN_AT_ONCE]
        ]
        told += sum(ModelsTold.from_wire(value).told for value in (yield task.when_all(children)))
    return told


def _teller(
    context: task.OrchestrationContext, order: ConditionDatasetInput, dataset: DatasetRef, page: int, pages: int
) -> task.Task[object]:
    tell = TellModelsInput(
        fleet=order.fleet, dataset=dataset, at=order.at, first_page=page, pages=pages, trace=order.trace
    )
    child = names.instance_id(f"tell {dataset.version}", context.instance_id, page)
    return context.call_sub_orchestrator(names.TELL_MODELS, input=tell.to_wire(), instance_id=child)
