"""Published dataset versions: which one is wanted, and which models are trained on it."""

import json
from typing import Final
from zoneinfo import ZoneInfo

from functions import adapters
from functions.boundary import activity
from shared.blocking import run_blocking
from shared.contracts.datasets import ConcernedModels, ConcernedModelsInput, DatasetRef, FindDatasetInput
from shared.errors import PermanentError

#: Policies in one answer: a payload stays below 16 KB.
_POLICIES_PER_PAGE: Final = 10


@activity
async def find_concerned_models(order: ConcernedModelsInput) -> ConcernedModels:
    """A page of the models that are trained on a dataset version, with what the fleet file says of them.

    Of a version that is not the present one of its cell, none: what looked earlier may be published later, and must not
    replace what a correction has led to.
    """
    present = await run_blocking(_present, order)
    if present is not None and present.version != order.dataset.version:
        return ConcernedModels(policies=(), pages=0, replaced_by=present.version)
    models = adapters.fleet(order.fleet).models_of(order.dataset.dataset, order.dataset.cell)
    first = order.page * _POLICIES_PER_PAGE
    pages = -(-len(models) // _POLICIES_PER_PAGE)
    return ConcernedModels(policies=models[first : first + _POLICIES_PER_PAGE], pages=pages)


@activity
async def find_dataset(order: FindDatasetInput) -> DatasetRef:
    """A dataset version by name, or the present one of the newest period whose cell agrees with a model's labels."""
    found = await run_blocking(_named if order.version else _newest, order)
    if found is not None and all(order.labels.get(label, value) == value for label, value in found.cell.items()):
        return found
    wanted = f"version {order.version}" if order.version else "version"
    when = f" as of {order.as_of:%Y-%m-%d}" if order.as_of else ""
    told = f"The dataset {order.dataset} has no {wanted} for {order.labels}{when}. Let its source files land first."
    raise PermanentError("DatasetNotFound", told)


def _present(order: ConcernedModelsInput) -> DatasetRef | None:
    asked = order.dataset
    found = adapters.dataset_index().newest(order.fleet, asked.dataset, asked.cell, asked.ends)
    return found if found is not None and found.cell == asked.cell else None


def _newest(order: FindDatasetInput) -> DatasetRef | None:
    day = None
    if order.as_of is not None:
        day = order.as_of.astimezone(ZoneInfo(adapters.fleet(order.fleet).timezone)).date()
    return adapters.dataset_index().newest(order.fleet, order.dataset, order.labels, day)


def _named(order: FindDatasetInput) -> DatasetRef | None:
    """What the version's manifest says; it is there before the index knows of it, and older than the index."""
    path = f"datasets/{order.dataset}/{order.version}/manifest.json"
    if not adapters.data().list(path):
        return None
    return DatasetRef.from_wire(json.loads(adapters.data().read(path))["ref"])
