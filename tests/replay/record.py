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
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.conditioning.messy import messy_csv
from local.durable import reads
from local.durable.records import Instance, InstanceQuery, Status
from local.services.mlflow_webhooks import remove_webhooks
from local.stack import Ports, Stack
from local.testing.functions import functions_of
from local.testing.record import from_database
from local.testing.recording import Recording, UnusableRecordingError
from local.testing.replay import check
from shared.contracts.retention import ApplyRetentionInput, ExpiredCount
from shared.settings import APP_ROOT
from tests.e2e.conftest import DEV
from tests.e2e.running import FILES, MODELS, SLOW, Running, eventually
from tests.e2e.shops import FILE as SALES
from tests.e2e.shops import write_shops
from tests.replay.record_in_memory import load_app, record_in_memory, write_history

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
        asyncio.run(record_in_memory(folder))
        replayed = check(folder, functions_of(load_app()).orchestrators)
        for file in sorted(folder.rglob("*.json")):
            target = HISTORIES / file.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
            sys.stdout.write(f"{target.relative_to(APP_ROOT)}: {file.stat().st_size} bytes\n")
        sys.stdout.write(f"{replayed} histories recorded; all replay.\n")


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
        write_history(recording, folder, way, clean)


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


if __name__ == "__main__":
    main()
