"""Writing down what has expired, and deleting it."""

import json
from collections.abc import Callable, Iterable
from functools import cache
from typing import Final

import azure.durable_functions as df

from functions import adapters
from functions.boundary import activity
from functions.expired import find_expired, fleets_of
from shared.blocking import run_blocking
from shared.contracts.retention import (
    DeleteExpiredInput,
    Expired,
    ExpiredDeleted,
    ExpiredKind,
    PlanRetentionInput,
    RetentionPlan,
    RetentionPlanned,
)
from shared.errors import PermanentError
from shared.retention import plan

blueprint = df.Blueprint()

#: A dataset to the names of its fleets, and whether one of them has it now.
type _FleetsOf = Callable[[str], tuple[set[str], bool]]

_JSON: Final = "application/json"
#: A large fleet has thousands of versions and manifests to look at.
_PLANNING_TIMEOUT: Final = 900.0
_DELETING_TIMEOUT: Final = 300.0
_REASON_LIMIT: Final = 200
_KEPT_LIMIT: Final = 10


@activity(blueprint)
async def plan_retention(order: PlanRetentionInput) -> RetentionPlanned:
    """Write down what has expired and goes, once: a repeat finds the plan that is there."""
    if not await run_blocking(adapters.data().list, order.path):
        found = await run_blocking(find_expired, order.at, timeout=_PLANNING_TIMEOUT)
        text = plan.plan_retention(found, order.at).model_dump_json(indent=1)
        await run_blocking(adapters.data().write_once, order.path, text.encode(), content_type=_JSON)
    written = await _read_plan(order.path)
    return RetentionPlanned(path=order.path, things=len(written.things), counts=written.counts)


@activity(blueprint)
async def delete_expired(order: DeleteExpiredInput) -> ExpiredDeleted:
    """Delete a few things of a plan; what is gone already is fine, and what is refused is told."""
    written = await _read_plan(order.path)
    things = written.things[order.first : order.first + order.count]
    return await run_blocking(_delete_all, things, timeout=_DELETING_TIMEOUT)


async def _read_plan(path: str) -> RetentionPlan:
    return RetentionPlan.from_wire(json.loads(await run_blocking(adapters.data().read, path)))


def _delete_all(things: Iterable[Expired]) -> ExpiredDeleted:
    fleets = cache(fleets_of)  # looks at all that ever landed, so it is asked once per dataset
    gone: list[ExpiredKind] = []
    kept: list[str] = []
    for thing in things:
        try:
            _delete(thing, fleets)
        except PermanentError as error:
            kept.append(f"{thing.name}: {error.message[:_REASON_LIMIT]}")
        else:
            gone.append(thing.kind)
    return ExpiredDeleted(gone=tuple(gone), kept=tuple(kept[:_KEPT_LIMIT]))


def _delete(thing: Expired, fleets: _FleetsOf) -> None:
    match thing.kind:
        case "deployment":
            endpoint, _, deployment = thing.name.partition("/")
            adapters.platform().delete_deployment(endpoint, deployment)
        case "version":
            model, _, version = thing.name.rpartition("@")
            adapters.registry().delete_version(model, version)
        case "dataset":
            _delete_dataset(thing.name, fleets)
        case "quarantine" | "conditioned":
            adapters.data().delete(thing.name)
        case "run":
            msg = "only a trigger's client deletes finished runs"
            raise PermanentError("NotOurs", msg)


def _delete_dataset(folder: str, fleets: _FleetsOf) -> None:
    """Out of the index, then its manifest, and with it the version is gone; what is left of its folder is found again.

    Raises:
        PermanentError: `DatasetInUse`: it has become the present version of its cell since the plan was made.
    """
    _, dataset, version, _ = folder.split("/")
    names, live = fleets(dataset)
    index = adapters.dataset_index()
    for fleet in sorted(names):
        entry = index.get(fleet, dataset, version)
        if entry is not None:
            index.forget(entry, present=not live)
            if index.get(fleet, dataset, version) is not None:
                msg = f"it is the present version of its cell in the fleet {fleet} by now"
                raise PermanentError("DatasetInUse", msg)
    adapters.data().delete(f"{folder}manifest.json")
    for blob in adapters.data().list(folder):
        adapters.data().delete(blob.path)
