"""`python -m benchmarks.waiting [--quick]`: what waiting for jobs costs, as one JSON object on the last line.

Jobs of ten minutes, two hours and ten hours are waited for on the embedded engine under a clock that skips idle time:
by Signalbox with the platform's events, by Signalbox with all events lost, and by two loops as they are usually
written, which read every 10 and every 30 seconds, with a new history after every twenty reads. Per way and length:

- `lag_s`: seconds from the job's end to the orchestration's next step, the median over jobs of different names. How
  long Event Grid takes to deliver is not in it: an event is raised at the moment of the change. Without events it
  depends on where the end falls between two reads; it is never more than ten minutes, whatever the length.
  `…_spread` are medians over jobs whose lengths lie evenly within a fifth around each, since exactly 10 h happens to
  end just before a read.
- `reads`: reads of the job's status; `executions`: turns of orchestrators and runs of activities; `events`: history
  events, those of earlier histories included. All per job, the median.

`fewer_than_10s_poll` is how many times fewer executions than the 10-second loop Signalbox needs for a job of ten hours,
with all events lost; `fewer_than_10s_poll_events` the same with events.
"""

import argparse
import asyncio
import base64
import json
import logging
import statistics
import sys
from collections import Counter
from collections.abc import Generator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

import durabletask.internal.orchestrator_service_pb2 as pb
from durabletask import task

from functions.boundary import on_the_wire
from functions.orchestrators.waiting import wait_for_job
from functions.orchestrators.watch_job import watch_job
from functions.triggers.azureml_events import told, waiting_instance
from local.testing.app import TestApp
from local.testing.functions import Functions
from local.testing.sdk_worker import SdkWorker
from shared import names
from shared.contracts.jobs import WatchJobInput

LENGTHS: Final = {"10m": timedelta(minutes=10), "2h": timedelta(hours=2), "10h": timedelta(hours=10)}
#: Around a length, as a share of it.
_SPREAD: Final = 0.2
#: A job leaves the queue after a minute, and tells of it.
_QUEUED: Final = timedelta(minutes=1)
_READS_PER_HISTORY: Final = 20
_PATIENCE: Final = 600.0

type Way = Literal["events", "no_events", "poll_10s", "poll_30s"]
type Figures = dict[str, float]


class _Counting(SdkWorker):
    """Counts turns and history events, by the instance that they belong to."""

    def __init__(self, functions: Functions) -> None:
        super().__init__(functions)
        self.turns: Counter[str] = Counter()
        self.events: Counter[str] = Counter()

    async def run_orchestrator(self, name: str, request: str) -> str:
        """A turn: its new events, and the actions that become events."""
        answer = await super().run_orchestrator(name, request)
        asked, done = pb.OrchestratorRequest(), pb.OrchestratorResponse()
        asked.ParseFromString(base64.b64decode(request))
        done.ParseFromString(base64.b64decode(answer))
        self.turns[asked.instanceId] += 1
        self.events[asked.instanceId] += len(asked.newEvents) + len(done.actions)
        return answer


class _Waits(TestApp):
    """Orchestrations that wait, and the jobs that they wait for, in virtual time."""

    def __init__(self) -> None:
        self.begun: dict[str, datetime] = {}
        self.ends: dict[str, datetime] = {}
        self.reads: Counter[str] = Counter()
        orchestrators = {"ours": _ours, "poll": _poll, names.WATCH_JOB: on_the_wire(watch_job)}
        super().__init__(Functions(orchestrators, {names.READ_JOB: self._read}))
        self._worker = self.counting = _Counting(self.functions)

    def _read(self, payload: dict[str, Any]) -> dict[str, Any]:
        name = payload["name"]
        self.reads[name] += 1
        return {"result": {"name": name, "status": self.status(name)}}

    def status(self, name: str) -> str:
        """The job's, now."""
        now, end = self.now, self.ends[name]
        return "Completed" if now >= end else "Running" if now >= self.begun[name] + _QUEUED else "Queued"

    async def tell(self, name: str) -> None:
        """Raise the event of a change, to whom the door of Azure ML's events would raise it."""
        data = {"runId": name, "runStatus": self.status(name), "runTags": {"signalbox.instance": _waiting(name)}}
        instance = waiting_instance(data)
        assert instance is not None
        await self.raise_event(instance, names.JOB_CHANGED, told(data))

    def figures(self, name: str, output: str) -> Figures:
        """What a wait that is over has cost."""
        instances = (_waiting(name), names.watcher(name, _waiting(name)))
        turns = sum(self.counting.turns[instance] for instance in instances)
        return {
            "lag_s": (datetime.fromisoformat(output).replace(tzinfo=UTC) - self.ends[name]).total_seconds(),
            "reads": self.reads[name],
            "executions": turns + self.reads[name],
            "events": sum(self.counting.events[instance] for instance in instances),
        }


def _ours(context: task.OrchestrationContext, payload: Any) -> Generator[Any, Any, str]:
    """Waits as every orchestrator of Signalbox does; the moment of its next step."""
    end = yield from wait_for_job(context, WatchJobInput.from_wire(payload))
    if end.outcome != "completed":
        raise RuntimeError(f"{end.reason} That was not to be: its figures mean nothing.")
    return context.current_utc_datetime.isoformat()


def _poll(context: task.OrchestrationContext, payload: Any) -> Generator[Any, Any, str]:
    """The loop that is usually written."""
    for _ in range(_READS_PER_HISTORY):
        value = yield context.call_activity(names.READ_JOB, input={"name": payload["name"]})
        if value["result"]["status"] == "Completed":
            break
        yield context.create_timer(timedelta(seconds=payload["seconds"]))
    else:
        context.continue_as_new(payload, save_events=True)
    return context.current_utc_datetime.isoformat()


def _waiting(job: str) -> str:
    return f"waits-{job}"


async def measure(jobs: int) -> dict[str, object]:
    """All results, see the goals in `benchmarks.__main__`."""
    found: dict[str, dict[str, Figures]] = {}
    counts: dict[Way, int] = {"events": jobs, "no_events": jobs, "poll_10s": 1, "poll_30s": 1}
    for way, count in counts.items():
        for length in LENGTHS:
            print(f"{way} {length} ...", file=sys.stderr, flush=True)
            found.setdefault(length, {})[way] = await _median(way, length, count)
    long = found["10h"]

    def fewer(way: Way) -> float:
        return round(long["poll_10s"]["executions"] / long[way]["executions"], 1)

    return {
        "lag_s_p50_events": max(found[length]["events"]["lag_s"] for length in LENGTHS),
        **{f"lag_s_p50_no_events_{length}": found[length]["no_events"]["lag_s"] for length in LENGTHS},
        **{f"lag_s_p50_no_events_{length}_spread": await _spread(length, jobs) for length in LENGTHS},
        "reads_10h_events": long["events"]["reads"],
        "reads_10h_no_events": long["no_events"]["reads"],
        "fewer_than_10s_poll": fewer("no_events"),
        "fewer_than_10s_poll_events": fewer("events"),
        "jobs": jobs,
        "by_length": found,
    }


async def _median(way: Way, length: str, jobs: int) -> Figures:
    async with _Waits() as app:
        found = await _waited(app, way, [f"train-{n}-{length}" for n in range(jobs)])
    return {key: round(statistics.median(one[key] for one in found), 3) for key in found[0]}


async def _spread(length: str, jobs: int) -> float:
    """The median lag without events of jobs that last between four and six fifths of a length."""
    print(f"no_events {length} ± 20 % ...", file=sys.stderr, flush=True)
    async with _Waits() as app:
        shares = {f"train-{n}-{length}": 1 - _SPREAD + 2 * _SPREAD * (n + 0.5) / jobs for n in range(jobs)}
        found = await _waited(app, "no_events", list(shares), shares)
    return round(statistics.median(one["lag_s"] for one in found), 3)


async def _waited(app: _Waits, way: Way, jobs: list[str], shares: Mapping[str, float] | None = None) -> list[Figures]:
    """Wait for jobs that all begin now, each of the length that its name says, or of a share of that."""
    begun = app.now
    for name in jobs:
        app.begun[name] = begun
        app.ends[name] = begun + LENGTHS[name.rsplit("-", 1)[1]] * (shares or {}).get(name, 1)
        if way.startswith("poll"):
            seconds = int(way.removeprefix("poll_").removesuffix("s"))
            await app.start("poll", {"name": name, "seconds": seconds}, instance_id=_waiting(name))
        else:
            order = WatchJobInput(name=name, run_minutes=24 * 60, ours=True)
            await app.start("ours", order.to_wire(), instance_id=_waiting(name))
    if way == "events":
        await _tell_all(app, jobs)
    for name in jobs:
        await app.finish(_waiting(name), _PATIENCE)
    return [app.figures(name, await app.output(_waiting(name))) for name in jobs]


async def _tell_all(app: _Waits, jobs: list[str]) -> None:
    """Let time pass, and tell of each change when it happens."""
    changes = [(moment, name) for name in jobs for moment in (app.begun[name] + _QUEUED, app.ends[name])]
    for moment, name in sorted(changes):
        await app.advance_to(moment)
        await app.tell(name)


def main() -> int:
    """Measure, and print the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="three jobs of each kind")
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    print(json.dumps(asyncio.run(measure(3 if arguments.quick else 15))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
