"""Recordings: the history of one orchestration instance as a JSON file, to be replayed by later versions of its code.

The events are those that a backend streams (`StreamInstanceHistory` of the durabletask protobuf), in proto3 JSON.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import durabletask.internal.orchestrator_service_pb2 as pb
from google.protobuf.json_format import MessageToDict, ParseDict, ParseError

type Event = Any
"""A protobuf `HistoryEvent`."""

#: An action as a history confirms it, and an action as the SDK asks for it.
SCHEDULED = {
    "taskScheduled": "scheduleTask",
    "timerCreated": "createTimer",
    "subOrchestrationInstanceCreated": "createSubOrchestration",
    "eventSent": "sendEvent",
    "entityOperationCalled": "sendEntityMessage",
    "entityOperationSignaled": "sendEntityMessage",
    "entityLockRequested": "sendEntityMessage",
    "entityUnlockSent": "sendEntityMessage",
}
_STARTED, _TURN_ENDED, _ENDED, _REWOUND = (
    "orchestratorStarted",
    "orchestratorCompleted",
    "executionCompleted",
    "executionRewound",
)


class UnusableRecordingError(Exception):
    """A history that cannot be replayed, or a file that is none; the message says why."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a recording: what the orchestrator had, and what it asked for then.

    Attributes:
        number: counted from 1.
        past: the events of the turns before.
        new: what was new.
        scheduled: the events that confirm its actions.
        ended: the event that ends the orchestration, None while it goes on.
    """

    number: int
    past: tuple[Event, ...]
    new: tuple[Event, ...]
    scheduled: tuple[Event, ...]
    ended: Event | None


@dataclass(frozen=True, slots=True)
class Recording:
    """The history of one instance's last generation, which may still be under way.

    Attributes:
        orchestrator: the registered name.
        instance_id: the instance's id, on which actions may depend.
        events: all events, in order.
        source: where it was read from, for messages.
    """

    orchestrator: str
    instance_id: str
    events: tuple[Event, ...]
    source: str = "a running engine"

    @classmethod
    def of(cls, events: Iterable[Event], source: str = "a running engine") -> Self:
        """A recording of a history.

        Raises:
            UnusableRecordingError: the events hold no start, or a rewind, after which turns cannot be told apart.
        """
        kept = tuple(events)
        started = [event.executionStarted for event in kept if _kind(event) == "executionStarted"]
        if not started or _kind(kept[0]) != _STARTED:
            raise UnusableRecordingError(f"{source} holds no start of an orchestration: record a whole history.")
        if any(_kind(event) == _REWOUND for event in kept):
            raise UnusableRecordingError(f"{source} was rewound, and cannot be replayed: record another instance.")
        return cls(started[-1].name, started[-1].orchestrationInstance.instanceId, kept, source)

    @property
    def turns(self) -> Iterator[Turn]:
        """The recorded turns, in order."""
        beginnings = [place for place, event in enumerate(self.events) if _kind(event) == _STARTED]
        for number, (first, last) in enumerate(zip(beginnings, [*beginnings[1:], len(self.events)], strict=True), 1):
            inside = self.events[first:last]
            yield Turn(
                number=number,
                past=self.events[:first],
                new=tuple(e for e in inside if _kind(e) not in (*SCHEDULED, _TURN_ENDED, _ENDED)),
                scheduled=tuple(e for e in inside if _kind(e) in SCHEDULED),
                ended=next((e.executionCompleted for e in inside if _kind(e) == _ENDED), None),
            )

    def write(self, file: Path, clean: Callable[[str], str] = str) -> None:
        """Write a file, with one event per line, so that a difference can be read.

        Args:
            file: its folder is made when it is missing.
            clean: takes what belongs to the recording machine out of the JSON text of an event.
        """
        lines = ",\n".join(clean(json.dumps(MessageToDict(event), ensure_ascii=False)) for event in self.events)
        head = json.dumps({"orchestrator": self.orchestrator, "instance": self.instance_id})[:-1]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f'{head}, "events": [\n{lines}\n]}}\n')


def read_recording(file: Path) -> Recording:
    """A recording that was written.

    Raises:
        UnusableRecordingError: the file is not one.
    """
    try:
        events = [ParseDict(event, pb.HistoryEvent()) for event in json.loads(file.read_text())["events"]]
    except (ParseError, ValueError, KeyError, TypeError) as error:
        raise UnusableRecordingError(f"{file} is no recorded history: {error}") from error
    return Recording.of(events, str(file))


def _kind(event: Event) -> str:
    return str(event.WhichOneof("eventType"))
