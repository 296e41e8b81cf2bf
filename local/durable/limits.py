"""Budgets of an instance: how long its history and how large its payloads may be before it fails, with a clear reason.

The defaults are those of Azure: 1 MB per payload on the Durable Task Scheduler, and histories that stay far below what
makes replay slow. What is over a budget here would fail, or crawl, there.
"""

from dataclasses import dataclass

from local.durable.errors import PayloadTooLargeError
from local.durable.records import Instance
from local.durable.wire import Message, failed_orchestration, failure, optional

_CHARACTER = 4
"""Bytes that one character takes in UTF-8 at most."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Budgets; None lifts one.

    Args:
        max_payload: bytes in UTF-8 of an input, output, event, custom status or entity state.
        warn_events: events of a history from which the log warns, once per instance.
        warn_history: bytes of a history from which the log warns, once per instance.
        max_events: events of a history beyond which an orchestration fails that does not end or continue as new.
    """

    max_payload: int | None = 1024 * 1024
    warn_events: int | None = 1_000
    warn_history: int | None = 512 * 1024
    max_events: int | None = 10_000


UNLIMITED = Limits(None, None, None, None)
"""No budget at all: for tests, and for apps that never go to Azure."""


def require_payload(limits: Limits, what: str, text: str | None) -> None:
    """Refuse a payload over the budget; `what` names it in the message.

    Raises:
        PayloadTooLargeError: it is too large.
    """
    if text is None or limits.max_payload is None or len(text) * _CHARACTER <= limits.max_payload:
        return
    size = len(text.encode())
    if size > limits.max_payload:
        raise PayloadTooLargeError(
            f"{what} is {size:,} bytes, and a payload may be {limits.max_payload:,}. Pass a reference, such as a "
            "blob's name, and not the data; or raise the limit, 1 MB on Azure, by `--max-payload-mb` of the local host "
            "or `max_payload_mb` of a TestApp."
        )


def keep_within(limits: Limits, instance: Instance, received: int, response: Message) -> Message:
    """An `OrchestratorResponse` as it is, or one that fails the instance because a budget is exceeded.

    `received` counts the events that are new in the turn.
    """
    try:
        _require_payloads(limits, instance, response)
    except PayloadTooLargeError as error:
        return failed_orchestration(failure("PayloadTooLarge", str(error), retriable=False))
    events = instance.history_events + received + len(response.actions) + 2
    if limits.max_events is None or events <= limits.max_events or _ends(response):
        return response
    message = (
        f"The history of orchestrator '{instance.name}' would have {events:,} events, and may have "
        f"{limits.max_events:,}. Continue as new from time to time, or split the work into sub-orchestrations of at "
        "most 50 calls; or raise `max_events` in the Limits of the local engine."
    )
    return failed_orchestration(failure("HistoryTooLong", message, retriable=False))


def crosses(limits: Limits, instance: Instance, events: int, size: int) -> bool:
    """Whether a history of so many events and bytes is worth a warning that was not given yet."""
    many = limits.warn_events is not None and events >= limits.warn_events
    large = limits.warn_history is not None and size >= limits.warn_history
    return not instance.warned and (many or large)


def _ends(response: Message) -> bool:
    return any(
        action.HasField("completeOrchestration") or action.HasField("rewindOrchestration")
        for action in response.actions
    )


def _require_payloads(limits: Limits, instance: Instance, response: Message) -> None:
    if limits.max_payload is None:
        return
    _require(limits, f"The custom status of orchestrator '{instance.name}'", optional(response, "customStatus"))
    for action in response.actions:
        kind = action.WhichOneof("orchestratorActionType")
        named = _PAYLOADS.get(kind)
        if named:
            field, what = named
            body = getattr(action, kind)
            name = getattr(body, "name", "")
            _require(limits, what.format(name=name, orchestrator=instance.name), optional(body, field))
        elif kind == "sendEntityMessage":
            _require_entity_input(limits, instance, action.sendEntityMessage)


def _require_entity_input(limits: Limits, instance: Instance, action: Message) -> None:
    kind = action.WhichOneof("EntityMessageType")
    if kind in {"entityOperationCalled", "entityOperationSignaled"}:
        body = getattr(action, kind)
        what = f"The input that orchestrator '{instance.name}' gives to operation '{body.operation}' of an entity"
        _require(limits, what, optional(body, "input"))


def _require(limits: Limits, what: str, text: Message) -> None:
    if text is not None:
        require_payload(limits, what, text.value)


_PAYLOADS = {
    "scheduleTask": ("input", "The input that orchestrator '{orchestrator}' gives to activity '{name}'"),
    "createSubOrchestration": ("input", "The input that orchestrator '{orchestrator}' gives to '{name}'"),
    "sendEvent": ("data", "The event '{name}' that orchestrator '{orchestrator}' sends"),
    "completeOrchestration": ("result", "The output or next input of orchestrator '{orchestrator}'"),
}
