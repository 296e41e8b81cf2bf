"""What has expired, of all that the app knows.

A thing goes only when nothing that is there needs it, also when what needs it goes today: that may be refused. So first
a model version goes, a day later the dataset version that it was trained on, and then what that was made of.

All of it blocks, so the activity calls it through `run_blocking`.
"""

import json
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import groupby
from typing import Any, Final

from functions import adapters
from functions.in_use import (
    RUNS_LISTED,
    datasets_in_use,
    files_in_use,
    owners_of_datasets,
    present_datasets,
    retired_at,
)
from functions.observed import all_periods, key_of
from shared.contracts.conditioning import BlobArrival
from shared.contracts.policy import ModelPolicy, RetentionPolicy
from shared.contracts.read_model import ModelRow
from shared.contracts.registry import RegisteredVersion
from shared.contracts.retention import Expired
from shared.errors import PermanentError
from shared.fleet.fleet import Fleet
from shared.retention.datasets import StoredVersion, expired_datasets, expired_files, source_of
from shared.retention.deployments import expired_deployments
from shared.retention.expiry import longest
from shared.retention.observations import expired_observations
from shared.retention.runs import expired_fleet_runs
from shared.retention.versions import DATASET_TAG, expired_versions, in_service

#: A run clears its scratch space itself; what a killed one left is of use while its activities are repeated.
_SCRATCH_DAYS: Final = 7
#: Requests at once, where thousands are made one by one.
_AT_ONCE: Final = 8


def find_expired(now: datetime) -> list[Expired]:
    """Everything that has expired; nothing when something cannot be asked, since what it knows may be in use."""
    known = _Known(adapters.fleets().all, tuple(adapters.read_model().all()))
    registered = dict(zip(known.models, _each(adapters.registry().versions, known.models), strict=True))
    in_use = _trained_on(registered.values()) | datasets_in_use(known.rows, now) | set(present_datasets(known.fleets))
    stored = _stored_versions()
    return [
        *_fleet_runs(known, now),
        *_deployments(known, now),
        *_versions(known, registered),
        *_quarantine(known, now),
        *_datasets(known, stored, in_use, now),
        *_conditioned(known, stored, now),
        *_observations(known, now),
    ]


@dataclass(frozen=True)
class _Known:
    """What the app knows of its models: the fleets of today, and a row of everything that ever moved."""

    fleets: tuple[Fleet, ...]
    rows: tuple[ModelRow, ...]

    @cached_property
    def models(self) -> list[str]:
        """Every registered model that may have versions, the baselines included."""
        return sorted({*(row.model for row in self.rows), *self._owners})

    @cached_property
    def retired(self) -> frozenset[str]:
        """Models that somebody took out of service."""
        return frozenset(row.model for row in self.rows if row.state == "retired")

    @cached_property
    def baselines(self) -> set[str]:
        """Registered models that others are judged by."""
        policies = (policy for fleet in self.fleets for policy in fleet.models)
        return {policy.baseline.model for policy in policies if policy.baseline}

    @cached_property
    def endpoints(self) -> list[str]:
        """Every endpoint that a model serves behind, or that a fleet file names."""
        serving = [str(row.serving["endpoint"]) for row in self.rows if row.serving.get("endpoint")]
        named = [policy.serve.endpoint for fleet in self.fleets for policy in fleet.models if policy.serve.endpoint]
        return sorted({*serving, *named})

    def of_model(self, name: str) -> RetentionPolicy | None:
        """What holds for a registered model; nothing does for one that is in no fleet file and was not retired."""
        owned = name in self._owners or name in self.retired
        return self._longest(self._owners.get(name, ())) if owned else None

    def of_dataset(self, name: str) -> RetentionPolicy:
        """What holds for a dataset."""
        return self._longest(fleet for fleet in self.fleets if name in fleet.datasets)

    def of_source(self, name: str) -> RetentionPolicy:
        """What holds for the files of a source."""
        return self._longest(fleet for fleet in self.fleets if name in fleet.sources)

    def of_fleet(self, name: str) -> RetentionPolicy:
        """What holds for the runs of a fleet."""
        return self._longest(fleet for fleet in self.fleets if fleet.name == name)

    def _longest(self, owners: Iterable[Fleet]) -> RetentionPolicy:
        """What its owners want; for what has none any more, what any fleet wants."""
        return longest(fleet.retention for fleet in tuple(owners) or self.fleets)

    @cached_property
    def _owners(self) -> dict[str, list[Fleet]]:
        owners: dict[str, list[Fleet]] = {}
        for fleet in self.fleets:
            for name in {name for policy in fleet.models for name in _names(policy)}:
                owners.setdefault(name, []).append(fleet)
        return owners


def _names(policy: ModelPolicy) -> tuple[str, ...]:
    return (policy.model, policy.baseline.model) if policy.baseline else (policy.model,)


def _fleet_runs(known: _Known, now: datetime) -> tuple[Expired, ...]:
    rows = adapters.runs().recent(RUNS_LISTED)
    days = {name: known.of_fleet(name).runs_days for name in {row.fleet for row in rows}}
    return expired_fleet_runs(rows, now, days)


def _deployments(known: _Known, now: datetime) -> list[Expired]:
    releasing = {(row.model, run.version or "") for row in known.rows for run in row.in_flight if run.kind == "release"}
    found: list[Expired] = []
    for endpoint in known.endpoints:
        deployments = adapters.platform().list_deployments(endpoint)
        if deployments:
            traffic = adapters.platform().read_traffic(endpoint)
            found += expired_deployments(deployments, traffic, set(known.models), releasing, now)
    return found


def _versions(known: _Known, registered: dict[str, list[RegisteredVersion]]) -> list[Expired]:
    """Versions of all models; a baseline stays as long as a version in service was judged by it."""
    named: dict[str, set[str]] = {}
    for row in known.rows:
        of_runs = (run.version for run in row.in_flight)
        good = row.last_good.version if row.last_good else None
        named.setdefault(row.model, set()).update(one for one in (row.version, row.champion, good, *of_runs) if one)
    judged = {one.tags.get(DATASET_TAG) for versions in registered.values() for one in in_service(versions)}
    expired: list[Expired] = []
    for model, versions in registered.items():
        policy = known.of_model(model)
        beside = {one.version for one in versions if model in known.baselines and one.tags.get(DATASET_TAG) in judged}
        if policy is not None:
            expired += expired_versions(versions, policy.versions, named.get(model, set()) | beside)
    return expired


def _trained_on(registered: Iterable[list[RegisteredVersion]]) -> set[str]:
    """Dataset versions that a model version was trained on."""
    return {one.tags[DATASET_TAG] for versions in registered for one in versions if DATASET_TAG in one.tags}


def _stored_versions() -> list[StoredVersion]:
    """Every dataset version's folder, with what its manifest says."""
    blobs = [blob for blob in adapters.data().list("datasets/") if blob.path.count("/") >= 3]
    folders = [(folder, list(files)) for folder, files in groupby(blobs, key=_folder)]
    return _each(lambda found: _stored(*found), folders)


def _folder(blob: BlobArrival) -> str:
    return "/".join(blob.path.split("/")[:3]) + "/"


def _stored(folder: str, files: list[BlobArrival]) -> StoredVersion:
    _, dataset, version, _ = folder.split("/")
    at = max(file.at for file in files)
    manifest = f"{folder}manifest.json"
    if all(file.path != manifest for file in files):
        return StoredVersion(dataset=dataset, version=version, folder=folder, at=at)
    try:
        described = json.loads(adapters.data().read(manifest))
        cell, made_of = described["cell"], [path for source in described["sources"] for path in _made_of(source)]
    except (ValueError, KeyError, TypeError) as error:
        told = f"{manifest} cannot be read ({error!r}), so nobody knows which files it needs: mend it, or delete it."
        raise PermanentError("ManifestUnreadable", told) from error
    return StoredVersion(dataset=dataset, version=version, folder=folder, at=at, cell=cell, files=tuple(made_of))


def _made_of(source: dict[str, Any]) -> list[str]:
    """The conditioned files of a source in a manifest; manifests of the first form have one file, not a list."""
    files = source.get("files")
    if not isinstance(files, list):
        return [str(source["path"])]
    made = [*files, source["table"]] if source.get("table") else files
    return [str(one[key]) for one in made for key in ("path", "profile") if one.get(key)]


def _datasets(
    known: _Known, stored: list[StoredVersion], in_use: Collection[str], now: datetime
) -> tuple[Expired, ...]:
    """Versions of datasets that a fleet has, or that were retired after their newest version was made."""
    owners = owners_of_datasets()
    newest: dict[str, datetime] = {}
    for one in stored:
        newest[one.dataset] = max(newest.get(one.dataset, one.at), one.at)
    retired = {name for name, at in newest.items() if (left := retired_at(name, owners.get(name, ()))) and left >= at}
    wanted = {name for fleet in known.fleets for name in fleet.datasets} | retired
    days = {name: known.of_dataset(name).datasets_days for name in wanted}
    return expired_datasets([one for one in stored if one.dataset in wanted], now, days, in_use, retired)


def _quarantine(known: _Known, now: datetime) -> tuple[Expired, ...]:
    files = [file for file in adapters.data().list("quarantine/") if _has_rows(file)]
    days = {name: known.of_source(name).quarantine_days for name in {source_of(file.path) for file in files}}
    return expired_files("quarantine", files, now, days)


def _conditioned(known: _Known, stored: Iterable[StoredVersion], now: datetime) -> tuple[Expired, ...]:
    all_of = adapters.data().list("conditioned/")
    files, left = [file for file in all_of if _has_rows(file)], adapters.data().list("scratch/")
    needed = {path for one in stored for path in one.files} | files_in_use(all_of, now)
    days = {name: known.of_source(name).datasets_days for name in {source_of(file.path) for file in files}}
    days_left = dict.fromkeys({source_of(file.path) for file in left}, _SCRATCH_DAYS)
    return expired_files("conditioned", files, now, days, needed) + expired_files("conditioned", left, now, days_left)


def _observations(known: _Known, now: datetime) -> tuple[Expired, ...]:
    policies = ((key_of(model), known.of_model(model)) for model in known.models)
    days = {key: policy.datasets_days for key, policy in policies if policy is not None}
    gone = known.retired - {policy.model for fleet in known.fleets for policy in fleet.models}
    return expired_observations(all_periods(), now, days, {key_of(model) for model in gone})


def _has_rows(file: BlobArrival) -> bool:
    """What only tells what was conditioned is small, and stays."""
    return file.path.count("/") == 2


def _each[A, B](ask: Callable[[A], B], things: Iterable[A]) -> list[B]:
    """The answers, in the order of the things."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(ask, things))
