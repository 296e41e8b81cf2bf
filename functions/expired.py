"""What has expired, of all that the app knows, in the order in which it goes.

All of it blocks, so the activity calls it through `run_blocking`.
"""

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import groupby
from typing import Any

from functions import adapters
from shared.contracts.datasets import BlobArrival
from shared.contracts.interlock import ModelRow
from shared.contracts.policy import ModelPolicy, RetentionPolicy
from shared.contracts.registry import RegisteredVersion
from shared.contracts.retention import Expired
from shared.fleet import Fleet
from shared.retention.datasets import StoredVersion, expired_datasets, expired_files, source_of
from shared.retention.deployments import expired_deployments
from shared.retention.expiry import longest
from shared.retention.versions import DATASET_TAG, expired_versions


def find_expired(now: datetime) -> list[Expired]:
    """Everything that has expired; nothing when something cannot be asked, since what it knows may be in use."""
    known = _Known(adapters.fleets().all, tuple(adapters.read_model().all()))
    registered = {model: adapters.registry().versions(model) for model in known.models}
    versions = [one for model, found in registered.items() for one in _versions(known, model, found)]
    in_use = _trained_on(known, registered.values(), {one.name for one in versions}) | set(_present(known))
    stored = _stored_versions()
    datasets = _datasets(known, stored, in_use, now)
    return [
        *_deployments(known, now),
        *versions,
        *_quarantine(known, now),
        *datasets,
        *_conditioned(known, stored, {one.name for one in datasets}, now),
    ]


def fleets_of(dataset: str) -> tuple[set[str], bool]:
    """Names of the fleets that have a dataset, or had it once; and whether one of them has it now."""
    now = {fleet.name for fleet in adapters.fleets().all if dataset in fleet.datasets}
    keys = (key.split("/", 2) for key in adapters.inbox().outcomes("conditioning"))
    return now | {key[0] for key in keys if len(key) > 2 and key[1] == dataset}, bool(now)


@dataclass(frozen=True)
class _Known:
    """What the app knows of its models: the fleets of today, and a row of everything that ever moved."""

    fleets: tuple[Fleet, ...]
    rows: tuple[ModelRow, ...]

    @cached_property
    def models(self) -> list[str]:
        """Every registered model that may have versions, the baselines included."""
        policies = [policy for fleet in self.fleets for policy in fleet.models]
        return sorted({*(row.model for row in self.rows), *(name for policy in policies for name in _names(policy))})

    @cached_property
    def endpoints(self) -> list[str]:
        """Every endpoint that a model serves behind, or that a fleet file names."""
        serving = [str(row.serving["endpoint"]) for row in self.rows if row.serving.get("endpoint")]
        named = [policy.serve.endpoint for fleet in self.fleets for policy in fleet.models if policy.serve.endpoint]
        return sorted({*serving, *named})

    def of_model(self, name: str) -> RetentionPolicy:
        """What holds for a registered model."""
        return longest(fleet.retention for fleet in self._owners.get(name, ()))

    def of_dataset(self, name: str) -> RetentionPolicy:
        """What holds for a dataset."""
        return longest(fleet.retention for fleet in self.fleets if name in fleet.datasets)

    def of_source(self, name: str) -> RetentionPolicy:
        """What holds for the files of a source."""
        return longest(fleet.retention for fleet in self.fleets if name in fleet.sources)

    @cached_property
    def _owners(self) -> dict[str, list[Fleet]]:
        owners: dict[str, list[Fleet]] = {}
        for fleet in self.fleets:
            for name in {name for policy in fleet.models for name in _names(policy)}:
                owners.setdefault(name, []).append(fleet)
        return owners


def _names(policy: ModelPolicy) -> tuple[str, ...]:
    return (policy.model, policy.baseline.model) if policy.baseline else (policy.model,)


def _deployments(known: _Known, now: datetime) -> list[Expired]:
    releasing = {(row.model, run.version or "") for row in known.rows for run in row.in_flight if run.kind == "release"}
    found: list[Expired] = []
    for endpoint in known.endpoints:
        deployments = adapters.platform().list_deployments(endpoint)
        if deployments:
            found += expired_deployments(deployments, adapters.platform().read_traffic(endpoint), releasing, now)
    return found


def _versions(known: _Known, model: str, versions: list[RegisteredVersion]) -> tuple[Expired, ...]:
    rows = [row for row in known.rows if row.model == model]
    in_use = {version for row in rows for version in (row.version, row.champion) if version}
    in_use |= {run.version for row in rows for run in row.in_flight if run.version}
    return expired_versions(versions, known.of_model(model).versions, in_use)


def _trained_on(known: _Known, registered: Iterable[list[RegisteredVersion]], going: Collection[str]) -> set[str]:
    """Dataset versions that a model version which stays was trained on, or that a model works with now."""
    kept = [one for versions in registered for one in versions if f"{one.model}@{one.version}" not in going]
    working = {row.dataset for row in known.rows if row.dataset}
    return working | {one.tags[DATASET_TAG] for one in kept if DATASET_TAG in one.tags}


def _present(known: _Known) -> Iterator[str]:
    """Dataset versions that the index calls the present ones of their cells."""
    for fleet in known.fleets:
        for dataset in fleet.datasets:
            after: str | None = ""
            while after is not None:
                page = adapters.dataset_index().cells(fleet.name, dataset, after or None)
                yield from (entry.dataset.version for entry in page.entries)
                after = page.next


def _stored_versions() -> list[StoredVersion]:
    """Every dataset version's folder, with what its manifest says."""
    blobs = [blob for blob in adapters.data().list("datasets/") if blob.path.count("/") >= 3]
    return [_stored(folder, list(files)) for folder, files in groupby(blobs, key=_folder)]


def _folder(blob: BlobArrival) -> str:
    return "/".join(blob.path.split("/")[:3]) + "/"


def _stored(folder: str, files: list[BlobArrival]) -> StoredVersion:
    _, dataset, version, _ = folder.split("/")
    at = max(file.at for file in files)
    manifest = f"{folder}manifest.json"
    if all(file.path != manifest for file in files):
        return StoredVersion(dataset=dataset, version=version, folder=folder, at=at)
    described = json.loads(adapters.data().read(manifest))
    made_of = tuple(path for source in described["sources"] for path in _made_of(source))
    return StoredVersion(dataset=dataset, version=version, folder=folder, at=at, cell=described["cell"], files=made_of)


def _made_of(source: dict[str, Any]) -> list[str]:
    """The conditioned files of a source in a manifest; manifests of the first form have one file, not a list."""
    files = source.get("files")
    return [str(file["path"]) for file in files] if isinstance(files, list) else [str(source["path"])]


def _datasets(
    known: _Known, stored: list[StoredVersion], in_use: Collection[str], now: datetime
) -> tuple[Expired, ...]:
    names = {one.dataset for one in stored}
    days = {name: known.of_dataset(name).datasets_days for name in names}
    retired = {name for name in names if not any(name in fleet.datasets for fleet in known.fleets)}
    return expired_datasets(stored, now, days, in_use, retired)


def _quarantine(known: _Known, now: datetime) -> tuple[Expired, ...]:
    files = _files("quarantine")
    days = {name: known.of_source(name).quarantine_days for name in {source_of(file.path) for file in files}}
    return expired_files("quarantine", files, now, days)


def _conditioned(
    known: _Known, stored: Iterable[StoredVersion], going: Collection[str], now: datetime
) -> tuple[Expired, ...]:
    files = _files("conditioned")
    needed = {path for one in stored if one.folder not in going for path in one.files}
    days = {name: known.of_source(name).datasets_days for name in {source_of(file.path) for file in files}}
    return expired_files("conditioned", files, now, days, needed)


def _files(kind: str) -> list[BlobArrival]:
    """Files of rows; what only tells what was conditioned is small, and stays."""
    return [file for file in adapters.data().list(f"{kind}/") if file.path.count("/") == 2]
