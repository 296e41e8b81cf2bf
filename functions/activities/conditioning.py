"""Raw files to dataset versions.

A source may have hundreds of files in a cell, too many for a payload: their list lies in the data container, and each
source is conditioned by one activity, file by file. What a file gives is kept under its ETag and recipe, so an activity
that is repeated goes on where it was, and a later version conditions only what is new.
"""

import asyncio
import hashlib
import json
from collections.abc import Coroutine, Iterable
from itertools import batched
from typing import TYPE_CHECKING, Any, Final

from functions import adapters
from functions.boundary import activity
from functions.cell_files import look
from functions.dataset_quality import check_quality
from shared import names
from shared.blocking import run_blocking
from shared.coalescing import Coalescing
from shared.contracts.base import Contract
from shared.contracts.conditioning import (
    CellListing,
    ConditionDatasetInput,
    ConditionedFile,
    ConditionedFiles,
    ConditionedSource,
    ConditionSourceInput,
    PublishDatasetInput,
    SourceFile,
    SourceFiles,
)
from shared.contracts.datasets import DatasetRef, IndexedDataset
from shared.errors import PermanentError, TransientError

if TYPE_CHECKING:
    from shared.conditioning import Recipe

_CSV: Final = "text/csv; charset=utf-8"
_JSON: Final = "application/json"
_LISTING_TIMEOUT: Final = 240.0
_CONDITIONING_TIMEOUT: Final = 300.0
#: Blobs that are read at the same time.
_TOGETHER: Final = 8
#: Files that land in one go ask for the same at the same time.
_SOURCES: Final = Coalescing[ConditionedSource]()
_VERSIONS: Final = Coalescing[None]()


@activity
async def find_source_files(order: ConditionDatasetInput) -> SourceFiles:
    """Which sources of a cell have landed, and which have not."""
    return await run_blocking(look, order, timeout=_LISTING_TIMEOUT)


@activity
async def condition_source(order: ConditionSourceInput) -> ConditionedSource:
    """The files of a source through their recipe; where they are written depends on content only."""
    from shared.conditioning import load_recipe  # noqa: PLC0415 - loads polars

    recipe = load_recipe(adapters.fleet(order.fleet).recipe_path(order.source, order.cell))
    listing, source = order.listing, order.source
    return await _SOURCES.do((listing, source, recipe.sha256), lambda: _condition_all(listing, source, recipe))


@activity
async def publish_dataset(order: PublishDatasetInput) -> DatasetRef:
    """Write a version's folder and enter it into the index; its manifest last and once: it never changes again."""
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
    if await run_blocking(adapters.dataset_index().get, order.fleet, order.dataset, version) is None:
        await check_quality(order, dataset)
    if not await run_blocking(adapters.data().list, f"{dataset.path}manifest.json"):
        await _VERSIONS.do(dataset.path, lambda: _write_version(order, dataset))
    entry = IndexedDataset(fleet=order.fleet, dataset=dataset, at=order.at)
    await run_blocking(adapters.dataset_index().put, entry)
    if not await run_blocking(adapters.data().list, f"{dataset.path}manifest.json"):
        # Retention took the old folder between our look and the entry, which from now on protects it.
        raise TransientError(f"The dataset version {version} was deleted while it was published again.")
    return dataset


async def _condition_all(listing: str, source: str, recipe: "Recipe") -> ConditionedSource:
    from shared.lineage.manifest import raw_identity  # noqa: PLC0415 - only activities need it

    listed = await _read(listing, CellListing)
    raw = next(one.files for one in listed.sources if one.source == source)
    known = await _together(_known(file, recipe) for file in raw)
    # One after the other: a raw file is in memory as a whole.
    files = [one or await _made(file, recipe) for file, one in zip(raw, known, strict=True)]
    path = f"conditioned/{source}/sets/{names.content_hash([one.to_wire() for one in files], length=32)}.json"
    await _write(path, ConditionedFiles(files=tuple(files)))
    return ConditionedSource(
        source=source,
        raw_sha256=raw_identity([one.raw_sha256 for one in files]),
        recipe_sha256=files[0].recipe_sha256,
        path=path,
        files=len(files),
        rows_in=sum(one.rows_in for one in files),
        rows_out=sum(one.rows_out for one in files),
        rejected=sum(one.rejected for one in files),
        reasons=_added(one.reasons for one in files),
        columns=files[0].columns,
    )


async def _known(file: SourceFile, recipe: "Recipe") -> ConditionedFile | None:
    """A file in standard form, if it has been made of this ETag with this recipe."""
    try:
        before = await _read(_known_path(file, recipe), ConditionedFile)
    except PermanentError as error:
        if error.code != "BlobNotFound":
            raise
        return None
    return before if await run_blocking(adapters.data().list, before.path) else None  # it may have expired on its own


async def _made(file: SourceFile, recipe: "Recipe") -> ConditionedFile:
    made = await _condition(file, recipe)
    await _write(_known_path(file, recipe), made)
    return made


def _known_path(file: SourceFile, recipe: "Recipe") -> str:
    return f"conditioned/{file.source}/known/{names.content_hash(file.to_wire(), recipe.sha256, length=32)}.json"


async def _condition(file: SourceFile, recipe: "Recipe") -> ConditionedFile:
    from shared.conditioning import condition  # noqa: PLC0415 - loads polars

    raw = await run_blocking(adapters.landing().read, file.path, file.etag)
    made = await run_blocking(condition, raw, recipe, file=file.path, timeout=_CONDITIONING_TIMEOUT)
    if not made.rows_out:
        reasons = ", ".join(f"{count} x {reason}" for reason, count in made.reasons.items())
        what = f"{file.path}: all {made.rows_in} rows were rejected ({reasons})"
        told = f"{what}. Compare it with the recipe of {file.source}."
        raise PermanentError("NothingAccepted", told)

    raw_sha256 = await run_blocking(_sha256, raw)
    identity = names.content_hash(raw_sha256, recipe.sha256)
    path = f"conditioned/{file.source}/{identity}.csv"
    await run_blocking(adapters.data().write, path, made.csv, content_type=_CSV)
    quarantine = f"quarantine/{file.source}/{identity}.csv" if made.rejected else None
    if quarantine:
        await run_blocking(adapters.data().write, quarantine, made.quarantine, content_type=_CSV)
    return ConditionedFile(
        raw=file,
        raw_sha256=raw_sha256,
        recipe_sha256=recipe.sha256,
        path=path,
        rows_in=made.rows_in,
        rows_out=made.rows_out,
        rejected=made.rejected,
        reasons=made.reasons,
        quarantine=quarantine,
        columns=made.columns,
    )


async def _write_version(order: PublishDatasetInput, dataset: DatasetRef) -> None:
    """One CSV per source, its files joined, and the manifest."""
    from shared.lineage.manifest import manifest  # noqa: PLC0415 - only activities need it

    files = {source.source: (await _read(source.path, ConditionedFiles)).files for source in order.sources}
    for name, parts in files.items():
        joined = bytearray()
        for some in batched(parts, _TOGETHER, strict=False):
            for content in await _together(run_blocking(adapters.data().read, part.path) for part in some):
                joined += content if not joined else content.partition(b"\n")[2]  # one header
        await run_blocking(adapters.data().write, f"{dataset.path}{name}.csv", bytes(joined), content_type=_CSV)
    described = manifest(order.dataset, order.cell, order.sources, files, await _read(order.listing, CellListing))
    text = json.dumps({**described, "ref": dataset.to_wire()}, indent=2, sort_keys=True)
    await run_blocking(adapters.data().write_once, f"{dataset.path}manifest.json", text.encode(), content_type=_JSON)


async def _together[R](asked: Iterable[Coroutine[Any, Any, R]]) -> list[R]:
    """What is asked, in its order, a few at a time: threads are shared with all other activities."""
    found: list[R] = []
    for some in batched(asked, _TOGETHER, strict=False):
        found += await asyncio.gather(*some)
    return found


async def _read[C: Contract](path: str, kind: type[C]) -> C:
    return kind.from_wire(json.loads(await run_blocking(adapters.data().read, path)))


async def _write(path: str, value: Contract) -> None:
    await run_blocking(adapters.data().write, path, value.model_dump_json().encode(), content_type=_JSON)


def _added(counts: Iterable[dict[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for one in counts:
        for reason, count in one.items():
            total[reason] = total.get(reason, 0) + count
    return dict(sorted(total.items()))


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
