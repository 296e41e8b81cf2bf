"""What an orchestration asked for and has no answer to yet, as its history tells."""

from collections.abc import Hashable, Iterable

from local.durable.wire import Message, kind_of

_OPENS = {"taskScheduled", "timerCreated", "subOrchestrationInstanceCreated"}
"""Events that confirm an action, and are answered by its id."""
_ANSWERS = {
    "taskCompleted": "taskScheduledId",
    "taskFailed": "taskScheduledId",
    "timerFired": "timerId",
    "subOrchestrationInstanceCompleted": "taskScheduledId",
    "subOrchestrationInstanceFailed": "taskScheduledId",
    "entityOperationCompleted": "requestId",
    "entityOperationFailed": "requestId",
    "entityLockGranted": "criticalSectionId",
}
_OPENS_BY = {"entityOperationCalled": "requestId", "entityLockRequested": "criticalSectionId"}


def unanswered(events: Iterable[Message]) -> list[Message]:
    """The events of a history that confirm an action whose outcome is not in it.

    Waits for external events are not among them: the SDK asks the engine for none. A timer that was cancelled is, for
    the SDK does not tell.
    """
    opened: dict[Hashable, Message] = {}
    for event in events:
        kind = kind_of(event)
        if kind in _OPENS:
            opened[event.eventId] = event
        elif kind in _OPENS_BY:
            opened[getattr(getattr(event, kind), _OPENS_BY[kind])] = event
        elif kind in _ANSWERS:
            opened.pop(getattr(getattr(event, kind), _ANSWERS[kind]), None)
    return list(opened.values())
