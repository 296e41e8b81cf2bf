"""An app of two fleets in memory, of which a group may see one model: everything of it is called JFK, all else HUSH."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import azure.functions as func
import grpc
import pytest
from durabletask.client import OrchestrationState, OrchestrationStatus

from functions import adapters, tracing
from functions.index import ROUTES, Route
from functions.triggers.door import answer_request
from functions.triggers.registry_events import read_mlflow
from shared import names
from shared.conditioning.engine.quarantine import HEADER, QuarantinedRow, quarantine_csv
from shared.contracts.conditioning import ConditionDatasetInput, SourceFile
from shared.contracts.datasets import DatasetRef, IndexedDataset
from shared.contracts.deliveries import Delivery
from shared.contracts.fleet_runs import CellState, RunDigest, RunFleetInput, RunRow
from shared.contracts.holds import FleetHold
from shared.contracts.ledger import LedgerAnchor, LedgerEntry, LedgerHead, LedgerRow
from shared.contracts.ranges import ConditionFileInput
from shared.contracts.read_model import Hold, ModelRow, RunInFlight
from shared.contracts.retention import ExpiredCount, RetentionOutcome
from shared.contracts.waking import WakeModelInput
from shared.fleet_runs.digest import sentence
from shared.fleet_runs.places import digest_path
from shared.lineage.anchors import KeptAnchor
from shared.lineage.ledger import StoredChain
from shared.settings import settings
from tests.functions.fleet_in_memory import MemoryRuns
from tests.functions.stores import Blobs, Deliveries, Index

AT: Final = datetime(2013, 8, 1, tzinfo=UTC)
ROUTE_OF: Final = {route.name: (room, route) for room, routes in ROUTES.items() for route in routes}
#: What must not come before the eyes of who may see JFK only.
HIDDEN: Final = ("hush", "vault", "others-ops")
_FLEET = """\
fleet: flights
timezone: UTC
matrix: {origin: [JFK, HUSH]}
sources:
  flights: {files: "raw/flights/{origin}/{month}.csv", recipe: recipe.yaml}
  holidays: {files: "raw/holidays/{year}.csv", recipe: recipe.yaml}
datasets:
  monthly: {from: [flights, holidays], per: [origin, month]}
models:
  m-{origin}:
    train: {pipeline: p.yml, data: monthly}
    serve: {batch: p.yml}
    golden: golden.csv
gates: {accuracy: {metric: rmse, max: 3}}
team:
  owner: flying
  operate:
    - {group: entra:jfk-ops, match: {origin: JFK}}
    - {group: entra:others-ops, match: {origin: HUSH}}
"""
_VAULT = """\
fleet: vault
timezone: UTC
matrix: {}
sources: {vaulted: {files: "raw/vault/{month}.csv", recipe: recipe.yaml}}
datasets: {vaults: {from: [vaulted], per: [month]}}
models: {vault-one: {train: {pipeline: p.yml, data: vaults}, serve: {batch: p.yml}, golden: golden.csv}}
gates: {accuracy: {metric: rmse, max: 3}}
"""
_RECIPE = "columns: {route: {from: route}, flights: {from: flights, type: integer, min: 0}}\n"


@dataclass
class World:
    """Everything that doors read; every adapter is one of these."""

    data: Blobs
    landing: Blobs
    index: Index
    inbox: Deliveries
    runs: MemoryRuns
    client: "Client"


class Client:
    """A durable client that knows some orchestrations and no histories."""

    def __init__(self, states: list[OrchestrationState]) -> None:
        self._states = {state.instance_id: state for state in states}

    async def get_orchestration_state(self, instance: str, **_: Any) -> OrchestrationState | None:
        """One."""
        return self._states.get(instance)

    async def get_all_orchestration_states(self, *_: Any) -> list[OrchestrationState]:
        """All."""
        return list(self._states.values())

    async def get_orchestration_history(self, _instance: str) -> Any:
        """As of a backend that keeps them to itself."""
        metadata = grpc.aio.Metadata()
        raise grpc.aio.AioRpcError(grpc.StatusCode.UNIMPLEMENTED, metadata, metadata)

    async def get_entity(self, *_: Any) -> None:
        """None: no model has been told anything."""

    async def get_all_entities(self, *_: Any) -> list[Any]:
        """None."""
        return []


def principal(*, name: str = "bob", groups: tuple[str, ...] = (), roles: tuple[str, ...] = ()) -> dict[str, str]:
    """The header that the platform sets."""
    claims = [{"typ": "name", "val": name}]
    claims += [{"typ": "groups", "val": one} for one in groups] + [{"typ": "roles", "val": one} for one in roles]
    return {"X-MS-CLIENT-PRINCIPAL": base64.b64encode(json.dumps({"claims": claims}).encode()).decode()}


WHOLE: Final = principal(roles=("Signalbox.Reader",))
MINE: Final = principal(groups=("jfk-ops",))


async def ask(
    world: World,
    door: str,
    caller: Mapping[str, str],
    parts: Mapping[str, str] | None = None,
    *,
    query: Mapping[str, str] | None = None,
    body: Any = None,
) -> func.HttpResponse:
    """What the app answers, with all that every door has around it."""
    room, of = ROUTE_OF[door]
    url = f"https://app/api/{of.path}"
    content = json.dumps(body).encode() if body is not None else b""
    request = func.HttpRequest(of.method, url, headers=caller, params=query, route_params=parts, body=content)
    client = (world.client,) if of.client else ()
    return await answer_request(of, request, lambda: _room(room, door)(request, *client))


def reading_routes() -> list[Route]:
    """Every route that tells something and changes nothing."""
    return [route for _, route in ROUTE_OF.values() if route.role == "reader"]


def _room(room: str, name: str) -> Any:
    return getattr(import_module(f"functions.triggers.{room}"), name)


def build(folder: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """The app, where Entra ID knows its callers."""
    for name, text in {"recipe.yaml": _RECIPE, "fleet.yaml": _FLEET, "vault.yaml": _VAULT}.items():
        (folder / name).write_text(text)
    for name in ("p.yml", "golden.csv"):
        (folder / name).touch()
    files = (folder / "fleet.yaml", folder / "vault.yaml")
    said = SimpleNamespace(
        fleet_files=files, environment="", authentication="entra", landing_container="landing", public_url="",
        telemetry="off", burst_seconds=0, git_commit="",
    )  # fmt: skip
    for room in {*ROUTES, "callers", "understanding_files"}:
        module = import_module(f"functions.triggers.{room}")
        if getattr(module, "settings", None) is settings:
            monkeypatch.setattr(module, "settings", lambda: said)
    for path in ("functions.adapters", "functions.triggers.callers", "functions.cell_files", "functions.trace_lookup",
                 "functions.dashboard.answering"):  # fmt: skip
        monkeypatch.setattr(f"{path}.settings", lambda: said)
    monkeypatch.setattr(tracing, "_configure", lambda: None)
    world = World(Blobs("data"), Blobs("landing"), Index(), Deliveries(), MemoryRuns(), Client(_states()))
    rows = _rows()
    chains = {
        model: StoredChain(rows=[_entry(model)], head=None, marks={}, problems=[]) for model in ("m-jfk", "m-hush")
    }
    empty = StoredChain(rows=[], head=None, marks={}, problems=[])
    heads = {model: LedgerHead(sequence=1, hash="1" * 64) for model in chains}
    anchor = KeptAnchor("heads/1.json", "0" * 64, LedgerAnchor(at=AT, heads=heads, findings=("m-hush has changed",)))
    ports: dict[str, Any] = {
        "data": world.data, "landing": world.landing, "dataset_index": world.index, "inbox": world.inbox,
        "runs": world.runs,
        "read_model": SimpleNamespace(
            all=lambda: rows, briefs=lambda: [one.brief() for one in rows],
            get=lambda name: next((one for one in rows if one.model == name), None),
        ),
        "ledger": SimpleNamespace(
            chain=lambda name: chains.get(name, empty), rows=lambda name: chains.get(name, empty).rows,
        ),
        "platform": SimpleNamespace(read_job_file=lambda *_: b"month,actual,prediction\n2013-07-31,10,9\n"),
        "anchors": SimpleNamespace(newest=lambda _: [anchor]),
        "holds": SimpleNamespace(of=lambda fleet: [one for one in HOLDS if one.fleet == fleet]),
    }  # fmt: skip
    for port, made in ports.items():
        monkeypatch.setattr(adapters, port, lambda made=made: made)
    _fill(world)
    return world


#: It has come before.
WEBHOOK: Final = {"entity": "model_version", "action": "created", "data": {"name": "m-hush", "version": "7"}}
HOLDS: Final = (
    FleetHold(fleet="flights", scope="fleet:flights", select={}, by="ana", reason="a freeze", at=AT),
    FleetHold(
        fleet="flights", scope="label:origin=HUSH|JFK", select={"origin": ("HUSH", "JFK")}, by="ana", reason="a flood",
        at=AT, until=datetime(2999, 1, 1, tzinfo=UTC),
    ),
    FleetHold(
        fleet="flights", scope="label:model=m-hush", select={"model": ("m-hush",)}, by="ana", reason="an audit", at=AT
    ),
    FleetHold(fleet="flights", scope="label:origin=JFK", select={"origin": ("JFK",)}, by="ana", reason="", at=AT,
              until=AT + timedelta(days=1)),
    FleetHold(fleet="vault", scope="fleet:vault", select={}, by="ana", reason="a heist", at=AT),
)  # fmt: skip


def _rows() -> list[ModelRow]:
    def row(model: str, fleet: str = "flights", **changes: Any) -> ModelRow:
        told: dict[str, Any] = {
            "fleet": fleet, "model": model, "labels": {}, "revision": 1, "state": "training", "reason": "It is new.",
            "updated_at": AT, "version": "1",
            "in_flight": (RunInFlight(kind="training", instance=f"train-{model}", attempt=1),),
        }  # fmt: skip
        return ModelRow.model_validate(told | changes)

    hold = Hold(scope="label:model=m-hush|m-jfk", by="ana", reason="a flood", since=AT)
    lifts = "`signalbox resume --fleet flights --select model=m-hush,m-jfk` lifts the hold."
    why = f"ana holds it (label:model=m-hush|m-jfk): a flood. {lifts}"
    mine = row("m-jfk", labels={"origin": "JFK"}, state="held", holds=(hold,), reason=why)
    return [mine, row("m-hush", labels={"origin": "HUSH"}), row("gone-hush"), row("vault-one", "vault")]


def _entry(model: str) -> LedgerRow:
    entry = LedgerEntry(
        model=model, effect="ModelRegistered", key="k", at=AT, by=f"train-{model}", reason="Version 1 was judged.",
        facts={"version": "1", "job": f"job-{model}", "gates": [], "evaluation": {"model": {"mape": 0.2}}},
    )  # fmt: skip
    return LedgerRow(sequence=1, previous="0" * 64, hash="1" * 64, entry=entry)


def _fill(world: World) -> None:
    for fleet, dataset, cell in (
        ("flights", "monthly", {"origin": "JFK", "month": "2013-07"}),
        ("flights", "monthly", {"origin": "HUSH", "month": "2013-07"}),
        ("vault", "vaults", {"month": "2013-07"}),
    ):
        version = "-".join((dataset, *cell.values())).lower()
        path = f"datasets/{dataset}/{version}/"
        ref = DatasetRef(
            dataset=dataset, version=version, cell=cell, path=path, rows=1, rejected=0, ends=date(2013, 7, 31)
        )
        world.index.put(IndexedDataset(fleet=fleet, dataset=ref, at=AT))
        manifest = {"dataset": dataset, "version": version, "cell": cell, "rows": 1, "rejected": 0, "sources": []}
        world.data.land(f"{path}manifest.json", json.dumps(manifest), AT)
    jfk, hush = "raw/flights/JFK/2013-07.csv", "raw/flights/HUSH/2013-07.csv"
    for blob, files in {
        "flights/jfk": [jfk],
        "flights/1f": [hush],
        "flights/2e": [hush, jfk],
        "vaulted/3d": ["v"],
    }.items():
        rejected = [QuarantinedRow(file, n, n, n, "field_count", "r", "x") for n, file in enumerate(files, 1)]
        world.data.land(f"quarantine/{blob}.csv", HEADER + quarantine_csv(rejected), AT)
    world.landing.land(jfk, "route,flights\nx,1\n", AT)
    world.landing.land(hush, "route,flights\nx,1\n", AT)
    _fill_runs(world)
    _fill_inbox(world)


RUNS: Final[dict[str, tuple[str, str, dict[str, tuple[str, ...]], tuple[str, ...]]]] = {
    "run-both": ("flights", "train", {"model": ("m-hush", "m-jfk")}, ("m-jfk", "m-hush")),
    "run-xyz": ("flights", "train", {"origin": ("HUSH",)}, ("m-hush",)),
    "run-data": ("flights", "condition", {}, ("monthly origin=JFK month=2013-07", "monthly origin=HUSH month=2013-07")),
    "run-zww": ("vault", "train", {}, ("vault-one",)),
}


def _fill_runs(world: World) -> None:
    for run, (fleet, operation, select, cells) in RUNS.items():
        states = tuple(_cell(name, operation) for name in cells)
        counts = {"failed": 1, **({"passed": 1} if len(cells) > 1 else {})}
        row = RunRow.model_validate({
            "run": run, "fleet": fleet, "operation": operation, "select": select, "requested_by": "ana",
            "request_id": "r", "fail_on": "never", "state": "done", "counts": counts, "started_at": AT,
            "reason": f"{sentence(counts)} m-hush was the worst.", "updated_at": AT, "ended_at": AT,
        })  # fmt: skip
        world.runs.put(row)
        world.runs.keep(digest_path(fleet, run), RunDigest(row=row, cells=states, seconds=1))
    refused = "The fleet flights has no origin `X`. There is origin: JFK, HUSH; model: m-jfk, m-hush."
    told = world.runs.rows["run-both"].model_copy(update={"run": "run-refused", "reason": refused, "state": "failed"})
    world.runs.put(told)


def _cell(name: str, operation: str) -> CellState:
    mine = "jfk" in name.lower()
    labels = {"origin": "JFK" if mine else "HUSH"} if "vault" not in name else {}
    labels |= {"month": "2013-07"} if operation == "condition" else {}
    return CellState(
        name=name, labels=labels, dataset="monthly", outcome="passed" if mine else "failed", reason=f"of {name}"
    )


def _fill_inbox(world: World) -> None:
    count = ExpiredCount(kind="version", found=1, going=1, gone=1)
    outcome = RetentionOutcome(at=AT, requested_by="ana", dry_run=False, plan="retention/1.json", counts=(count,))
    world.data.land("retention/1.json", json.dumps({"things": [{"kind": "version", "name": "m-hush@1"}]}), AT)
    for channel, key, body in (
        ("retention", "retention-1", outcome.model_dump_json()),
        ("conditioning", "flights/lost-hush/lost-hush origin=HUSH@x", ""),
        ("storage", "landing/raw/flights/HUSH/2013-07.csv@0x1", ""),
        ("mlflow", read_mlflow(WEBHOOK).key, ""),
    ):
        told = {"channel": channel, "key": key, "subject": "hush", "received_at": AT, "outcome": "accepted"}
        world.inbox.record(Delivery.model_validate(told | {"reason": "of hush", "body": body}))


def _states() -> list[OrchestrationState]:
    found = []
    for of in ("jfk", "hush"):
        cell = {"origin": of.upper(), "month": "2013-07"}
        order = ConditionDatasetInput(fleet="flights", dataset="monthly", cell=cell, cause=f"landing/{of}", at=AT)
        file = SourceFile(source="flights", path=f"raw/flights/{of.upper()}/2013-07.csv", etag="1", size=1)
        big = ConditionFileInput(fleet="flights", cell=cell, file=file)
        said = {"step": f"conditioning {of}", "files": [f"file-{of}"]}
        found += [
            _state(f"train-m-{of}", names.TRAIN_MODEL, {"model": f"m-{of}", "policy": {"baseline": {"model": "b"}}}),
            _state(f"order-{of}", names.GIVE_ORDER, {"order": {"model": f"m-{of}"}}),
            _state(f"wake-{of}", names.WAKE_MODEL, WakeModelInput(model=f"m-{of}", at=AT).to_wire()),
            _state(f"condition-{of}", names.CONDITION_DATASET, order.to_wire(), said=said),
            _state(f"file-{of}", names.CONDITION_FILE, big.to_wire()),
            _state(names.watcher(f"train-m-{of}"), names.WATCH_JOB, {"name": of}),
        ]
    for run, (fleet, operation, select, _) in RUNS.items():
        asked = RunFleetInput.model_validate({
            "fleet": fleet, "operation": operation, "select": select, "requested_by": "ana", "request_id": "r", "at": AT
        })  # fmt: skip
        found.append(_state(run, names.RUN_FLEET, asked.to_wire(), output={"reason": "hush was the worst"}))
    found.append(_state("job-wait", names.WATCH_JOB, {"name": "hush"}))
    found.append(_state("odd", "anything", ["hush"]))
    return found


def _state(instance: str, name: str, given: Any, said: Any = None, output: Any = None) -> OrchestrationState:
    running = output is None
    return OrchestrationState(
        instance_id=instance, name=name,
        runtime_status=OrchestrationStatus.RUNNING if running else OrchestrationStatus.COMPLETED,
        created_at=AT.replace(tzinfo=None), last_updated_at=AT.replace(tzinfo=None),
        serialized_input=json.dumps(given), serialized_output=None if running else json.dumps(output),
        serialized_custom_status=json.dumps(said) if said is not None else None, failure_details=None,
    )  # fmt: skip
