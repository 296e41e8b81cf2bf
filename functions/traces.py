"""The story of one event as a tree, read from the durable histories: it works wherever the app runs, without exporters.

A history tells the steps of one orchestration and the ids of its children. What an orchestration told a model leads on
to what the model's own decisions started: those are found by their trace, in the model's state and in its ledger.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, timedelta
from typing import Any, Final

import azure.durable_functions as df
import grpc
from durabletask.client import OrchestrationState, OrchestrationStatus
from durabletask.entities import EntityInstanceId

from functions import adapters
from functions.trace_runs import add_cells
from functions.trace_steps import Signal, Step, pending_timers, read_history
from shared import names
from shared.blocking import run_blocking
from shared.contracts.jobs import JobState
from shared.contracts.traces import TraceNode, TraceOutcome
from shared.telemetry.names import described

#: Histories that one answer reads, and how deep it goes: it is for a person, and has to come at once.
MOST_RUNS: Final = 60
MOST_MODELS: Final = 20
_DEEPEST: Final = 8
#: What a model is told, and which orchestrators that may start; of anything else, any.
_LEADS_TO: Final[Mapping[str, tuple[str, ...]]] = {
    "dataset_published": (names.TRAIN_MODEL,),
    "training_requested": (names.TRAIN_MODEL,),
    "code_changed": (names.TRAIN_MODEL,),
    "training_finished": (names.RELEASE_MODEL,),
    "version_registered": (names.RELEASE_MODEL, names.EVALUATE_VERSION),
    "version_evaluated": (names.RELEASE_MODEL,),
    "release_stepped": (),
    "release_finished": (names.SCORE_MODEL, names.RELEASE_MODEL),
    "scoring_requested": (names.SCORE_MODEL,),
    "scoring_finished": (),
    "registry_changed": (),
    "ledger_advanced": (),
    "retirement_requested": (names.RETIRE_MODEL,),
    "health_observed": (names.ROLLBACK_MODEL, names.TRAIN_MODEL),
    "serving_lost": (names.ROLLBACK_MODEL,),
}
#: Clocks of two machines differ by less.
_SKEW: Final = timedelta(seconds=2)


async def read_trace(client: df.DurableFunctionsClient, instance: str) -> TraceNode | None:
    """The tree of one orchestration and of all that it led to; `None` where there is no such orchestration.

    A large tree is cut, and says so in its root's attribute `signalbox.trace.left_out`: what is not shown has its id.
    """
    walk = Walk(client)
    root = await walk.run(instance)
    if root is None:
        return None
    state = await client.get_orchestration_state(instance)
    if state is not None:  # before its newest history, perhaps
        root.started_at = min(root.started_at, state.created_at.replace(tzinfo=UTC))
    if root.name == names.RUN_FLEET:
        await run_blocking(add_cells, root)
    return (await walk.grown(root)).node()


class Walk:
    """One reading: every orchestration is in the tree once, and no more of them are read than a person can look at.

    Args:
        client: The durable client.
    """

    def __init__(self, client: df.DurableFunctionsClient) -> None:
        self._client = client
        self._seen: set[str] = set()
        self._found: dict[str, Step | None] = {}
        self._models: dict[str, tuple[tuple[str, str], ...]] = {}
        self._left_out = 0
        self._unread: set[str] = set()

    async def run(self, instance: str) -> Step | None:
        """One orchestration with its steps, whose children have no steps yet."""
        if instance not in self._found:
            self._found[instance] = None
            self._found[instance] = await self._read(instance)
        return self._found[instance]

    async def grown(self, root: Step, others: Sequence[str] = ()) -> Step:
        """Follow a step to the last that it led to.

        Args:
            root: Where it begins.
            others: Orchestrations of the same trace; those that were not met on the way are put under the root.
        """
        if root.kind == "orchestration":
            self._seen.add(root.instance)
        await self._grow(root, 0)
        for model, instances in list(self._models.items()):  # what is found on the way may add to them
            await self._adopt(root, Signal(model, "", root.trace), instances)
        await self._adopt(root, Signal("", "", root.trace), [(one, trace_id(root.trace)) for one in others])
        if self._left_out or self._unread:
            models = f" and the runs of {len(self._unread)} models" if self._unread else ""
            told = f"{self._left_out} orchestrations{models}: ask for one of them by its id"
            root.attributes["signalbox.trace.left_out"] = told
        return root

    async def _grow(self, step: Step, depth: int) -> None:
        await self._read_ahead(child.leads_to for child in step.children if child.leads_to)
        for child in list(step.children):
            if child.leads_to is not None:
                await self._grow_child(child, child.leads_to, depth, goes_on=step.ended_at is None)
            elif child.signal is not None:
                await self._adopt(child, child.signal, await self._started_by(child.signal), depth)

    async def _grow_child(self, child: Step, instance: str, depth: int, *, goes_on: bool) -> None:
        """Put an orchestration's own steps under the one that called it; the caller knows best how it ended.

        Args:
            child: As its caller tells of it.
            instance: Its own.
            depth: Steps above it.
            goes_on: Whether its caller does, which may have asked for it just now.
        """
        if instance in self._seen or depth >= _DEEPEST or not self._may_read(instance):
            self._left_out += instance not in self._seen
            return
        self._seen.add(instance)
        own = await self.run(instance)
        if own is None:
            begins = child.outcome == "waiting" or (child.outcome == "running" and goes_on)
            child.detail = child.detail or (
                "It has not begun." if begins else "Its history was deleted after its time."
            )
            if begins:
                child.outcome = "waiting"
            elif child.outcome == "running":
                child.end(child.started_at, "ok")
            return
        child.children, child.trace = own.children, own.trace
        child.attributes = own.attributes | child.attributes
        child.detail = child.detail or own.detail
        if child.ended_at is None:
            child.outcome, child.ended_at = own.outcome, own.ended_at
        await self._grow(child, depth + 1)

    async def _adopt(self, under: Step, signal: Signal, instances: Iterable[tuple[str, str]], depth: int = 0) -> None:
        """Put what a model's decision started under what the model was told."""
        wanted = _LEADS_TO.get(signal.kind)
        trace = trace_id(signal.trace)
        candidates = [one for one, of in instances if of == trace and trace and one not in self._seen]
        found: list[Step] = []
        for one in candidates if wanted != () else ():
            if not self._may_read(one):
                self._left_out += 1
                continue
            run = await self.run(one)
            fits = run is not None and (wanted is None or run.name in wanted)
            if run is not None and fits and run.started_at >= under.started_at - _SKEW:
                found.append(run)
        for run in sorted(found, key=lambda one: one.started_at):
            self._seen.add(run.instance)
            under.children.append(run)
            if depth < _DEEPEST:
                await self._grow(run, depth + 1)

    def _may_read(self, instance: str) -> bool:
        return instance in self._found or len(self._found) < MOST_RUNS

    async def _read_ahead(self, instances: Iterable[str]) -> None:
        """Read the histories of several children at once: each is a call to the backend."""
        room = MOST_RUNS - len(self._found)
        new = [one for one in dict.fromkeys(instances) if one not in self._found and one not in self._seen][:room]
        for one, step in zip(new, await asyncio.gather(*(self._read(one) for one in new)), strict=True):
            self._found[one] = step

    async def _read(self, instance: str) -> Step | None:
        try:
            events = await self._client.get_orchestration_history(instance)
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.UNIMPLEMENTED:  # a backend that keeps histories to itself
                return _from_state(instance, await self._client.get_orchestration_state(instance))
            if error.code() is grpc.StatusCode.NOT_FOUND:
                return None
            raise
        root = read_history(instance, events)
        if root is None:
            return _from_state(instance, await self._client.get_orchestration_state(instance))
        if root.ended_at is None:
            self._say_where(root, await self._client.get_orchestration_state(instance))
        _add_job(root)
        return root

    def _say_where(self, root: Step, state: OrchestrationState | None) -> None:
        """What an orchestration under way says of itself; of its timers, the last is the one that it waits for."""
        for timer in pending_timers(root)[:-1]:
            root.children.remove(timer)
        if state is not None:
            root.detail = _status_text(state.get_custom_status())

    async def _started_by(self, signal: Signal) -> tuple[tuple[str, str], ...]:
        """The orchestrations that a model's own decisions started, each with its trace."""
        if signal.model not in self._models:
            if len(self._models) >= MOST_MODELS:
                self._unread.add(signal.model)
                return ()
            self._models[signal.model] = await self._runs_of(signal.model)
        return self._models[signal.model]

    async def _runs_of(self, model: str) -> tuple[tuple[str, str], ...]:
        rows = await run_blocking(adapters.ledger().rows, model)
        found = {row.entry.by: trace_id(row.entry.trace) for row in rows}
        entity = await self._client.get_entity(EntityInstanceId(names.MODEL_INTERLOCK, model))
        state: Any = entity.get_typed_state(dict) if entity is not None else None
        found |= dict(_runs_in(state or {}))
        return tuple((instance, trace) for instance, trace in found.items() if trace)


def trace_id(traceparent: str | None) -> str:
    """The id of the trace that a W3C traceparent belongs to; empty without one."""
    parts = (traceparent or "").split("-")
    return parts[1] if len(parts) == 4 and len(parts[1]) == 32 else ""


def _runs_in(state: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """Orchestrations that a model's state names, of whatever version it is."""
    for value in state.values():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict) and one.get("instance"):
                yield str(one["instance"]), trace_id(one.get("trace"))


def _add_job(root: Step) -> None:
    """The job that `watch_job` waited for, as the last look at it has found it."""
    looks = [child.value for child in root.children if child.name == names.READ_JOB and child.value]
    if root.name != names.WATCH_JOB or not looks:
        return
    state = JobState.from_wire(looks[-1])
    outcome: TraceOutcome = "ok" if state.status == "Completed" else "failed" if state.final else "running"
    job = Step(state.name, "job", root.instance, state.started_at or root.started_at)
    job.attributes = {name: value for name, value in root.attributes.items() if name != "signalbox.job"}
    job.attributes["signalbox.job"] = state.name
    job.detail = state.error or state.status
    if state.final:
        job.end(state.ended_at or root.ended_at or root.started_at, outcome)
    root.children.append(job)


def _from_state(instance: str, state: OrchestrationState | None) -> Step | None:
    """What is known of an orchestration whose history is not: when it began, and how it stands."""
    if state is None:
        return None
    step = Step(state.name, "orchestration", instance, state.created_at.replace(tzinfo=UTC))
    given = state.get_input()
    step.attributes = described(given) if isinstance(given, Mapping) else {}
    step.detail = "The steps of this orchestration are not kept here."
    if state.runtime_status is OrchestrationStatus.PENDING:
        step.detail = "It has not begun."
    failure = state.failure_details
    if state.runtime_status is OrchestrationStatus.COMPLETED:
        step.end(state.last_updated_at, "ok")
    elif state.runtime_status in (OrchestrationStatus.FAILED, OrchestrationStatus.TERMINATED):
        step.end(state.last_updated_at, "failed", failure.message if failure is not None else "")
    return step


def _status_text(status: Any) -> str:
    """A custom status as one line."""
    if not isinstance(status, dict):
        return str(status or "")
    if isinstance(again := status.get("retrying"), dict):
        return f"{again.get('activity')} is tried again ({again.get('attempt')}): {again.get('reason')}"
    step = [str(status["step"])] if "step" in status else []
    told = [f"{name} {value}" for name, value in status.items() if isinstance(value, str | int) and name != "step"]
    return ", ".join(step + told)
