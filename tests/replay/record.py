"""``python -m tests.replay.record``: run the example on the local stack, and record each orchestrator and way once.

Written to ``histories/<orchestrator>/<version>[-<way>].json``, where the version is that of the project: those of older
versions stay, and are replayed as long as instances of theirs may be under way. Only a change that no deployed version
has seen may be recorded over. Nothing is written unless all of it replays.
"""

import json
import shutil
import sqlite3
import sys
import tempfile
import tomllib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from examples.flights.landing import raw_files
from local.durable import reads
from local.durable.records import Instance, InstanceQuery, Status
from local.services.mlflow_webhooks import remove_webhooks
from local.stack import Ports, Stack
from local.testing.functions import functions_of
from local.testing.record import from_database
from local.testing.recording import Recording
from local.testing.replay import check
from shared.settings import APP_ROOT
from tests.e2e.conftest import NEVER
from tests.e2e.running import SLOW, Running

HISTORIES = Path(__file__).parent / "histories"


def main() -> None:
    """Record, check, and only then replace what this version has recorded before."""
    with tempfile.TemporaryDirectory() as temporary:
        folder, state = Path(temporary) / "histories", Path(temporary) / "stack"
        with Stack(state, ports=Ports.free(), settings=NEVER) as stack:
            running = Running(stack)
            try:
                _live(running)
            finally:
                running.close()
            _record_all(state / "host" / "durable.db", folder, _cleaner(stack, state))
        replayed = check(folder, functions_of(_app()).orchestrators)
        for file in sorted(folder.rglob("*.json")):
            target = HISTORIES / file.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
            sys.stdout.write(f"{target.relative_to(APP_ROOT)}: {file.stat().st_size} bytes\n")
        sys.stdout.write(f"{replayed} histories recorded; all replay.\n")


def _live(running: Running) -> None:
    """All that the app does: datasets, releases online and in batch, a request, a search that finds something."""
    running.land()
    running.wait_released()
    remove_webhooks(running.stack.mlflow_url)
    answer = running.http.post("/api/datafactory/train", json={"model": SLOW, "request_id": "recorded"})
    assert running.finished(answer.json()["statusQueryGetUri"])["output"]["outcome"] == "passed"
    running.http.post(f"{running.stack.blob_events_url}/pause", params={"drop": "true"}).raise_for_status()
    for file in raw_files():
        running.land(type(file)(file.path.replace("2013", "2012"), file.content.replace(b"UA", b"AA", 1)))
    found = running.reconcile()
    assert found["versions"] == [f"{SLOW}@2"], found
    assert len(found["arrivals"]) == 2, found


def _record_all(database: Path, folder: Path, clean: Callable[[str], str]) -> None:
    """Of each orchestrator and way the longest history that has completed."""
    longest: dict[tuple[str, str], Recording] = {}
    for instance in _completed(database):
        recording, key = from_database(database, instance.id), (instance.name, _way(instance))
        if key not in longest or len(recording.events) > len(longest[key].events):
            longest[key] = recording
    version = tomllib.loads((APP_ROOT / "pyproject.toml").read_text())["project"]["version"]
    for (name, way), recording in longest.items():
        recording.write(folder / name / f"{version}{way}.json", clean)


def _completed(database: Path) -> list[Instance]:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        query = InstanceQuery(statuses=frozenset({Status.COMPLETED}))
        return sorted(reads.instances(connection, query).items, key=lambda instance: instance.id)


def _way(instance: Instance) -> str:
    """What distinguishes histories of one orchestrator that are worth a file each."""
    order: Any = json.loads(instance.input or "null")
    if instance.name == "release_model":
        return f"-{order['policy']['serve']['mode']}"
    return ""


def _cleaner(stack: Stack, state: Path) -> Callable[[str], str]:
    """Take this machine's folders and ports out of a text; the same everywhere, so that replay goes on as before."""
    fixed = Ports()
    replaced = {str(APP_ROOT): "/app", str(state): "/state"}
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
