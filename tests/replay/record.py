"""``python -m tests.replay.record``: run the example on the local stack, and record each orchestrator and way once.

Written to ``histories/<orchestrator>/<version>[-<way>].json``, where the version is that of the project: those of older
versions stay, and are replayed as long as instances of theirs may be under way. Only a change that no deployed version
has seen may be recorded over. Nothing is written unless all of it replays.
"""

import asyncio
import json
import shutil
import sqlite3
import sys
import tempfile
import tomllib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.conditioning.messy import messy_csv
from local.durable import reads
from local.durable.clock import SkippingClock
from local.durable.engine import Engine
from local.durable.records import Instance, InstanceQuery, Status
from local.durable.servicer import serve
from local.services.mlflow_webhooks import remove_webhooks
from local.stack import Ports, Stack
from local.testing.functions import Functions, functions_of
from local.testing.record import from_database, from_engine
from local.testing.recording import Recording, UnusableRecordingError
from local.testing.replay import check
from local.testing.sdk_worker import SdkWorker
from shared import names, waiting
from shared.contracts.base import Contract
from shared.contracts.jobs import VANISHED, JobWithdrawal, JobWord, WithdrawJobInput
from shared.contracts.ledger import AdvancedHeads, AnchorLedgersInput, LedgerHead, LedgersAnchored
from shared.contracts.policy import ServePolicy
from shared.contracts.release import ReleaseModelInput, ReleaseOutcome, Serving
from shared.contracts.retention import ApplyRetentionInput, ExpiredCount
from shared.contracts.retirement import RetirementOutcome, RetireModelInput
from shared.lineage.anchors import path_of
from shared.settings import APP_ROOT
from tests.e2e.conftest import DEV
from tests.e2e.running import FILES, MODELS, SLOW, Running, eventually
from tests.e2e.shops import FILE as SALES
from tests.e2e.shops import write_shops
from tests.functions.world import World
from tests.local.durable.conftest import client_for
from tests.shared.interlock.builders import POLICY, at, dataset

HISTORIES = Path(__file__).parent / "histories"
#: In its third turn a run asks its cells.
_ASKED = 3
_TRIES = 5
_SALES_BYTES = 40 << 20


def main() -> None:
    """Record, check, and only then replace what this version has recorded before."""
    with tempfile.TemporaryDirectory() as temporary:
        folder, state = Path(temporary) / "histories", Path(temporary) / "stack"
        example = shutil.copytree(APP_ROOT / "examples/flights", Path(temporary) / "flights")
        database = state / "host" / "durable.db"
        (Path(temporary) / "shops").mkdir()
        fleets = (example / "fleet.yaml", write_shops(Path(temporary) / "shops"))
        settings = {**DEV, "SIGNALBOX_FLEET": ";".join(map(str, fleets))}
        with Stack(state, ports=Ports.free(), settings=settings) as stack:
            running = Running(stack)
            try:
                _live(running)
                beginnings = _run_fleet(running, database)
                _clear_away(running, example / "fleet.yaml")
            finally:
                running.close()
            _record_all(database, beginnings, folder, _cleaner(stack, Path(temporary)))
        asyncio.run(record_withdrawal(folder, Path(temporary) / "withdrawal.db"))
        asyncio.run(record_anchoring(folder, Path(temporary) / "anchoring.db"))
        asyncio.run(record_sharing(folder, Path(temporary) / "sharing.db"))
        replayed = check(folder, functions_of(_app()).orchestrators)
        for file in sorted(folder.rglob("*.json")):
            target = HISTORIES / file.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
            sys.stdout.write(f"{target.relative_to(APP_ROOT)}: {file.stat().st_size} bytes\n")
        sys.stdout.write(f"{replayed} histories recorded; all replay.\n")


async def record_withdrawal(folder: Path, database: Path) -> None:
    """A word about a job that nobody knows is said until it is given up: hours, so the time is virtual."""

    def read_job(key: dict[str, Any]) -> dict[str, Any]:
        return {"permanent": {"code": VANISHED, "message": f"There is no job {key['name']}."}}

    order = WithdrawJobInput(job="nobody", instance="nobody", word=JobWord(unwanted="it is recorded"))
    async with _in_memory({names.READ_JOB: read_job}, database) as run:
        recording, output = await run(names.WITHDRAW_JOB, order, "withdraw-nobody")
    assert JobWithdrawal.from_wire(output).words == waiting.WORDS
    _write(recording, folder, "")


async def record_anchoring(folder: Path, database: Path) -> None:
    """The heads of ledgers are kept by the clock, and nothing begins by the clock while the stack is recorded."""
    order = AnchorLedgersInput(at=datetime(2026, 11, 21, 7, tzinfo=UTC))
    told = LedgersAnchored(path=path_of(order.at), models=2, findings=0)
    moved = AdvancedHeads(heads={POLICY.model: LedgerHead(sequence=4, hash="ab" * 32)}, more=False)
    activities: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
        names.WRITE_ANCHOR: lambda _: {"result": told.to_wire()},
        names.READ_ADVANCED_HEADS: lambda _: {"result": moved.to_wire()},
        names.WRITE_MODEL_ROW: lambda _: {"result": {"written": True}},
    }
    async with _in_memory(activities, database) as run:
        recording, output = await run(names.ANCHOR_LEDGERS, order, "anchor-recorded")
    assert LedgersAnchored.from_wire(output) == told
    _write(recording, folder, "")


async def record_sharing(folder: Path, database: Path) -> None:
    """Two releases of a model that shares its endpoint, and its retirement: the example has none, so in memory.

    The second release replaces the first; what the endpoint is made of is the tests' own world.
    """
    world = World()
    serve_shared = ServePolicy(mode="online", endpoint="shared", shared=True)
    policy = POLICY.model_copy(update={"serve": serve_shared})
    common: dict[str, Any] = {"model": policy.model, "policy": policy}
    serving: Serving | None = None
    async with _in_memory(world.activities(), database) as run:
        for number in (1, 2):
            release = ReleaseModelInput(
                version=str(number), attempt=number, dataset=dataset(), at=at(number), replaces=serving, **common
            )
            recording, output = await run(names.RELEASE_MODEL, release, f"release-shared-{number}")
            serving = ReleaseOutcome.from_wire(output).serving
            assert serving is not None, output
        _write(recording, folder, "-shared")
        retire = RetireModelInput(attempt=1, requested_by="ana", at=at(3), champion="2", serving=serving, **common)
        recording, output = await run(names.RETIRE_MODEL, retire, "retire-shared")
    assert RetirementOutcome.from_wire(output).retired, output
    assert not world.deployments
    _write(recording, folder, "-shared")


@asynccontextmanager
async def _in_memory(
    activities: dict[str, Callable[[dict[str, Any]], dict[str, Any]]], database: Path
) -> AsyncIterator[Callable[[str, Contract, str], Awaitable[tuple[Recording, Any]]]]:
    """The app's orchestrators and interlocks over other activities; runs one to its end: its recording and output."""
    app = functions_of(_app())
    functions = Functions(dict(app.orchestrators), dict(activities), dict(app.entities))
    engine = Engine(SdkWorker(functions), database, clock=SkippingClock())
    await engine.start()
    server = await serve(engine)
    client = client_for(server.port)

    async def run(name: str, order: Contract, instance: str) -> tuple[Recording, Any]:
        begun = await client.schedule_new_orchestration(name, input=order.to_wire(), instance_id=instance)
        ended = await client.wait_for_orchestration_completion(begun, timeout=60)
        assert ended is not None
        assert ended.runtime_status.name == "COMPLETED", ended.failure_details
        return from_engine(engine, begun), ended.get_output()

    try:
        yield run
    finally:
        await client.close()
        await server.stop()
        await engine.stop()


def _live(running: Running) -> None:
    """What happens by itself: datasets, releases online and in batch, a request, a search that finds something."""
    running.land_year()
    running.observer.land(SALES, b"".join(messy_csv(_SALES_BYTES)))
    running.wait_released()
    eventually(
        lambda: [one for one in running.deliveries("conditioning") if one["subject"].startswith("sales")],
        bool,
        "a large file is conditioned in ranges",
    )
    remove_webhooks(running.stack.mlflow_url)
    answer = running.http.post("/api/datafactory/train", json={"model": SLOW, "request_id": "recorded"})
    assert running.finished(answer.json()["statusQueryGetUri"])["output"]["outcome"] == "passed"
    running.http.post(f"{running.stack.blob_events_url}/pause", params={"drop": "true"}).raise_for_status()
    december = FILES[-1]
    running.land(replace(december, path=december.path.replace(".csv", "_corrected.csv")))
    found = running.reconcile()
    assert found["versions"] == [f"{SLOW}@2"], found
    assert len(found["arrivals"]) == 1, found


def _run_fleet(running: Running, database: Path) -> dict[tuple[str, str], Recording]:
    """What a run does with many cells, once per operation; how each began, since that history is gone at its end."""
    beginnings: dict[tuple[str, str], Recording] = {}
    for operation in ("condition", "train", "score"):
        way = ("run_fleet", f"-{operation}-begin")
        for number in range(_TRIES):
            again = operation == "condition"
            body = {"fleet": "flights", "request_id": f"recorded-{number}", "again": again, "fail_on": "never"}
            begun = running.http.post(f"/api/datafactory/{operation}", json=body).json()
            caught = _beginning(database, begun["id"])
            ended = running.finished(begun["statusQueryGetUri"])
            assert ended["output"]["state"] == "done", ended
            if caught is not None:
                beginnings[way] = caught
                break
        assert way in beginnings, f"how {operation} begins was missed {_TRIES} times: record again"
    return beginnings


def _beginning(database: Path, run: str) -> Recording | None:
    """The first history of a run, as far as it was seen before the run went on in a new one; `None` if too little."""
    caught = None
    while True:
        try:
            recording = from_database(database, run)
        except UnusableRecordingError:  # it has not been started yet
            continue
        (started,) = [event.executionStarted for event in recording.events if event.HasField("executionStarted")]
        if json.loads(started.input.value).get("stage") is not None:
            return caught
        caught = recording if len(list(recording.turns)) >= _ASKED else None


def _clear_away(running: Running, fleet: Path) -> None:
    """What goes: by policy after its time, and what the fleet file does not have any more."""
    runs = ExpiredCount(kind="run", found=0, going=0)
    in_time = datetime.now(UTC) + timedelta(days=400)
    order = ApplyRetentionInput(at=in_time, requested_by="ana", dry_run=False, runs=runs)
    begun = running.http.post("/runtime/webhooks/durabletask/orchestrators/apply_retention", json=order.to_wire())
    assert running.finished(begun.json()["statusQueryGetUri"])["output"]["counts"]

    text = fleet.read_text().replace("format: [mainline]", "format: [regional]")
    fleet.write_text(text.replace("\n  departures:\n", "\n  renamed:\n").replace("data: departures", "data: renamed"))
    body = {"models": MODELS, "datasets": ["flights/departures"], "confirm": True, "requested_by": "ana"}
    running.http.post("/api/operations/retire", json=body).raise_for_status()
    for name in MODELS:
        running.wait_state(name, "retired")
        running.wait_effect(name, "ModelRetired")
    eventually(lambda: running.deliveries("retirement"), bool, "the dataset is retired")


def _record_all(
    database: Path, beginnings: dict[tuple[str, str], Recording], folder: Path, clean: Callable[[str], str]
) -> None:
    """Of each orchestrator and way the longest history that has completed, and how runs began."""
    longest = dict(beginnings)
    for instance in _completed(database):
        recording, key = from_database(database, instance.id), (instance.name, _way(instance))
        if key not in longest or len(recording.events) > len(longest[key].events):
            longest[key] = recording
    for (_, way), recording in longest.items():
        _write(recording, folder, way, clean)


def _write(recording: Recording, folder: Path, way: str, clean: Callable[[str], str] = str) -> None:
    version = tomllib.loads((APP_ROOT / "pyproject.toml").read_text())["project"]["version"]
    recording.write(folder / recording.orchestrator / f"{version}{way}.json", clean)


def _completed(database: Path) -> list[Instance]:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        query = InstanceQuery(statuses=frozenset({Status.COMPLETED}))
        return sorted(reads.instances(connection, query).items, key=lambda instance: instance.id)


def _way(instance: Instance) -> str:
    """What distinguishes histories of one orchestrator that are worth a file each."""
    order: Any = json.loads(instance.input or "null")
    match instance.name:
        case "release_model" | "retire_model":
            return f"-{order['policy']['serve']['mode']}"  # those that share an endpoint are recorded apart
        case "run_fleet":
            return f"-{order['operation']}"
        case "condition_dataset" if order["dataset"] == "sales":
            return "-large"
        case _:
            return ""


def _cleaner(stack: Stack, temporary: Path) -> Callable[[str], str]:
    """Take this machine's folders and ports out of a text; the same everywhere, so that replay goes on as before."""
    fixed = Ports()
    replaced = {str(APP_ROOT): "/app", str(temporary): "/temporary"}
    for name in ("azurite_blob", "mlflow", "jobs", "scoring", "host"):
        for address in ("127.0.0.1", "localhost"):
            replaced[f"{address}:{getattr(stack.ports, name)}"] = f"{address}:{getattr(fixed, name)}"

    def clean(text: str) -> str:
        for own, neutral in replaced.items():
            text = text.replace(own, neutral)
        return text

    return clean


def _app() -> Any:
    from function_app import app

    return app


if __name__ == "__main__":
    main()
