"""What one durable history tells, as steps in the order in which they were asked for. Pure: it reads no backend."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from durabletask import history, task
from durabletask.client import OrchestrationStatus

from shared import names
from shared.contracts.traces import TraceKind, TraceNode, TraceOutcome
from shared.telemetry.names import described

#: Longer texts are cut: a tree of a thousand steps is still an answer.
_DETAIL_LIMIT: Final = 500
#: Steps of one orchestration that are shown: as many from its beginning as from its end.
STEPS_SHOWN: Final = 200
_FAILED: Final = frozenset({"failed", "dead"})


@dataclass
class Signal:
    """What a model was told.

    Attributes:
        model: Which one.
        kind: The event's, such as `dataset_published`.
        trace: The traceparent that it carried.
    """

    model: str
    kind: str
    trace: str | None


@dataclass
class Step:
    """A node of a trace that still grows; the fields are those of `TraceNode`.

    Attributes:
        leads_to: The orchestration whose own history belongs here.
        signal: What a model was told, which may have led to orchestrations.
        trace: The traceparent that an orchestration was given.
        value: What an activity returned, as plain JSON.
    """

    name: str
    kind: TraceKind
    instance: str
    started_at: datetime
    ended_at: datetime | None = None
    outcome: TraceOutcome = "running"
    detail: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    children: list["Step"] = field(default_factory=list)
    leads_to: str | None = None
    signal: Signal | None = None
    trace: str | None = None
    value: Mapping[str, Any] = field(default_factory=dict)

    def end(self, at: datetime, outcome: TraceOutcome, detail: str = "") -> None:
        """Say how it ended."""
        self.ended_at, self.outcome = _utc(at), outcome
        self.detail = detail[:_DETAIL_LIMIT] or self.detail

    def node(self) -> TraceNode:
        """As it is told; what goes on while nothing of it works is waiting."""
        children = tuple(child.node() for child in self.children)
        outcome = self.outcome
        if outcome == "running" and self.kind == "orchestration":
            works = any(child.outcome == "running" for child in children if child.ended_at is None)
            outcome = "running" if works else "waiting"
        return TraceNode(
            name=self.name,
            kind=self.kind,
            instance=self.instance,
            started_at=self.started_at,
            ended_at=self.ended_at,
            outcome=outcome,
            detail=self.detail,
            attributes=self.attributes,
            children=children,
        )


def read_history(instance: str, events: Sequence[history.HistoryEvent]) -> Step | None:
    """The steps of an orchestration's present history; `None` where it has none.

    An orchestration that goes on in a new history, as those do that wait long, has only the newest one.
    """
    reader = _Reader(instance)
    for event in events:
        reader.read(event)
    return reader.root and _shortened(reader.root)


def _shortened(root: Step) -> Step:
    over = len(root.children) - STEPS_SHOWN
    if over > 0:
        half = STEPS_SHOWN // 2
        root.children = [*root.children[:half], *root.children[-half:]]
        root.attributes["signalbox.trace.left_out"] = f"{over} steps in the middle"
    return root


class _Reader:
    """Puts what ends a step to what began it."""

    def __init__(self, instance: str) -> None:
        self.root: Step | None = None
        self._instance = instance
        self._open: dict[int | str, Step] = {}
        self._timers: dict[int, Step] = {}

    def read(self, event: history.HistoryEvent) -> None:
        """Take one event into account."""
        if isinstance(event, history.ExecutionStartedEvent):
            given = _object(event.input)
            self.root = Step(event.name, "orchestration", self._instance, _utc(event.timestamp))
            self.root.attributes, self.root.trace = described(given), _text(given.get("trace"))
        if self.root is not None:
            self._read(event, self.root)

    def _read(self, event: history.HistoryEvent, root: Step) -> None:  # noqa: C901, PLR0912 - one case per kind of event
        match event:
            case history.TaskScheduledEvent():
                self._begin(root, event.event_id, _activity(event, self._instance))
            case history.SubOrchestrationInstanceCreatedEvent():
                self._begin(root, event.event_id, _child(event))
            case history.TaskCompletedEvent() | history.SubOrchestrationInstanceCompletedEvent():
                self._completed(event.task_scheduled_id, event)
            case history.TaskFailedEvent() | history.SubOrchestrationInstanceFailedEvent():
                self._failed(event.task_scheduled_id, event.timestamp, event.failure_details)
            case history.TimerCreatedEvent():
                self._timers[event.event_id] = _timer(event, self._instance)
                root.children.append(self._timers[event.event_id])
            case history.TimerFiredEvent():
                if (timer := self._timers.pop(event.timer_id, None)) is not None:
                    timer.end(event.timestamp, "ok")
            case history.EventRaisedEvent():
                root.children.append(_event(event.name, self._instance, event.timestamp, _object(event.input)))
            case history.EntityOperationCalledEvent():
                self._begin(root, event.request_id, _told(event, self._instance))
            case history.EntityOperationCompletedEvent():
                self._completed(event.request_id, event)
            case history.EntityOperationFailedEvent():
                self._failed(event.request_id, event.timestamp, event.failure_details)
            case history.EntityOperationSignaledEvent():
                told = _told(event, self._instance)
                told.end(event.timestamp, "ok")
                root.children.append(told)
            case history.EventSentEvent():
                root.children.append(_sent(event, self._instance))
            case history.ExecutionCompletedEvent() | history.ExecutionTerminatedEvent():
                self._over(event, root)
            case _:
                pass  # what frames a turn is no step

    def _begin(self, root: Step, number: int | str, step: Step) -> None:
        self._open[number] = step
        root.children.append(step)

    def _completed(self, number: int | str, event: Any) -> None:
        if (step := self._open.pop(number, None)) is not None:
            value = _object(getattr(event, "result", None) or getattr(event, "output", None))
            step.end(event.timestamp, *_result(value))
            result = value.get("result")
            step.value = result if isinstance(result, dict) else value

    def _failed(self, number: int | str, at: datetime, failure: task.FailureDetails | None) -> None:
        if (step := self._open.pop(number, None)) is not None:
            step.end(at, "failed", _why(failure))

    def _over(self, event: history.ExecutionCompletedEvent | history.ExecutionTerminatedEvent, root: Step) -> None:
        """Nothing is waited for any more: a timer that has not fired was a budget that nobody used up."""
        unfired = {id(timer) for timer in self._timers.values()}
        root.children = [child for child in root.children if id(child) not in unfired]
        if isinstance(event, history.ExecutionTerminatedEvent):
            root.end(event.timestamp, "failed", f"It was ended from outside. {event.input or ''}".strip())
        elif event.orchestration_status == OrchestrationStatus.COMPLETED.value:
            root.end(event.timestamp, *_result(_object(event.result)))
        elif event.orchestration_status != OrchestrationStatus.CONTINUED_AS_NEW.value:
            root.end(event.timestamp, "failed", _why(event.failure_details))


def pending_timers(root: Step) -> list[Step]:
    """The timers that may still fire; the last of them is what a waiting orchestration waits for at most."""
    return [child for child in root.children if child.kind == "timer" and child.ended_at is None]


def _activity(event: history.TaskScheduledEvent, instance: str) -> Step:
    given = _object(event.input)
    return Step(event.name, "activity", instance, _utc(event.timestamp), attributes=described(given))


def _child(event: history.SubOrchestrationInstanceCreatedEvent) -> Step:
    given = _object(event.input)
    step = Step(event.name, "orchestration", event.instance_id, _utc(event.timestamp), attributes=described(given))
    step.leads_to = event.instance_id
    return step


def _timer(event: history.TimerCreatedEvent, instance: str) -> Step:
    until = _utc(event.fire_at)
    told = f"until {until:%Y-%m-%d %H:%M:%S} UTC at the latest"
    return Step("wait", "timer", instance, _utc(event.timestamp), outcome="waiting", detail=told)


def _event(name: str, instance: str, at: datetime, given: Mapping[str, Any]) -> Step:
    detail = next((str(given[key]) for key in ("reason", "unwanted", "superseded", "status") if given.get(key)), "")
    moment = _utc(at)
    return Step(name, "event", instance, moment, moment, "ok", detail[:_DETAIL_LIMIT], described(given))


def _told(event: history.EntityOperationSignaledEvent | history.EntityOperationCalledEvent, instance: str) -> Step:
    return _signal(event.target_instance_id or "", event.operation, _object(event.input), instance, event.timestamp)


def _sent(event: history.EventSentEvent, instance: str) -> Step:
    """An event to another orchestration; on some backends a signal to an entity looks like one, too."""
    given = _object(event.input)
    if not event.instance_id.startswith("@"):
        return _event(f"{event.name} to {event.instance_id}", instance, event.timestamp, given)
    inner = given.get("input", given)
    inside = _object(inner) if isinstance(inner, str) else inner if isinstance(inner, dict) else {}
    step = _signal(event.instance_id, str(given.get("op", event.name)), inside, instance, event.timestamp)
    step.end(event.timestamp, "ok")
    return step


def _signal(entity: str, operation: str, given: Mapping[str, Any], instance: str, at: datetime) -> Step:
    """What a durable entity is told; of a model, what happened to it."""
    kind, _, key = entity.removeprefix("@").partition("@")
    of_model = kind == names.MODEL_INTERLOCK
    told = str(given.get("kind", operation)) if of_model else f"{kind}: {operation}"
    step = Step(told, "entity", instance, _utc(at), attributes=described(given))
    if of_model:
        step.attributes.setdefault("signalbox.model", key)
        step.signal = Signal(key, told, _text(given.get("trace")))
    return step


def _result(value: Mapping[str, Any]) -> tuple[TraceOutcome, str]:
    """How something ended by its own word: what is permanent is returned, not raised."""
    if isinstance(permanent := value.get("permanent"), Mapping):
        return "failed", f"{permanent.get('code')}: {permanent.get('message')}"
    result = value.get("result", value)
    if not isinstance(result, Mapping):
        return "ok", ""
    reason = result.get("reason") or result.get("error") or result.get("status") or ""
    told = str(result.get("outcome") or result.get("state") or "")
    return ("failed" if told in _FAILED else "ok"), str(reason)[:_DETAIL_LIMIT]


def _why(failure: task.FailureDetails | None) -> str:
    return f"{failure.error_type}: {failure.message}"[:_DETAIL_LIMIT] if failure is not None else ""


def _object(text: str | None) -> dict[str, Any]:
    """A payload that is a JSON object; anything else tells nothing here."""
    try:
        value = json.loads(text) if text else None
        value = json.loads(value) if isinstance(value, str) else value  # some backends encode twice
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _utc(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
