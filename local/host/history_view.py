"""The history of an instance as the status endpoint shows it (``showHistory=true``).

The shape is that of Durable Functions' HTTP API: what schedules a task is folded into what ends it, and the events that
only frame a turn are left out.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from local.durable.records import HistoryRecord

_FRAMES = frozenset({"orchestratorStarted", "orchestratorCompleted"})
_SCHEDULING = frozenset({"taskScheduled", "subOrchestrationInstanceCreated"})
_ENDING = frozenset(
    {
        "taskCompleted",
        "taskFailed",
        "subOrchestrationInstanceCompleted",
        "subOrchestrationInstanceFailed",
    }
)
_INTERNAL = frozenset(
    {"orchestrationInstance", "parentInstance", "parentTraceContext", "tags", "taskScheduledId", "timerId", "version"}
)
_STATUS_PREFIX = "ORCHESTRATION_STATUS_"


def show_history(records: Iterable[HistoryRecord], *, inputs: bool, outputs: bool) -> list[dict[str, Any]]:
    """Events in order, each with ``EventType`` and ``Timestamp``; inputs and results only when asked for."""
    shown: list[dict[str, Any] | None] = []
    scheduled: dict[int, tuple[int, HistoryRecord]] = {}  # by event id: place in the list, and event
    for record in records:
        if record.kind in _FRAMES:
            continue
        if record.kind in _SCHEDULING:
            scheduled[record.event_id] = (len(shown), record)
        begun = None
        if record.kind in _ENDING:
            place, begun = scheduled.pop(int(record.attributes.get("taskScheduledId", -1)), (None, None))
            if place is not None:
                shown[place] = None
        shown.append(_show(record, begun, inputs=inputs, outputs=outputs))
    return [event for event in shown if event is not None]


def show_time(moment: datetime) -> str:
    """A UTC time with microseconds, such as ``2026-11-20T15:00:00.000000Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parsed(payload: str | None) -> Any:
    """A payload as the value that its JSON text stands for; text that is no JSON as it is."""
    if payload is None:
        return None
    try:
        return json.loads(payload)
    except ValueError:
        return payload


def _show(record: HistoryRecord, begun: HistoryRecord | None, *, inputs: bool, outputs: bool) -> dict[str, Any]:
    event: dict[str, Any] = {"EventType": _capital(record.kind), "Timestamp": show_time(record.at)}
    if begun is not None:
        event["ScheduledTime"] = show_time(begun.at)
        event |= _attributes(begun.attributes, inputs=inputs, outputs=outputs)
    event |= _attributes(record.attributes, inputs=inputs, outputs=outputs)
    if record.kind == "executionStarted" or begun is not None:
        event["FunctionName"] = event.pop("Name", None)
    return event


def _attributes(attributes: Mapping[str, Any], *, inputs: bool, outputs: bool) -> dict[str, Any]:
    hidden = _INTERNAL | (frozenset() if inputs else {"input"}) | (frozenset() if outputs else {"result"})
    return {_capital(key): _value(key, value) for key, value in attributes.items() if key not in hidden}


def _value(key: str, value: Any) -> Any:
    if key in {"input", "result"}:
        return parsed(value)
    if isinstance(value, Mapping):
        return {_capital(name): inner for name, inner in value.items()}
    if key == "orchestrationStatus" and isinstance(value, str):
        return "".join(word.capitalize() for word in value.removeprefix(_STATUS_PREFIX).split("_"))
    return value


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]
