"""`python -m benchmarks.cost`: what a model and a file cost to automate, as counts that Azure's price list multiplies.

Runs the demo once, on a state of its own, and counts in the engine's histories and in the spans what was done:

- `actions_per_…`: messages that Durable Task Scheduler would dispatch, as its price list has an action: a start, an
  activity and its result, a timer, an event, an entity's operation;
- `executions_per_…`: runs of functions, as Azure Functions counts them: turns of orchestrators, activities, operations
  of entities, and the doors that an event came through;
- `busy_s_per_…`: seconds in activities and doors. Turns of orchestrators take milliseconds and are left out; so is the
  time of jobs, which Azure ML bills.

A `file` is the conditioning of a raw file, a `search` the look for lost events every five minutes, a `tick` the look at
schedules every minute, and a `model` all else, from the data's arrival to the end of its release: events, training,
judging, release, read model.

- `month_…`: these for 50 models in 30 days, with a file and a training for each model every week; `month_gb_s` has
  an instance of 2 GB to itself for each second, so it is an upper bound.

[The cost model](../docs/cost.md) says what becomes of these.
"""

import json
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import httpx

from local.durable.wire import past_events
from local.stack import Stack

ROOT = Path(__file__).parents[1]
TIMEOUT_SECONDS = 600
#: Orchestrators that serve no single model.
PARTS = {
    "condition_dataset": "file", "condition_file": "file", "condition_ranges": "file", "reconcile_events": "search",
    "check_serving": "search",
}  # fmt: skip
#: How often each is done in 30 days for 50 models that are fed weekly.
MONTHLY = {"model": 50 * 30 / 7, "file": 50 * 30 / 7, "search": 30 * 24 * 12, "tick": 30 * 24 * 60}
MEMORY_GB = 2
TIMERS = {"reconcile_on_schedule": "search", "POST operations/reconcile": "search", "begin_scheduled_runs": "tick"}
#: Events that a turn begins with and that are not counted as actions: the turn's own marks and what it schedules.
ACTIONS = {
    "executionStarted": 1, "taskCompleted": 2, "taskFailed": 2, "subOrchestrationInstanceCompleted": 1,
    "subOrchestrationInstanceFailed": 1, "timerFired": 1, "eventRaised": 1,
}  # fmt: skip


def measure() -> dict[str, float]:
    """The counts of one demo, and of a search for lost events after it."""
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)
        command = [sys.executable, "-m", "local.demo", "--state", str(state)]
        subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=True, timeout=TIMEOUT_SECONDS)
        with Stack(state) as stack:
            search = httpx.post(f"{stack.host_url}/api/operations/reconcile").raise_for_status().json()
            while httpx.get(search["statusQueryGetUri"]).raise_for_status().status_code == httpx.codes.ACCEPTED:
                time.sleep(0.2)
        return count(state)


def count(state: Path) -> dict[str, float]:
    """The counts in the state that a demo has left."""
    spans = [json.loads(line) for line in (state / "traces.jsonl").read_text().splitlines()]
    seconds: dict[str, list[float]] = {}
    for span in spans:
        seconds.setdefault(span["name"], []).append(span["duration_ms"] / 1000)
    parts = {name: Part() for name in ("model", "file", "search", "tick")}
    with closing(sqlite3.connect(f"file:{state / 'host' / 'durable.db'}?mode=ro", uri=True)) as engine:
        for name, frames in engine.execute("SELECT name, events FROM history JOIN instances USING (id)"):
            kinds, activities = _in_turn(frames)
            part = parts[PARTS.get(name, "model")]
            part.actions += sum(ACTIONS.get(kind, 0) * number for kind, number in kinds.items())
            part.executions += kinds["orchestratorStarted"] + activities.total()
            part.busy_s += sum(fmean(seconds.get(one, [0.0])) * number for one, number in activities.items())
        files = engine.execute("SELECT count(*) FROM instances WHERE name = 'condition_dataset'").fetchone()[0]
        models, operations = engine.execute(
            "SELECT sum(id LIKE '@model_interlock@%'), sum(turn) FROM entities"
        ).fetchone()
    for span in spans:
        if span["kind"] == "server" and not span["name"].startswith("GET"):  # nobody has to look
            part = parts[TIMERS.get(span["name"], "model")]
            part.executions += 1
            part.busy_s += span["duration_ms"] / 1000
    parts["model"].actions += operations
    parts["model"].executions += operations
    timers = Counter(TIMERS[span["name"]] for span in spans if span["name"] in TIMERS)
    often = {"model": models, "file": files, **timers}
    each = {name: part.each(often[name]) for name, part in parts.items()}
    month = [sum(MONTHLY[name] * each[name][figure] for name in parts) for figure in range(3)]
    return {
        **{f"{name}_count": number for name, number in often.items()},
        **{f"actions_per_{name}": round(one[0], 1) for name, one in each.items()},
        **{f"executions_per_{name}": round(one[1], 1) for name, one in each.items()},
        **{f"busy_s_per_{name}": round(one[2], 4) for name, one in each.items()},
        "month_actions": round(month[0]),
        "month_executions": round(month[1]),
        "month_gb_s": round(month[2] * MEMORY_GB),
    }


@dataclass
class Part:
    """What was done for one part of the work."""

    actions: int = 0
    executions: int = 0
    busy_s: float = 0.0

    def each(self, number: int) -> tuple[float, float, float]:
        """Actions, executions and seconds of one of `number`."""
        return self.actions / number, self.executions / number, self.busy_s / number


def _in_turn(frames: bytes) -> tuple[Counter[str], Counter[str]]:
    """Events of a turn by kind, and the activities that it scheduled by name."""
    events: list[Any] = past_events(frames)
    kinds = Counter(str(event.WhichOneof("eventType")) for event in events)
    scheduled = (event.taskScheduled.name for event in events if event.HasField("taskScheduled"))
    return kinds, Counter(scheduled)


if __name__ == "__main__":
    print(json.dumps(measure()))
