"""The app's doors to the page, over ports in memory."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Final

import azure.functions as func
import pytest
from durabletask.client import OrchestrationState

from functions import adapters, sight, tracing
from functions.dashboard import answering, forecasts
from functions.index import ROUTES
from functions.triggers import dashboard
from functions.triggers.door import answer_request
from shared.contracts.datasets import DatasetRef, IndexedDataset, IndexPage
from shared.contracts.deliveries import UNUSABLE, Delivery
from shared.contracts.fleet_runs import RunRow
from shared.contracts.holds import FleetHold
from shared.contracts.ledger import LedgerRow
from shared.contracts.policy import ModelPolicy
from shared.contracts.read_model import ModelRow
from shared.contracts.traces import TraceNode
from shared.errors import PermanentError
from shared.lineage.ledger import StoredChain
from tests.functions.dashboard.builders import NOW

DOORS: Final = {route.name: route for route in ROUTES["dashboard"]}


@dataclass
class Memory:
    """All that the page reads; implements the ports that it asks.

    Attributes:
        name: Of the fleet.
        broken: Raised by the read model, where it is set.
        away: Raised by everything else that the first page reads, likewise.
    """

    rows: list[ModelRow] = field(default_factory=list)
    policies: list[ModelPolicy] = field(default_factory=list)
    ledger: dict[str, list[LedgerRow]] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    jobs: dict[str, bytes] = field(default_factory=dict)
    deliveries: list[Delivery] = field(default_factory=list)
    runs: list[RunRow] = field(default_factory=list)
    datasets: list[IndexedDataset] = field(default_factory=list)
    held: list[FleetHold] = field(default_factory=list)
    trace: TraceNode | None = None
    name: str = "demo"
    broken: Exception | None = None
    away: Exception | None = None

    # ── the read model

    def briefs(self) -> list[ModelRow]:
        """In brief."""
        if self.broken is not None:
            raise self.broken
        return [row.brief() for row in self.rows]

    def get(self, *key: str) -> Any:
        """A model's row; or, by three words, a dataset version."""
        if len(key) == 3:
            wanted = (key[0], key[1], key[2])
            entries = ((one.fleet, one.dataset.dataset, one.dataset.version, one) for one in self.datasets)
            return next((one for *place, one in entries if tuple(place) == wanted), None)
        return next((row for row in self.rows if row.model == key[0]), None)

    # ── fleets

    def model(self, name: str) -> ModelPolicy | None:
        """One policy."""
        return next((policy for policy in self.policies if policy.model == name), None)

    def claim(self, _path: str) -> None:
        """No source claims a file, so its rows may be personal."""

    @property
    def all(self) -> list[Any]:
        """One fleet, which claims no file."""
        return [self]

    # ── blobs, jobs, datasets

    def read(self, path: str) -> bytes:
        """A blob."""
        if path not in self.blobs:
            raise PermanentError("BlobNotFound", path)
        return self.blobs[path]

    def write(self, path: str, content: bytes, *, content_type: str) -> None:
        """Replace one."""
        assert content_type == "application/json"
        self.blobs[path] = content

    def read_range(self, path: str, offset: int, length: int) -> bytes:
        """Some of it."""
        return self.read(path)[offset : offset + length]

    def list(self, prefix: str) -> Any:
        """Blobs."""
        return [
            SimpleNamespace(path=path, size=len(self.blobs[path])) for path in self.blobs if path.startswith(prefix)
        ]

    def read_job_file(self, name: str, _output: str) -> bytes:
        """A job's evaluation."""
        if name not in self.jobs:
            raise PermanentError("JobNotFound", f"there is no job {name}")
        return self.jobs[name]

    def cells(self, fleet: str, dataset: str, limit: int = 100) -> IndexPage:
        """The present versions."""
        found = [one for one in self.datasets if (one.fleet, one.dataset.dataset) == (fleet, dataset)]
        return IndexPage(entries=tuple(found[:limit]))

    def newest(self, _fleet: str, dataset: str, *_: Any) -> DatasetRef | None:
        """The present version."""
        return next((one.dataset for one in self.datasets if one.dataset.dataset == dataset), None)

    # ── the rest

    def chain(self, model: str) -> StoredChain:
        """A ledger; its hashes are not looked at here."""
        return StoredChain(rows=self.ledger.get(model, []), head=None, marks={}, problems=[])

    def recent(self, *asked: Any) -> Any:
        """Deliveries of a channel or of all; or, where only a limit is given, runs."""
        if self.away is not None:
            raise self.away
        if len(asked) == 2:
            return [one for one in self.deliveries if asked[0] in (None, one.channel)][: asked[1]]
        return self.runs

    def unusable(self, _limit: int) -> Any:
        """Deliveries that could not be used."""
        if self.away is not None:
            raise self.away
        return [one for one in self.deliveries if one.outcome in UNUSABLE]

    def of(self, fleet: str) -> Any:
        """Holds of a fleet."""
        if self.away is not None:
            raise self.away
        return [hold for hold in self.held if hold.fleet == fleet]


@dataclass
class Client:
    """A durable client that knows no orchestration."""

    memory: Memory

    async def get_orchestration_state(self, _instance: str) -> OrchestrationState | None:
        """None."""


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Memory:
    """What the doors read."""
    made = Memory()
    for port in ("read_model", "data", "dataset_index", "inbox", "platform", "fleets", "holds"):
        monkeypatch.setattr(adapters, port, lambda: made)
    monkeypatch.setattr(adapters, "policies", lambda: tuple(made.policies))
    monkeypatch.setattr(sight, "_parts", tuple)
    monkeypatch.setattr(
        adapters, "ledger", lambda: SimpleNamespace(chain=made.chain, rows=lambda model: made.ledger.get(model, []))
    )
    no_documents = SimpleNamespace(
        recent=made.recent, get=lambda run: next((one for one in made.runs if one.run == run), None),
        read=lambda *_: None,
    )  # fmt: skip
    monkeypatch.setattr(adapters, "runs", lambda: no_documents)
    monkeypatch.setattr(tracing, "_configure", lambda: None)
    monkeypatch.setattr(answering, "settings", lambda: SimpleNamespace(public_url=""))
    monkeypatch.setattr(dashboard, "utc_now", lambda: NOW)

    async def trace(_client: Any, _instance: str) -> TraceNode | None:
        return made.trace

    monkeypatch.setattr(dashboard, "find_trace", trace)
    forecasts.compared.cache_clear()
    return made


async def ask(
    memory: Memory,
    door: str,
    route: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> func.HttpResponse:
    """What a door answers, with all that every door has around it."""
    url = "http://app.example/api/dashboard"
    request = func.HttpRequest("GET", url, params=query, route_params=route, headers=headers, body=b"")
    client: Any = (Client(memory),) if DOORS[door].client else ()
    return await answer_request(DOORS[door], request, lambda: getattr(dashboard, door)(request, *client))


def manifest(name: str, **changes: Any) -> bytes:
    """The manifest of a dataset version with one source and one file."""
    source = {
        "source": name, "recipe_sha256": "ab" * 32, "rows_in": 10, "rows_out": 9, "rejected": 1, "reasons": {name: 1},
        "columns": {name: "text", "n": "integer"}, "gaps": [name], "earlier": True,
        "profile": {"columns": {"n": {
            "nulls": 1, "min": 1, "max": 9.5, "mean": 3, "distinct": 4, "distinct_error": 0.01,
            "quantiles": {"p50": 2}, "top": [{"value": name, "count": 3}],
        }}},
        "files": [{
            "raw": {"path": name, "etag": "e"}, "raw_sha256": "cd" * 32, "rows_in": 10, "rows_out": 9, "rejected": 1,
            "quarantine": "quarantine/s/q.csv",
        }],
    }  # fmt: skip
    whole = {
        "dataset": "weekly", "version": "w-1", "cell": {"origin": name}, "rows": 9, "rejected": 1, "warnings": [name],
        "made_by": {"signalbox": "0.1.0"}, "sources": [source],
    }  # fmt: skip
    return json.dumps(whole | changes).encode()
