"""What retention looks at and deletes, in memory: blobs, index, inbox, registry, endpoints and rows of one fleet."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from functions import adapters, tracing
from local.testing.functions import Functions
from shared import names
from shared.contracts.base import Contract
from shared.contracts.conditioning import BlobArrival
from shared.contracts.datasets import DatasetRef, IndexedDataset, IndexPage
from shared.contracts.deliveries import Delivery
from shared.contracts.deployments import DeploymentState
from shared.contracts.fleet_runs import RunRow
from shared.contracts.read_model import ModelRow
from shared.contracts.registry import RegisteredVersion
from shared.errors import PermanentError
from shared.fleet.fleet import Fleets
from shared.fleet.loader import load_fleet
from tests.functions.conftest import registered

NOW = datetime(2026, 11, 20, 3, 30, tzinfo=UTC)
MODEL = "quick-jfk"

# A class with a method `list` cannot name the type behind it.
type Versions = list[RegisteredVersion]
type Deployments = list[DeploymentState]
type Rows = list[ModelRow]
type Runs = list[RunRow]

_FLEET = """\
fleet: demo
timezone: America/New_York
matrix:
  origin: [JFK]
sources:
  flights: {files: "raw/{origin}/{month}.csv", recipe: recipe.yaml}
datasets:
  departures: {from: [flights], per: [origin, month]}
models:
  quick-{origin}:
    train: {pipeline: train.yml, data: departures}
    baseline: {pipeline: train.yml, per: [origin], name: "quick-{origin}-baseline"}
    serve: {online: "quick-{origin}"}
    golden: golden.csv
gates:
  accuracy: {metric: mape, max: 45%}
retention: {runs: 30d, versions: 2, datasets: 365d, quarantine: 90d}
"""


@dataclass
class Stored:
    """All that there is; implements the ports that retention asks.

    Attributes:
        blobs: Content and time by path.
        present: The present version of each cell.
        refuses: Names of what the registry refuses to delete.
        survives: How many deletions are done before the first one fails.
        breaks: How many deletions fail before storage answers again.
    """

    blobs: dict[str, tuple[bytes, datetime]] = field(default_factory=dict)
    entries: dict[tuple[str, str, str], IndexedDataset] = field(default_factory=dict)
    present: set[str] = field(default_factory=set)
    deliveries: dict[tuple[str, str], Delivery] = field(default_factory=dict)
    registered: list[RegisteredVersion] = field(default_factory=list)
    deployed: list[DeploymentState] = field(default_factory=list)
    rows: list[ModelRow] = field(default_factory=list)
    fleet_runs: list[RunRow] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)
    survives: int = 0
    breaks: int = 0

    # ── blobs

    def list(self, prefix: str) -> list[BlobArrival]:
        """By path."""
        return [
            BlobArrival(container="data", path=path, etag="1", size=len(content), at=at)
            for path, (content, at) in sorted(self.blobs.items())
            if path.startswith(prefix)
        ]

    def read(self, path: str) -> bytes:
        """A blob's bytes."""
        if path not in self.blobs:
            raise PermanentError("BlobNotFound", path)
        return self.blobs[path][0]

    def read_tagged(self, path: str) -> tuple[bytes, str]:
        """A blob's bytes, and its tag."""
        return self.read(path), "1"

    def write(self, path: str, content: bytes, *, content_type: str) -> None:
        """Replace."""
        assert content_type
        self.blobs[path] = (content, NOW)

    def write_once(self, path: str, content: bytes, *, content_type: str) -> bool:
        """The first one stays."""
        assert content_type == "application/json"
        return self.blobs.setdefault(path, (content, NOW))[0] == content

    def delete(self, path: str) -> None:
        """Absent is fine."""
        if self.survives:
            self.survives -= 1
        elif self.breaks:
            self.breaks -= 1
            raise ConnectionError("storage is down")
        self.blobs.pop(path, None)

    # ── index

    def get_entry(self, fleet: str, dataset: str, version: str) -> IndexedDataset | None:
        """One version."""
        return self.entries.get((fleet, dataset, version))

    def cells(self, fleet: str, dataset: str, after: str | None = None) -> IndexPage:
        """One entry per page, so that whoever forgets the next page is found out."""
        there = sorted(
            version
            for one, name, version in self.entries
            if (one, name) == (fleet, dataset) and version in self.present
        )
        at = there.index(after) if after else 0
        entries = tuple(self.entries[fleet, dataset, version] for version in there[at : at + 1])
        return IndexPage(entries=entries, next=there[at + 1] if at + 1 < len(there) else None)

    def forget(self, entry: IndexedDataset, *, present: bool = False) -> None:
        """The present one only when asked to."""
        if present or entry.dataset.version not in self.present:
            self.entries.pop((entry.fleet, entry.dataset.dataset, entry.dataset.version), None)

    # ── inbox

    def get(self, channel: str, key: str) -> Delivery | None:
        """What is known of a key."""
        return self.deliveries.get((channel, key))

    def record(self, delivery: Delivery) -> bool:
        """The first one stays."""
        return self.deliveries.setdefault((delivery.channel, delivery.key), delivery) is delivery

    def conclude(self, delivery: Delivery) -> None:
        """The last one stays."""
        self.deliveries[delivery.channel, delivery.key] = delivery

    def outcomes(self, channel: str) -> dict[str, str]:
        """Every key of a channel."""
        return {key: one.outcome for (of, key), one in self.deliveries.items() if of == channel}

    # ── registry, endpoints, rows

    def versions(self, model: str) -> Versions:
        """Oldest first."""
        return [one for one in self.registered if one.model == model]

    def delete_version(self, model: str, version: str) -> None:
        """Absent is fine."""
        if version in self.refuses:
            raise PermanentError("VersionInUse", f"version {version} is champion")
        self.registered = [one for one in self.registered if (one.model, one.version) != (model, version)]

    def list_deployments(self, endpoint: str) -> Deployments:
        """By name."""
        return [one for one in self.deployed if one.endpoint == endpoint]

    def read_traffic(self, endpoint: str) -> dict[str, int]:
        """Nobody asks for anything."""
        return {}

    def read_deployment(self, endpoint: str, deployment: str) -> DeploymentState | None:
        """The one of that name."""
        return next((one for one in self.list_deployments(endpoint) if one.deployment == deployment), None)

    def delete_deployment(self, endpoint: str, deployment: str) -> None:
        """Absent is fine."""
        self.deployed = [one for one in self.deployed if (one.endpoint, one.deployment) != (endpoint, deployment)]

    def all(self) -> Rows:
        """The read model."""
        return self.rows

    # ── what a test puts there

    def publish(self, version: str, age: int, *, month: str = "2013-01", dataset: str = "departures") -> str:
        """A dataset version of one conditioned file, of which it is the present one of its cell; its folder."""
        folder, conditioned = f"datasets/{dataset}/{version}/", f"conditioned/flights/{version}.csv"
        cell = {"origin": "JFK", "month": month}
        described = {"cell": cell, "sources": [{"source": "flights", "files": [{"path": conditioned}]}]}
        self.put(f"{folder}manifest.json", age, json.dumps(described))
        self.put(f"{folder}flights.csv", age)
        self.put(conditioned, age)
        ref = DatasetRef(dataset=dataset, version=version, cell=cell, path=folder, rows=1, rejected=0)
        for _, _, other in [key for key in self.entries if self.entries[key].dataset.cell == cell]:
            self.present.discard(other)
        self.entries["demo", dataset, version] = IndexedDataset(fleet="demo", dataset=ref, at=NOW)
        self.present.add(version)
        return folder

    def put(self, path: str, age: int, content: str = "x") -> None:
        """A blob of so many days."""
        self.blobs[path] = (content.encode(), NOW - timedelta(days=age))

    def register(self, version: str, dataset: str, *, model: str = MODEL) -> None:
        """A version that was trained on a dataset version, and did not pass."""
        tags = {"signalbox.job": f"job-{version}", "signalbox.dataset": dataset, "signalbox.verdict": "rejected"}
        self.registered.append(RegisteredVersion(model=model, version=version, tags=tags))

    def clear(self) -> None:
        """Nothing is stored any more."""
        for one in (self.blobs, self.entries, self.present, self.deliveries, self.registered, self.deployed):
            one.clear()


@dataclass
class _Index:
    """The index's own `get`, which is another one than the inbox's."""

    stored: Stored

    def get(self, fleet: str, dataset: str, version: str) -> IndexedDataset | None:
        """One version."""
        return self.stored.get_entry(fleet, dataset, version)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stored, name)


@dataclass
class _FleetRuns:
    """Runs of fleets, whose documents are blobs."""

    stored: Stored

    def recent(self, limit: int) -> Runs:
        """All of them."""
        return self.stored.fleet_runs[:limit]

    def read[D: Contract](self, path: str, kind: type[D]) -> D | None:
        """A document."""
        return kind.model_validate_json(self.stored.blobs[path][0]) if path in self.stored.blobs else None

    def forget(self, run: str, folder: str) -> None:
        """Absent is fine."""
        self.stored.blobs = {path: blob for path, blob in self.stored.blobs.items() if not path.startswith(folder)}
        self.stored.fleet_runs = [row for row in self.stored.fleet_runs if row.run != run]


def make_stored(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Stored:
    """An empty store of a fleet with one model, behind the app's adapters."""
    for name in ("recipe.yaml", "train.yml", "golden.csv"):
        (folder / name).touch()
    (folder / "fleet.yaml").write_text(_FLEET)
    fleets, stored = Fleets((load_fleet(folder / "fleet.yaml"),)), Stored()
    ports: dict[str, Callable[[], Any]] = {
        "fleets": lambda: fleets,
        "dataset_index": lambda: _Index(stored),
        "runs": lambda: _FleetRuns(stored),
        **dict.fromkeys(("data", "inbox", "registry", "platform", "read_model"), lambda: stored),
    }
    for name, port in ports.items():
        monkeypatch.setattr(adapters, name, port)
    monkeypatch.setattr(tracing, "_configure", lambda: None)
    return stored


def functions() -> Functions:
    """The app's own orchestrators, and the activities of retention and retirement that ask the adapters."""
    app = registered()
    own = (names.PLAN_RETENTION, names.DELETE_EXPIRED, names.CONCLUDE_DELIVERY, names.CONCLUDE_WAITING_CELLS)
    return Functions(dict(app.orchestrators), {name: app.activities[name] for name in own}, dict(app.entities))
