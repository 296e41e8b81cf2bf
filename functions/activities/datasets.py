"""Published dataset versions: which one is wanted, and which models are trained on it."""

from typing import Final

from functions import adapters
from functions.boundary import activity
from functions.dataset_versions import find_version
from shared.blocking import run_blocking
from shared.contracts.datasets import ConcernedModels, ConcernedModelsInput, DatasetRef, FindDatasetInput

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
    return await run_blocking(find_version, order)


def _present(order: ConcernedModelsInput) -> DatasetRef | None:
    asked = order.dataset
    found = adapters.dataset_index().newest(order.fleet, asked.dataset, asked.cell, asked.ends)
    return found if found is not None and found.cell == asked.cell else None
