"""Replay: does today's code take the way of a recorded history? Asked turn by turn, through the SDK's own worker.

An instance that waits in production runs its whole history again at every turn. Code that asks for something else than
it did then makes the instance fail, or, worse, go a wrong way: the SDK compares neither inputs nor what comes on top.
Here kind, name, id and input of every action are compared, and how the orchestration ended.
"""

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import durabletask.internal.orchestrator_service_pb2 as pb
from azure.durable_functions.worker import DurableFunctionsWorker

from local.testing.recording import Event, Recording, Turn, read_recording

type Code = Callable[..., Any]

REMEDY = (
    "An instance under way would fail, or go a wrong way. Undo the change; or keep the old code under its name "
    "until its instances have ended, and register the change under a new one (see docs/local.md). "
    "Only what was never deployed may be recorded again."
)
_SHOWN = 400
"""Characters of an action that a message shows."""


@dataclass(frozen=True, slots=True)
class Action:
    """What an orchestrator asks for, in the words in which it is compared.

    Attributes:
        kind: such as `activity`, `timer`, `completion`.
        id: the action's number; None for the completion.
        name: the activity, orchestrator, event, or the entity with its operation.
        input: the decoded input: of a timer its due time, of the completion the output.
        details: what else must be the same, such as the id of a sub-orchestration.
    """

    kind: str
    id: int | None
    name: str
    input: Any
    details: tuple[tuple[str, Any], ...] = ()

    def __str__(self) -> str:
        """In one line."""
        details = "".join(f", {key} {value}" for key, value in self.details if value)
        number = f", id {self.id}" if self.id is not None else ""
        text = f"{self.kind} {self.name!r}{number}{details}, input {json.dumps(self.input, ensure_ascii=False)}"
        return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(text)} characters)"


@dataclass(frozen=True, slots=True)
class Difference:
    """The first place at which today's code leaves a recorded way; None stands for no action."""

    recording: Recording
    turn: int
    wanted: Action | None
    got: Action | None

    def __str__(self) -> str:
        """Where, what was wanted, what came, and what to do."""
        return (
            f"{self.recording.orchestrator} does not replay {self.recording.source}: turn {self.turn} of "
            f"{len(list(self.recording.turns))} differs.\n"
            f"  wanted: {self.wanted or 'nothing'}\n"
            f"  got:    {self.got or 'nothing'}\n"
            f"{_where(self.wanted, self.got)}{REMEDY}"
        )


class ReplayError(AssertionError):
    """Today's code cannot take the way of a recorded history."""


def replay(recording: Recording, code: Code) -> Difference | None:
    """Run every turn of a recording with today's code of its orchestrator; gives the first difference."""
    worker = DurableFunctionsWorker()
    for turn in recording.turns:
        wanted = [*(_of_event(event) for event in turn.scheduled), *_endings(turn)]
        got = _asked(worker, recording, turn, code)
        for one, other in zip_longest(_in_order(wanted), _in_order(got)):
            if one != other:
                return Difference(recording, turn.number, one, other)
    return None


def check(recordings: Path, orchestrators: Mapping[str, Code]) -> int:
    """Replay every recording in a folder and below; gives how many.

    Raises:
        ReplayError: some do not replay, each with its reason; or there are none.
        UnusableRecordingError: a file is no recording.
    """
    problems = []
    files = sorted(recordings.rglob("*.json"))
    if not files:
        raise ReplayError(
            f"There are no recordings in {recordings}: record some, see `python -m local.testing.record`."
        )
    for file in files:
        recording = read_recording(file)
        code = orchestrators.get(recording.orchestrator)
        if code is None:
            problems.append(
                f"{recording.orchestrator} has a recorded history, {file}, and is not registered any more. Keep it "
                "until its instances have ended, then remove both."
            )
        elif difference := replay(recording, code):
            problems.append(str(difference))
    if problems:
        raise ReplayError("\n\n".join(problems))
    return len(files)


def _asked(worker: DurableFunctionsWorker, recording: Recording, turn: Turn, code: Code) -> list[Action]:
    """What today's code asks for in a recorded turn."""
    request = pb.OrchestratorRequest(instanceId=recording.instance_id, pastEvents=turn.past, newEvents=turn.new)
    body = SimpleNamespace(body=base64.b64encode(request.SerializeToString()).decode())
    response = pb.OrchestratorResponse()
    response.ParseFromString(base64.b64decode(worker.execute_orchestration_request(code, body)))
    return [
        _ending(action.completeOrchestration) if action.HasField("completeOrchestration") else _of_action(action)
        for action in response.actions
        if not _goes_on(action)
    ]


def _goes_on(action: Any) -> bool:
    """Whether this begins the next generation: a history ends before it, so there is nothing to compare it with."""
    status: int = action.completeOrchestration.orchestrationStatus
    return bool(action.HasField("completeOrchestration") and status == pb.ORCHESTRATION_STATUS_CONTINUED_AS_NEW)


def _in_order(actions: list[Action]) -> list[Action]:
    return sorted(actions, key=lambda action: (action.id is None, action.id or 0))


def _endings(turn: Turn) -> Iterator[Action]:
    if turn.ended is not None:
        yield _ending(turn.ended)


def _ending(body: Any) -> Action:
    """The completion, from an `ExecutionCompletedEvent` or a `CompleteOrchestrationAction`."""
    failure = body.failureDetails
    why = f"{failure.errorType}: {failure.errorMessage}" if body.HasField("failureDetails") else ""
    status = pb.OrchestrationStatus.Name(body.orchestrationStatus).removeprefix("ORCHESTRATION_STATUS_").lower()
    return Action("completion", None, status, _json(body, "result"), (("because", why),))


def _of_event(event: Event) -> Action:
    kind = event.WhichOneof("eventType")
    body = getattr(event, kind)
    if kind == "subOrchestrationInstanceCreated":
        return _child(event.eventId, body)
    if kind == "eventSent":
        return Action("event", event.eventId, body.name, _json(body, "input"), (("to", body.instanceId),))
    return _common(kind, event.eventId, body)


def _of_action(action: Any) -> Action:
    kind = action.WhichOneof("orchestratorActionType")
    body = getattr(action, kind)
    if kind == "createSubOrchestration":
        return _child(action.id, body)
    if kind == "sendEvent":
        return Action("event", action.id, body.name, _json(body, "data"), (("to", body.instance.instanceId),))
    if kind == "sendEntityMessage":
        kind = body.WhichOneof("EntityMessageType")
        body = getattr(body, kind)
    return _common({"scheduleTask": "taskScheduled", "createTimer": "timerCreated"}.get(kind, kind), action.id, body)


def _child(action_id: int, body: Any) -> Action:
    details = (("instance", body.instanceId), ("version", body.version.value))
    return Action("sub-orchestration", action_id, body.name, _json(body, "input"), details)


def _common(kind: str, action_id: int, body: Any) -> Action:
    """An action whose message and whose confirming event have the same fields."""
    match kind:
        case "taskScheduled":
            details = (("version", body.version.value), ("tags", tuple(sorted(body.tags.items()))))
            return Action("activity", action_id, body.name, _json(body, "input"), details)
        case "timerCreated":
            return Action("timer", action_id, "", body.fireAt.ToJsonString())
        case "entityOperationCalled" | "entityOperationSignaled":
            word = "entity call" if kind == "entityOperationCalled" else "entity signal"
            name = f"{body.targetInstanceId.value} {body.operation}"
            due = body.scheduledTime.ToJsonString() if body.HasField("scheduledTime") else ""
            return Action(word, action_id, name, _json(body, "input"), (("request", body.requestId), ("due", due)))
        case "entityLockRequested":
            section = ("section", body.criticalSectionId)
            return Action("entity lock", action_id, ", ".join(body.lockSet), None, (section,))
        case "entityUnlockSent":
            section = ("section", body.criticalSectionId)
            return Action("entity unlock", action_id, body.targetInstanceId.value, None, (section,))
        case _:
            return Action(kind, action_id, "", None)


def _json(body: Any, field: str) -> Any:
    """A payload by its meaning: the order of keys is none."""
    if not body.HasField(field):
        return None
    text = getattr(body, field).value
    try:
        return json.loads(text)
    except ValueError:
        return text


def _where(wanted: Action | None, got: Action | None) -> str:
    """The smallest part of two actions that differs; empty when they have little in common."""
    if wanted is None or got is None or (wanted.kind, wanted.name) != (got.kind, got.name):
        return ""
    if wanted.input == got.input:
        return ""
    path, one, other = "input", wanted.input, got.input
    while isinstance(one, dict) and isinstance(other, dict):
        different = [key for key in sorted({*one, *other}) if one.get(key) != other.get(key)]
        key = different[0]
        path, one, other = f"{path}.{key}", one.get(key), other.get(key)
    return f"  at {path}: {json.dumps(one)[:_SHOWN]} became {json.dumps(other)[:_SHOWN]}\n"
