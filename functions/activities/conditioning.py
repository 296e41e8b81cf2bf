"""Raw files to dataset versions.

A source may have hundreds of files in a cell, too many for a payload: their list lies in the data container. What a
file gives is kept under its ETag and recipe, so an activity that is repeated goes on where it was, and a later version
conditions only what is new. Files that are larger than a range have an orchestration of their own, `condition_file`.
"""

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Final

from functions import adapters, metering
from functions.boundary import activity
from functions.cell_files import look
from functions.conditioning import cutting
from functions.conditioning.recipes import recipe_of
from functions.conditioning.turns import aside, in_turn, under_way
from shared.blocking import run_blocking
from shared.coalescing import Coalescing
from shared.contracts.conditioning import (
    ConditionDatasetInput,
    ConditionedFile,
    ConditionedSource,
    ConditionSourceInput,
    SourceConditioned,
    SourceFile,
    SourceFiles,
)
from shared.contracts.datasets import DatasetRef, IndexedDataset
from shared.contracts.publishing import DatasetPublished, PublishDatasetInput
from shared.contracts.ranges import (
    CommitFileInput,
    ConditionRangeInput,
    FileConditioned,
    FilePlan,
    PlanFileInput,
    RangeDone,
)
from shared.errors import PermanentError, TransientError

if TYPE_CHECKING:
    from functions.conditioning.ranged import OneRange

_LISTING_TIMEOUT: Final = 240.0
_PUBLISHING_TIMEOUT: Final = 1500.0
#: Files that land in one go ask for the same at the same time.
_SOURCES: Final = Coalescing[ConditionedSource]()
_VERSIONS: Final = Coalescing[None]()


@activity
async def find_source_files(order: ConditionDatasetInput) -> SourceFiles:
    """Which sources of a cell have landed, and which have not."""
    return await run_blocking(look, order, timeout=_LISTING_TIMEOUT)


@activity
async def condition_source(order: ConditionSourceInput) -> SourceConditioned:
    """The files of a source through their recipe; those that are too large are told instead, until they are done."""
    from functions.conditioning import files, sources  # noqa: PLC0415 - loads polars

    recipe = await run_blocking(sources.recipe_for, order)
    landed = await run_blocking(sources.files_of, order)
    large = await run_blocking(sources.find_large, landed, recipe, timeout=_LISTING_TIMEOUT)
    if large:
        return SourceConditioned(done=None, large=large)

    async def made(file: SourceFile) -> ConditionedFile:
        known = await run_blocking(files.find_conditioned, file, recipe, timeout=_LISTING_TIMEOUT)
        return known if known is not None else await in_turn(files.condition_at_once, order.fleet, file, recipe)

    async def all_made() -> ConditionedSource:
        done = await asyncio.gather(*map(made, landed))
        return await in_turn(sources.conclude_source, order, recipe, done)

    return SourceConditioned(done=await _SOURCES.do((order.listing, order.source, recipe.sha256), all_made))


@activity
async def plan_file(order: PlanFileInput) -> FilePlan:
    """Where a large file is cut."""
    return await run_blocking(cutting.plan_file, order)


@activity
async def condition_range(order: ConditionRangeInput) -> RangeDone:
    """The records that begin in one range; repeated, it leaves the same behind."""
    async with under_way():
        reading = asyncio.ensure_future(aside(cutting.read_range, order))
        try:
            work = await run_blocking(_one_range, order)
            read = await reading
        finally:
            reading.cancel()  # when the work failed, what is queued would be read for nobody, and let others wait
        return await aside(work.keep, await in_turn(work.condition, read))


@activity
async def commit_file(order: CommitFileInput) -> FileConditioned:
    """Join the ranges of a file; of two that join the same one, both see the table of the first."""
    from functions.conditioning import files, ranged  # noqa: PLC0415 - loads polars

    plan = order.plan
    recipe = await run_blocking(recipe_of, plan.fleet, plan.file.source, plan.cell)
    made = await run_blocking(files.find_conditioned, plan.file, recipe)
    try:
        if made is None:
            made = await run_blocking(ranged.commit_file, order, recipe, timeout=_PUBLISHING_TIMEOUT)
    except PermanentError:  # refused: its rejected rows lie in quarantine
        await run_blocking(ranged.clear, plan, timeout=_LISTING_TIMEOUT)
        raise
    await run_blocking(ranged.clear, plan, timeout=_LISTING_TIMEOUT)  # also what another run was faster with
    return FileConditioned(rows_in=made.rows_in, rows_out=made.rows_out, rejected=made.rejected)


@activity
async def publish_dataset(order: PublishDatasetInput) -> DatasetPublished:
    """Write a version's folder and enter it into the index; its manifest last and once: it never changes again."""
    from functions.conditioning.publishing import Made, write_version  # noqa: PLC0415 - loads polars
    from functions.conditioning.quality import check_quality  # noqa: PLC0415 - likewise
    from shared.lineage.manifest import dataset_version  # noqa: PLC0415 - only activities need it

    version = dataset_version(order.dataset, order.cell, order.sources)
    period = adapters.fleet(order.fleet).dataset(order.dataset).period_of(order.cell)
    dataset = DatasetRef(
        dataset=order.dataset,
        version=version,
        cell=order.cell,
        path=f"datasets/{order.dataset}/{version}/",
        rows=sum(source.rows_out for source in order.sources),
        rejected=sum(source.rejected for source in order.sources),
        ends=period.last if period else None,
    )
    made = [Made(source) for source in order.sources]
    warnings: tuple[str, ...] = ()
    if await run_blocking(adapters.dataset_index().get, order.fleet, order.dataset, version) is None:
        warnings = await check_quality(order, dataset, made)
    if not await run_blocking(adapters.data().list, f"{dataset.path}manifest.json"):
        write = partial(run_blocking, write_version, order, dataset, made, warnings, timeout=_PUBLISHING_TIMEOUT)
        await _VERSIONS.do(dataset.path, write)
    entry = IndexedDataset(fleet=order.fleet, dataset=dataset, at=order.at)
    await run_blocking(adapters.dataset_index().put, entry)
    if not await run_blocking(adapters.data().list, f"{dataset.path}manifest.json"):
        # Retention took the old folder between our look and the entry, which from now on protects it.
        raise TransientError(f"The dataset version {version} was deleted while it was published again.")
    metering.count_rows(dataset)
    return DatasetPublished(**dataset.to_wire(), warnings=warnings)


def _one_range(order: ConditionRangeInput) -> "OneRange":
    from functions.conditioning.ranged import OneRange  # noqa: PLC0415 - loads polars, while the range is read

    return OneRange(order, recipe_of(order.plan.fleet, order.plan.file.source, order.plan.cell))
