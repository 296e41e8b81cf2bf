"""Raw files to dataset versions."""

import hashlib
import json
from typing import Final

import azure.durable_functions as df

from functions import adapters
from functions.boundary import activity
from shared import names
from shared.blocking import run_blocking
from shared.contracts.datasets import (
    ConcernedModels,
    ConcernedModelsInput,
    ConditionDatasetInput,
    ConditionedSource,
    ConditionSourceInput,
    DatasetRef,
    FindDatasetInput,
    PublishDatasetInput,
    SourceFile,
    SourceFiles,
)
from shared.errors import PermanentError

blueprint = df.Blueprint()

_CSV: Final = "text/csv; charset=utf-8"
_JSON: Final = "application/json"
_CONDITIONING_TIMEOUT: Final = 300.0
#: Policies in one answer: a payload stays below 16 KB.
_POLICIES_PER_PAGE: Final = 10


@activity(blueprint)
async def find_source_files(order: ConditionDatasetInput) -> SourceFiles:
    """Which sources of a cell have landed, and which have not."""
    fleet = adapters.fleet(order.fleet)
    present: list[SourceFile] = []
    missing: list[str] = []
    for source in fleet.sources_of(order.dataset):
        path = fleet.source_path(source, order.cell)
        landed = [blob for blob in await run_blocking(adapters.landing().list, path) if blob.path == path and blob.size]
        if landed:
            present.append(SourceFile(source=source, path=path, etag=landed[0].etag, size=landed[0].size))
        else:
            missing.append(source)
    return SourceFiles(present=tuple(present), missing=tuple(missing))


@activity(blueprint)
async def condition_source(order: ConditionSourceInput) -> ConditionedSource:
    """One raw file through its recipe; where it is written depends on content only, so a repeat writes the same."""
    from shared.conditioning import condition, load_recipe  # noqa: PLC0415 - loads polars

    recipe_path = adapters.fleet(order.fleet).recipe_path(order.file.source)
    recipe = load_recipe(recipe_path)
    raw = await run_blocking(adapters.landing().read, order.file.path, order.file.etag)
    made = await run_blocking(condition, raw, recipe, file=order.file.path, timeout=_CONDITIONING_TIMEOUT)
    if not made.rows_out:
        reasons = ", ".join(f"{count} x {reason}" for reason, count in made.reasons.items())
        code = "NothingAccepted"
        told = (
            f"{order.file.path}: all {made.rows_in} rows were rejected ({reasons}). Compare it with {recipe_path.name}."
        )
        raise PermanentError(code, told)

    raw_sha256 = await run_blocking(_sha256, raw)
    identity = names.content_hash(raw_sha256, recipe.sha256)
    path = f"conditioned/{order.file.source}/{identity}.csv"
    await run_blocking(adapters.data().write, path, made.csv, content_type=_CSV)
    quarantine = f"quarantine/{order.file.source}/{identity}.csv" if made.rejected else None
    if quarantine:
        await run_blocking(adapters.data().write, quarantine, made.quarantine, content_type=_CSV)
    return ConditionedSource(
        source=order.file.source,
        raw=order.file,
        raw_sha256=raw_sha256,
        recipe_sha256=recipe.sha256,
        path=path,
        sha256=await run_blocking(_sha256, made.csv),
        rows_in=made.rows_in,
        rows_out=made.rows_out,
        rejected=made.rejected,
        reasons=made.reasons,
        quarantine=quarantine,
        columns=made.columns,
    )


@activity(blueprint)
async def publish_dataset(order: PublishDatasetInput) -> DatasetRef:
    """Write a version's folder; its manifest last and once: with it the version exists, and never changes again."""
    from shared.lineage.manifest import dataset_version, manifest  # noqa: PLC0415 - only activities need it

    version = dataset_version(order.dataset, order.cell, order.sources)
    folder = _folder(order.dataset, version)
    dataset = DatasetRef(
        dataset=order.dataset,
        version=version,
        cell=order.cell,
        path=folder,
        rows=sum(source.rows_out for source in order.sources),
        rejected=sum(source.rejected for source in order.sources),
    )
    if await run_blocking(adapters.data().list, f"{folder}manifest.json"):
        return dataset
    for source in order.sources:
        content = await run_blocking(adapters.data().read, source.path)
        await run_blocking(adapters.data().write, f"{folder}{source.source}.csv", content, content_type=_CSV)
    described = manifest(order.dataset, order.cell, order.sources)
    text = json.dumps({**described, "ref": dataset.to_wire()}, indent=2, sort_keys=True)
    await run_blocking(adapters.data().write_once, f"{folder}manifest.json", text.encode(), content_type=_JSON)
    return dataset


@activity(blueprint)
async def find_concerned_models(order: ConcernedModelsInput) -> ConcernedModels:
    """A page of the models that are trained on a dataset version, with what the fleet file says of them."""
    models = adapters.fleet(order.fleet).models_of(order.dataset.dataset, order.dataset.cell)
    first = order.page * _POLICIES_PER_PAGE
    page = models[first : first + _POLICIES_PER_PAGE]
    return ConcernedModels(policies=tuple(page), more=len(models) > first + _POLICIES_PER_PAGE)


@activity(blueprint)
async def find_dataset(order: FindDatasetInput) -> DatasetRef:
    """A dataset version by name, or the newest one whose cell agrees with a model's labels."""
    prefix = _folder(order.dataset, order.version) if order.version else f"datasets/{order.dataset}/"
    blobs = await run_blocking(adapters.data().list, prefix)
    manifests = [blob for blob in blobs if blob.path.endswith("/manifest.json")]
    for blob in sorted(manifests, key=lambda blob: blob.at, reverse=True):
        described = json.loads(await run_blocking(adapters.data().read, blob.path))
        dataset = DatasetRef.from_wire(described["ref"])
        if all(order.labels.get(label, value) == value for label, value in dataset.cell.items()):
            return dataset
    wanted = f"version {order.version}" if order.version else "a version"
    code = "DatasetNotFound"
    raise PermanentError(
        code, f"The dataset {order.dataset} has no {wanted} for {order.labels}. Let its source files land first."
    )


def _folder(dataset: str, version: str) -> str:
    return f"datasets/{dataset}/{version}/"


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
