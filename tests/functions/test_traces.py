"""One event's whole story, read from the durable histories."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import azure.functions as func
import grpc
import pytest
from grpc.aio import Metadata

from functions import adapters, trace_lookup
from functions.trace_lookup import find_trace
from functions.trace_pages import ids_like, lately
from functions.trace_runs import CELLS_SHOWN, add_cells
from functions.trace_steps import Step
from functions.traces import MOST_RUNS, Walk, read_trace
from functions.triggers.traces import get_trace
from shared import names
from shared.contracts.conditioning import ConditionDatasetInput
from shared.contracts.datasets import ConcernedModels
from shared.contracts.deliveries import Channel, Delivery
from shared.contracts.fleet_runs import PlannedCell, RunFleetInput, RunPlan
from shared.contracts.ledger import LedgerEntry, LedgerRow
from shared.contracts.traces import TraceNode
from shared.contracts.training import TrainModelInput
from shared.fleet_runs.planning import condition_order
from tests.functions.conftest import App
from tests.shared.interlock.builders import MODEL, POLICY, at, dataset, registered

_ID = "0af7651916cd43dd8448eb211c80319c"
TRACE = f"00-{_ID}-b7ad6b7169203331-01"
ARRIVAL = ConditionDatasetInput(
    fleet="flights",
    dataset="departures",
    cell={"origin": "JFK", "year": "2013"},
    cause="landing/f@1",
    at=at(),
    trace=TRACE,
)
TRAINING = TrainModelInput(model=MODEL, attempt=1, policy=POLICY, dataset=dataset(), at=at(), trace=TRACE)


@dataclass
class Records:
    """The ledger and the inbox, as far as a trace is looked for in them."""

    entries: list[LedgerEntry] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)

    def rows(self, model: str) -> list[LedgerRow]:
        """A model's chain."""
        mine = [entry for entry in self.entries if entry.model == model]
        return [LedgerRow(sequence=1, previous="", hash="", entry=entry) for entry in mine]

    def get(self, channel: Channel, key: str) -> Delivery | None:
        """By channel and key."""
        return next((one for one in self.deliveries if (one.channel, one.key) == (channel, key)), None)

    def recent(self, channel: Channel | None = None, limit: int = 100) -> list[Delivery]:
        """Of a channel, or all of them."""
        return [one for one in self.deliveries if channel in (None, one.channel)][:limit]


@pytest.fixture(autouse=True)
def records(app: App, monkeypatch: pytest.MonkeyPatch) -> Records:
    """What the app's activities write down."""
    found = Records()
    write = app.engine_functions[names.APPEND_LEDGER]

    def append(payload: dict[str, Any]) -> Any:
        found.entries.append(LedgerEntry.from_wire(payload))
        return write(payload)

    app.engine_functions[names.APPEND_LEDGER] = append
    concerned = ConcernedModels(policies=(POLICY,), pages=1).to_wire()
    app.engine_functions[names.FIND_CONCERNED_MODELS] = lambda _: {"result": concerned}
    monkeypatch.setattr(adapters, "ledger", lambda: found)
    monkeypatch.setattr(adapters, "inbox", lambda: found)
    monkeypatch.setattr(trace_lookup, "settings", lambda: SimpleNamespace(telemetry="off"))
    return found


def _walk(node: TraceNode) -> Iterator[TraceNode]:
    yield node
    for child in node.children:
        yield from _walk(child)


def _find(root: TraceNode, name: str) -> TraceNode:
    return next(node for node in _walk(root) if node.name == name)


async def _read(app: App, instance: str) -> TraceNode:
    found = await read_trace(app.client, instance)
    assert found is not None
    return found


async def test_a_training_is_told_step_by_step(app: App) -> None:
    """Activities with their outcome, the job under the wait for it, the model that was told."""
    await app.run(names.TRAIN_MODEL, TRAINING, "train-1")
    root = await _read(app, "train-1")
    assert (root.name, root.kind, root.outcome) == (names.TRAIN_MODEL, "orchestration", "ok")
    assert root.attributes["signalbox.model"] == MODEL
    assert root.attributes["signalbox.dataset"] == dataset().version
    steps = [child.name for child in root.children]
    assert steps[:3] == [names.SUBMIT_JOB, names.APPEND_LEDGER, names.WATCH_JOB]
    job = next(node for node in _walk(root) if node.kind == "job")
    assert (job.name, job.outcome, job.detail) == ("train-1", "ok", "Completed")
    assert _find(root, "training_finished").kind == "entity"
    for node in _walk(root):
        assert node.ended_at is not None
        assert root.started_at <= node.started_at <= node.ended_at


async def test_what_failed_says_why(app: App) -> None:
    """The step that was refused, the job that failed, and the orchestration that ended so."""
    app.world.job_status = "Failed"
    await app.run(names.TRAIN_MODEL, TRAINING, "train-1")
    root = await _read(app, "train-1")
    assert root.outcome == "failed"
    assert "train-1" in root.detail
    assert next(node for node in _walk(root) if node.kind == "job").outcome == "failed"

    app.world.faults = {names.SUBMIT_JOB: "permanent"}
    await app.run(names.TRAIN_MODEL, TRAINING, "train-2")
    refused = _find(await _read(app, "train-2"), names.SUBMIT_JOB)
    assert (refused.outcome, refused.detail) == ("failed", "Broken: submit_job is broken")


async def test_attempts_of_a_step_are_steps(app: App) -> None:
    """Each try during an outage is shown, with the pause before the next."""
    app.world.faults = {names.EVALUATE_MODEL: "outage"}
    await app.run(names.TRAIN_MODEL, TRAINING, "train-1")
    root = await _read(app, "train-1")
    tries = [child for child in root.children if child.name == names.EVALUATE_MODEL]
    assert len(tries) == 6
    assert {one.outcome for one in tries} == {"failed"}
    assert "evaluate_model is down" in tries[0].detail
    assert sum(child.kind == "timer" for child in root.children) == 5


async def test_a_files_story_goes_on_through_the_models_decisions(app: App) -> None:
    """Conditioning, the models told, and the training that the model itself decided on are one tree."""
    await app.run(names.CONDITION_DATASET, ARRIVAL, "condition-1")
    await app.until_summary("registered")
    root = await _read(app, "condition-1")
    told = _find(root, "dataset_published")
    assert told.attributes["signalbox.model"] == MODEL
    (training,) = told.children
    assert (training.name, training.outcome) == (names.TRAIN_MODEL, "ok")
    instances = [node.instance for node in _walk(root) if node.kind == "orchestration"]
    assert len(instances) == len(set(instances))


async def test_a_release_belongs_to_the_registration(app: App) -> None:
    """With the trace of the training, which the version carries, the release is in the same tree."""
    await app.run(names.CONDITION_DATASET, ARRIVAL, "condition-1")
    await app.until_summary("registered")
    await app.tell(registered("1").model_copy(update={"trace": TRACE}))
    await app.until_summary("released")
    root = await _read(app, "condition-1")
    release = _find(root, names.RELEASE_MODEL)
    assert release.outcome == "ok"
    assert sum(node.name == names.RELEASE_MODEL for node in _walk(root)) == 1


async def test_another_trace_is_left_out(app: App) -> None:
    """What the model did for other reasons is another story."""
    await app.run(names.CONDITION_DATASET, ARRIVAL.model_copy(update={"trace": TRACE.replace("0af", "1af")}), "c-1")
    await app.until_summary("registered")
    await app.client.schedule_new_orchestration(
        names.CONDITION_DATASET, input=ARRIVAL.model_copy(update={"cause": "again"}).to_wire(), instance_id="c-2"
    )
    await app.finish("c-2")
    assert not [node for node in _walk(await _read(app, "c-2")) if node.name == names.TRAIN_MODEL]


async def test_what_waits_says_for_what(app: App) -> None:
    """An orchestration under way has no end; its last timer says until when it waits."""
    app.world.job_status = "Running"
    await app.client.schedule_new_orchestration(names.TRAIN_MODEL, input=TRAINING.to_wire(), instance_id="train-1")
    await app.client.wait_for_orchestration_start("train-1", timeout=10)
    async with asyncio.timeout(20):
        while True:
            root = await _read(app, "train-1")
            waits = [node for node in _walk(root) if node.kind == "timer" and node.ended_at is None]
            if waits:
                break
    (timer,) = waits
    assert timer.outcome == "waiting"
    assert timer.detail.startswith("until ")
    assert (root.outcome, root.ended_at, root.detail) == ("running", None, "training, job train-1")
    assert next(node for node in _walk(root) if node.kind == "job").outcome == "running"


async def test_a_large_story_is_cut_and_says_so(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more histories are read than a person can look at; what is left out is counted."""
    monkeypatch.setattr("functions.traces.MOST_RUNS", 3)
    await app.run(names.CONDITION_DATASET, ARRIVAL, "condition-1")
    await app.until_summary("registered")
    root = await _read(app, "condition-1")
    assert "ask for one of them by its id" in root.attributes["signalbox.trace.left_out"]
    assert MOST_RUNS > 3


async def test_a_delivery_leads_to_what_it_started(app: App, records: Records) -> None:
    """By its key, and by its trace."""
    await app.run(names.CONDITION_DATASET, ARRIVAL, "condition-1")
    await app.until_summary("registered")
    told = {"subject": "raw/f.csv", "received_at": at(), "outcome": "accepted", "reason": "Asked for."}
    started = ("condition-1", "deleted-since")
    records.deliveries = [
        Delivery(channel="storage", key="landing/raw/f.csv@1", trace=TRACE, started=started, body="", **told)  # type: ignore[arg-type]  # as it reads
    ]
    for wanted in ("landing/raw/f.csv@1", _ID, TRACE):
        root = await find_trace(app.client, wanted)
        assert root is not None
        assert (root.kind, root.name, root.attributes["signalbox.path"]) == ("delivery", "storage", "raw/f.csv")
        assert [child.instance for child in root.children] == ["condition-1"]
        assert _find(root, names.TRAIN_MODEL).outcome == "ok"


@pytest.mark.parametrize("operation", ["train", "condition"])
async def test_a_run_of_a_fleet_shows_its_cells(app: App, monkeypatch: pytest.MonkeyPatch, operation: Any) -> None:
    """Its history has forgotten whom it asked: its plan tells, and what each of them did is found by the trace."""
    order = RunFleetInput(
        fleet="flights", operation=operation, requested_by="ana", request_id="r", at=at(), trace=TRACE
    )
    named = MODEL if operation == "train" else "departures origin=JFK year=2013"
    cells = [PlannedCell(name=named, labels=ARRIVAL.cell, dataset="departures", data=dataset())]
    cells += [PlannedCell(name=f"m{n}", labels={}, dataset="departures") for n in range(CELLS_SHOWN)]
    cells += [PlannedCell(name="skipped", labels={}, dataset="departures", outcome="skipped")]
    plan = RunPlan(order=order, cells=tuple(cells))
    monkeypatch.setattr(adapters, "runs", lambda: SimpleNamespace(read=lambda *_: plan))
    await app.run(names.TRAIN_MODEL, TRAINING, "train-1")
    child = condition_order(order, cells[0], "run-1")
    await app.run(names.CONDITION_DATASET, child, names.instance_id(f"condition {child.dataset}", child.key))
    root = Step(names.RUN_FLEET, "orchestration", "run-1", at(), attributes={"signalbox.fleet": "flights"}, trace=TRACE)
    add_cells(root)
    assert len(root.children) == CELLS_SHOWN
    assert "1 of its cells are not shown: signalbox run show run-1 lists all." in root.detail
    story = (await Walk(app.client).grown(root)).node()
    (asked,) = (one for one in story.children if named in one.attributes.values())
    began = asked.children[0] if operation == "train" else asked
    assert (began.name, began.outcome) == (
        names.TRAIN_MODEL if operation == "train" else names.CONDITION_DATASET,
        "ok",
    )


async def test_a_backend_that_keeps_its_histories_tells_how_it_stands(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When it began, when it ended, and how; any other trouble of the backend is not taken for that."""
    await app.run(names.TRAIN_MODEL, TRAINING, "train-1")
    none = Metadata()
    for code in (grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.UNAVAILABLE):
        error = grpc.aio.AioRpcError(code, none, none, "no")

        async def refuse(_: str, error: Exception = error) -> None:
            raise error

        monkeypatch.setattr(app.client, "get_orchestration_history", refuse)
        if code is grpc.StatusCode.UNAVAILABLE:
            with pytest.raises(grpc.aio.AioRpcError):
                await read_trace(app.client, "train-1")
            continue
        root = await _read(app, "train-1")
        assert (root.name, root.outcome, root.children) == (names.TRAIN_MODEL, "ok", ())
        assert root.ended_at is not None
        assert "not kept here" in root.detail
        assert await read_trace(app.client, "nobody") is None


async def test_a_request_is_found_by_its_trace(app: App) -> None:
    """The correlation id of an answer leads to what the request began, and to what that led to, each once."""
    await app.run(names.CONDITION_DATASET, ARRIVAL, "condition-1")
    await app.until_summary("registered")
    await app.run(names.TRAIN_MODEL, TRAINING.model_copy(update={"attempt": 7}), "train-apart")
    root = await find_trace(app.client, _ID)
    assert root is not None
    assert root.instance == "condition-1"
    instances = [node.instance for node in _walk(root) if node.kind == "orchestration"]
    assert len(instances) == len(set(instances))
    assert "train-apart" in instances
    assert await find_trace(app.client, "f" * 32) is None


@pytest.mark.parametrize("kind", ["model_version.created", "MODEL_VERSION_CREATED"])
async def test_a_registration_leads_to_what_the_model_did(app: App, records: Records, kind: str) -> None:
    """A webhook, of MLflow or of Databricks, starts nothing itself: the model that was told does."""
    await app.run(names.CONDITION_DATASET, ARRIVAL, "condition-1")
    await app.until_summary("registered")
    await app.tell(registered("1").model_copy(update={"trace": TRACE}))
    await app.until_summary("released")
    key = names.version_key(MODEL, "1")
    records.deliveries = [
        Delivery(
            channel="mlflow",
            key=key,
            subject=f"{MODEL} 1 {kind}",
            received_at=at(),
            outcome="accepted",
            reason="Handed on.",
            trace=TRACE,
        )
    ]
    root = await find_trace(app.client, key)
    assert root is not None
    assert [child.name for child in _find(root, "version_registered").children] == [names.RELEASE_MODEL]


def _request(wanted: str) -> func.HttpRequest:
    return func.HttpRequest("GET", "https://app/api/traces/x", route_params={"id": wanted}, body=b"")


async def test_the_door_answers_with_the_tree(app: App) -> None:
    """200 with the contract as JSON."""
    await app.run(names.TRAIN_MODEL, TRAINING, "train-1")
    answer = await get_trace(_request("train-1"), app.client)
    assert answer.status_code == 200
    assert TraceNode.from_wire(json.loads(answer.get_body())).name == names.TRAIN_MODEL


@pytest.mark.parametrize("wanted", ["train-departure-1", "f" * 32, " ", "ü" * 3000, "../x", "train-departures-1 "])
async def test_an_unknown_id_is_answered_with_what_is_near(app: App, wanted: str) -> None:
    """404 names ids that resemble it, and says where ids are listed."""
    await app.run(names.TRAIN_MODEL, TRAINING, "train-departures-1")
    answer = await get_trace(_request(wanted), app.client)
    if wanted.strip() == "train-departures-1":
        assert answer.status_code == 200
        return
    assert answer.status_code == 404
    detail = json.loads(answer.get_body())["detail"]
    assert ("Did you mean `train-departures-1`" if wanted.startswith("train") else "list ids") in detail


async def test_a_trace_is_read_from_the_spans_of_a_file(
    app: App, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where spans go to a local file, a trace that no delivery has is told from it; torn lines cost only themselves."""
    path = tmp_path / "spans.jsonl"
    one = {"trace": _ID, "start": "2026-01-05T09:00:00.000+00:00", "end": "2026-01-05T09:00:01.000+00:00"}
    rest = {"status": "UNSET", "error": None, "attributes": {"signalbox.model": "m"}, "kind": "internal"}
    lines = [
        {"name": "submit_job", "span": "b" * 16, "parent": "a" * 16, **one, **rest, "status": "ERROR"},
        {"name": "observe", "span": "a" * 16, "parent": None, **one, **rest, "kind": "server"},
        {"name": "other", "span": "c" * 16, "parent": None, **one, **rest, "trace": "f" * 32},
    ]
    path.write_text("\n".join(json.dumps(line) for line in lines) + f'\n{{"trace": "{_ID}", "na\n')
    monkeypatch.setattr(trace_lookup, "settings", lambda: SimpleNamespace(telemetry=f"console,file:{path}"))
    root = await find_trace(app.client, _ID)
    assert root is not None
    assert (root.name, root.kind, root.outcome) == ("observe", "delivery", "ok")
    assert [(child.name, child.outcome) for child in root.children] == [("submit_job", "failed")]


async def test_a_search_reads_so_many_orchestrations_and_no_more(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are: what is near, and what a trace began, are looked for among the newest."""
    for number in range(7):
        await app.client.schedule_new_orchestration(names.TRAIN_MODEL, input={}, instance_id=f"near-{number}")
    asked: list[int] = []
    stub = app.client._get_stub()
    real = stub.QueryInstances

    async def count(request: Any) -> Any:
        told = await real(request)
        asked.append(len(told.orchestrationState))
        return told

    monkeypatch.setattr(stub, "QueryInstances", count)
    monkeypatch.setattr("functions.trace_pages._PAGE", 2)
    assert len({one.instance_id for one in await lately(app.client, 3)}) == sum(asked) == 3
    assert asked == [2, 1]
    assert len(await ids_like(app.client, "near-", 5)) == 5
    assert sorted(await ids_like(app.client, "near-", 50)) == [f"near-{number}" for number in range(7)]
    asked.clear()
    monkeypatch.setattr(trace_lookup, "_LOOKED_THROUGH", 4)
    assert await find_trace(app.client, "e" * 32) is None
    assert sum(asked) == 4


async def test_a_file_is_found_behind_a_space(app: App, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The setting is read as where spans go is read: `console, file:PATH` names the same file."""
    path = tmp_path / "spans.jsonl"
    line = {"name": "observe", "span": "a" * 16, "parent": None, "trace": _ID, "status": "UNSET", "error": None}
    times = {"start": "2026-01-05T09:00:00.000+00:00", "end": "2026-01-05T09:00:01.000+00:00"}
    path.write_text(json.dumps(line | times | {"attributes": {}, "kind": "server"}) + "\n")
    monkeypatch.setattr(trace_lookup, "settings", lambda: SimpleNamespace(telemetry=f"console, file:{path}"))
    root = await find_trace(app.client, _ID)
    assert root is not None
    assert root.name == "observe"


@pytest.mark.parametrize(("ended", "outcome"), [(False, "waiting"), (True, "ok")])
async def test_a_child_that_nobody_knows_has_not_begun_while_its_caller_runs(
    app: App, *, ended: bool, outcome: str
) -> None:
    """Its caller asked for it just now; once that has ended, it was deleted after its time."""
    root = Step("parent", "orchestration", "parent", at())
    if ended:
        root.end(at(), "ok")
    root.children = [Step("child", "orchestration", "child", at(), leads_to="child")]
    (child,) = (await Walk(app.client).grown(root)).node().children
    assert child.outcome == outcome
    assert ("not begun" in child.detail) is not ended
