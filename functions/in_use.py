"""What must stay, of all that could expire: asked when a plan is made, and again right before something is deleted.

All of it blocks, so activities call it through `run_blocking`.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final

from pydantic import ValidationError

from functions import adapters
from shared.contracts.conditioning import BlobArrival, ConditionedFiles
from shared.contracts.fleet_runs import RunPlan
from shared.contracts.read_model import ModelRow
from shared.errors import PermanentError
from shared.fleet.fleet import Fleet
from shared.fleet_runs.places import plan_path
from shared.retention.runs import is_silent
from shared.storage.base import present_versions

#: A version is published from lists of conditioned files that were written just before; hours, when storage is down.
_PUBLISHING_DAYS: Final = 7
#: More fleet runs than this are not looked at in one day.
RUNS_LISTED: Final = 10_000


def datasets_in_use(rows: Iterable[ModelRow], now: datetime) -> set[str]:
    """Dataset versions that models were trained on last, work with or wait for, and those of fleet runs that go on."""
    of_rows = {version for row in rows for version in (*row.datasets, row.dataset) if version}
    return of_rows | set(_of_fleet_runs(now))


def present_datasets(fleets: Iterable[Fleet]) -> Iterator[str]:
    """Dataset versions that the index calls the present ones of their cells."""
    for fleet in fleets:
        for dataset in fleet.datasets:
            entries = present_versions(adapters.dataset_index(), fleet.name, dataset)
            yield from (entry.dataset.version for entry in entries)


def files_in_use(conditioned: Iterable[BlobArrival], now: datetime) -> set[str]:
    """Conditioned files of versions that may be published at this moment: no manifest names them yet.

    A file that was made long ago is used again without being written again, so its own age does not tell.
    """
    since = now - timedelta(days=_PUBLISHING_DAYS)
    lists = [blob.path for blob in conditioned if blob.path.split("/")[2:3] == ["sets"] and blob.at >= since]
    return {path for one in lists for path in _listed(one)}


def owners_of_datasets() -> dict[str, set[str]]:
    """Each dataset with the names of the fleets that have it, or had it once."""
    owners: dict[str, set[str]] = {}
    for fleet in adapters.fleets().all:
        for dataset in fleet.datasets:
            owners.setdefault(dataset, set()).add(fleet.name)
    for key in adapters.inbox().outcomes("conditioning"):
        name, _, rest = key.partition("/")
        owners.setdefault(rest.partition("/")[0], set()).add(name)
    return owners


def retired_at(dataset: str, owners: Iterable[str]) -> datetime | None:
    """When somebody let the last fleet give up a dataset.

    `None` while a fleet has it, and also when none has it but nobody has confirmed that: a fleet file that is missing
    by mistake must not delete anything.
    """
    if any(dataset in fleet.datasets for fleet in adapters.fleets().all):
        return None
    confirmed = [adapters.inbox().get("retirement", f"{fleet}/{dataset}") for fleet in sorted(owners)]
    times = [delivery.received_at for delivery in confirmed if delivery is not None]
    return max(times) if times and len(times) == len(confirmed) else None


def _of_fleet_runs(now: datetime) -> Iterator[str]:
    for row in adapters.runs().recent(RUNS_LISTED):
        if row.ended_at is None and not is_silent(row, now):
            plan = adapters.runs().read(plan_path(row.fleet, row.run), RunPlan)
            yield from (cell.data.version for cell in (plan.cells if plan else ()) if cell.data)


def _listed(path: str) -> list[str]:
    try:
        listed = ConditionedFiles.model_validate_json(adapters.data().read(path))
    except ValidationError as error:
        code, what = "ListUnreadable", "lists conditioned files that may be in use, and cannot be read"
        raise PermanentError(code, f"{path} {what}: delete it, or mend it. {error}") from error
    paths = [path for one in listed.files for path in (one.path, one.profile)]
    if listed.table is not None:
        paths += [listed.table.path, listed.table.profile]
    return [path for path in paths if path is not None]
