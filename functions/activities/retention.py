"""Writing down what has expired, and deleting it."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final

from functions import adapters
from functions.boundary import activity
from functions.expired import find_expired
from functions.in_use import datasets_in_use, files_in_use, owners_of_datasets, retired_at
from functions.routes import delete_unrouted
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
from shared.fleet_runs.places import run_folder
from shared.retention import plan

_JSON: Final = "application/json"
#: A large fleet has thousands of versions and manifests to look at.
_PLANNING_TIMEOUT: Final = 540.0
_DELETING_TIMEOUT: Final = 300.0
_REASON_LIMIT: Final = 200
_KEPT_LIMIT: Final = 10
#: What was written since, less than a day before the plan or after it, is not what the plan has found.
_FRESH: Final = timedelta(days=1)


@activity
async def plan_retention(order: PlanRetentionInput) -> RetentionPlanned:
    """Write down what has expired and goes, once: a repeat finds the plan that is there."""
    if not await run_blocking(adapters.data().list, order.path):
        found = await run_blocking(find_expired, order.at, timeout=_PLANNING_TIMEOUT)
        text = plan.plan_retention(found, order.at).model_dump_json(indent=1)
        await run_blocking(adapters.data().write_once, order.path, text.encode(), content_type=_JSON)
    written = await _read_plan(order.path)
    return RetentionPlanned(path=order.path, things=len(written.things), counts=written.counts)


@activity
async def delete_expired(order: DeleteExpiredInput) -> ExpiredDeleted:
    """Delete a few things of a plan; what is gone already is fine, and what is refused is told."""
    written = await _read_plan(order.path)
    things = written.things[order.first : order.first + order.count]
    return await run_blocking(_delete_all, things, written.at, timeout=_DELETING_TIMEOUT)


async def _read_plan(path: str) -> RetentionPlan:
    return RetentionPlan.from_wire(json.loads(await run_blocking(adapters.data().read, path)))


def _delete_all(things: tuple[Expired, ...], at: datetime) -> ExpiredDeleted:
    now = _Now(at)
    gone: list[ExpiredKind] = []
    kept: list[str] = []
    for thing in things:
        try:
            _delete(thing, now)
        except PermanentError as error:
            kept.append(f"{thing.name}: {error.message[:_REASON_LIMIT]}")
        else:
            gone.append(thing.kind)
    return ExpiredDeleted(gone=tuple(gone), kept=tuple(kept[:_KEPT_LIMIT]))


@dataclass(frozen=True)
class _Now:
    """What has come into use since the plan was made, which may be hours ago; each looked up once, when it is needed.

    Attributes:
        at: When the plan was made.
    """

    at: datetime

    @cached_property
    def owners(self) -> dict[str, set[str]]:
        """The fleets of each dataset."""
        return owners_of_datasets()

    @cached_property
    def served(self) -> dict[tuple[str, str], str]:
        """By endpoint and deployment the model that it serves for: a baseline stands in under another one's name."""
        serving = ((row.serving, row.model) for row in adapters.read_model().all())
        return {
            (str(one["endpoint"]), str(one["deployment"])): model
            for one, model in serving
            if one.get("endpoint") and one.get("deployment")
        }

    @cached_property
    def datasets(self) -> set[str]:
        """Dataset versions in use."""
        return datasets_in_use(adapters.read_model().all(), self.at)

    @cached_property
    def files(self) -> set[str]:
        """Conditioned files in use."""
        return files_in_use(adapters.data().list("conditioned/"), self.at)


def _delete(thing: Expired, now: _Now) -> None:
    match thing.kind:
        case "fleet_run":
            fleet, _, run = thing.name.partition("/")
            adapters.runs().forget(run, run_folder(fleet, run))
        case "deployment":
            endpoint, _, deployment = thing.name.partition("/")
            delete_unrouted(endpoint, deployment, now.served.get((endpoint, deployment)))
        case "version":
            model, _, version = thing.name.rpartition("@")
            adapters.registry().delete_version(model, version)
        case "dataset":
            _delete_dataset(thing.name, now)
        case "conditioned" if thing.name in now.files:
            raise PermanentError("FileInUse", "a dataset version may be made of it at this moment")
        case "quarantine" | "conditioned":
            adapters.data().delete(thing.name)
        case "observation":
            if any(file.at > now.at - _FRESH for file in adapters.data().list(thing.name)):
                raise PermanentError("ToldAgain", "somebody has told of that period once more by now")
            adapters.data().delete(thing.name)
        case "run":
            raise PermanentError("NotOurs", "only a trigger's client deletes finished runs")


def _delete_dataset(folder: str, now: _Now) -> None:
    """Out of the index, then its manifest, and with it the version is gone; what is left of its folder is found again.

    Raises:
        PermanentError: `DatasetInUse`: it has come into use since the plan was made.
    """
    _, dataset, version, _ = folder.split("/")
    files = adapters.data().list(folder)
    if version in now.datasets:
        raise PermanentError("DatasetInUse", "a model works with it by now")
    if any(file.at > now.at - _FRESH for file in files):
        raise PermanentError("DatasetInUse", "it has been published once more by now")
    fleets = now.owners.get(dataset, set())
    _leave_index(fleets, dataset, version, present=retired_at(dataset, fleets) is not None)
    for file in sorted(files, key=lambda file: not file.path.endswith("/manifest.json")):
        adapters.data().delete(file.path)


def _leave_index(fleets: set[str], dataset: str, version: str, *, present: bool) -> None:
    index = adapters.dataset_index()
    for fleet in sorted(fleets):
        entry = index.get(fleet, dataset, version)
        if entry is not None:
            index.forget(entry, present=present)
            if index.get(fleet, dataset, version) is not None:
                msg = f"it is the present version of its cell in the fleet {fleet} by now"
                raise PermanentError("DatasetInUse", msg)
