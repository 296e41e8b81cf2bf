"""Which published version of a dataset is meant; it blocks, so callers use `run_blocking`."""

import json
from zoneinfo import ZoneInfo

from functions import adapters
from shared.contracts.datasets import DatasetRef, FindDatasetInput
from shared.errors import PermanentError


def find_version(order: FindDatasetInput) -> DatasetRef:
    """A dataset version by name, or the present one of the newest period whose cell agrees with a model's labels.

    Raises:
        PermanentError: There is none (`DatasetNotFound`).
    """
    found = _named(order) if order.version else _newest(order)
    if found is not None and all(order.labels.get(label, value) == value for label, value in found.cell.items()):
        return found
    wanted = f"version {order.version}" if order.version else "version"
    when = f" as of {order.as_of:%Y-%m-%d}" if order.as_of else ""
    told = f"The dataset {order.dataset} has no {wanted} for {order.labels}{when}. Let its source files land first."
    raise PermanentError("DatasetNotFound", told)


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
