"""Where durable payloads become contracts and back: one decorator each for activities and orchestrators, and the calls.

The SDK's converter refuses pydantic models and silently turns annotated parameters into dictionaries, so everything
crosses as plain JSON, and is validated first thing on the other side. The SDK also retries every exception: an activity
therefore *returns* what is permanent, and raises only what a later attempt may cure.

The decorators only mark: what the app consists of is listed in `functions.index`.
"""

import inspect
import json
import re
import typing
from collections.abc import Awaitable, Callable, Generator
from datetime import timedelta
from typing import Any, Final

from durabletask import task
from pydantic import ValidationError

from functions import metering
from shared.contracts.base import Contract
from shared.errors import ConfigurationError, PermanentError

#: What an orchestrator yields and gets back; the SDK types both loosely.
type Steps[R] = Generator[Any, Any, R]

#: Longer messages are cut: a payload stays small, and old extensions hung on long ones.
_MESSAGE_LIMIT = 1000
#: A reason is shown to people, and travels with every event.
_REASON_LIMIT = 500
#: References travel, data does not (design, decision 9).
_PAYLOAD_LIMIT = 16 * 1024

_FIRST_PAUSE: Final = timedelta(seconds=2)
_LAST_PAUSE: Final = timedelta(minutes=1)
_ATTEMPTS: Final = 64  # about an hour: an outage of a service is not a failed model
#: A service may ask for longer pauses; then fewer attempts fill the time.
_LONGEST_ASKED: Final = timedelta(minutes=15)
_LONGEST: Final = timedelta(minutes=90)
#: How a message ends whose service has said when to come again, see `shared.errors.TransientError`.
_AGAIN: Final = re.compile(r"\(again in ([0-9]{1,6}(?:\.[0-9]{1,3})?) s\)")

_RETRIES = task.RetryPolicy(
    first_retry_interval=_FIRST_PAUSE,
    max_number_of_attempts=_ATTEMPTS,
    backoff_coefficient=2.0,
    max_retry_interval=_LAST_PAUSE,
)

#: The marked functions, and each of them as the host calls it.
_ON_THE_WIRE: Final[dict[Callable[..., Any], Callable[..., Any]]] = {}


class PermanentFailure(Exception):  # noqa: N818 - the counterpart of PermanentError inside orchestrators
    """An activity has said that trying again cannot help."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def activity[I: Contract, R: Contract | None](function: Callable[[I], Awaitable[R]]) -> Callable[[I], Awaitable[R]]:
    """Mark an async function from contract to contract as an activity; it stays as it is, see `on_the_wire`."""
    contract = _first_parameter(function)

    async def run(payload: dict[str, Any]) -> dict[str, Any]:
        try:
            order = typing.cast("I", contract.from_wire(payload))
        except ValidationError as error:  # it will not read better the next time
            return _permanent("ContractMismatch", f"{contract.__name__}: {error}")
        with metering.attempt(function.__name__, payload) as attempt:
            try:
                result = await function(order)
            except PermanentError as error:
                attempt.refused(error.code, error.message)
                return _permanent(error.code, error.message)
            except ConfigurationError as error:  # a person has to mend the file, whoever tries again
                attempt.refused("Configuration", str(error))
                return _permanent("Configuration", str(error))
        return {"result": result.to_wire() if result is not None else None}

    _ON_THE_WIRE[function] = run
    return function


def orchestrator[I: Contract, R: Contract](
    function: Callable[[task.OrchestrationContext, I], Steps[R]],
) -> Callable[[task.OrchestrationContext, I], Steps[R]]:
    """Mark a generator from contract to contract as an orchestrator; it stays as it is, see `on_the_wire`."""
    contract = _first_parameter(function, position=1)

    def run(context: task.OrchestrationContext, payload: Any) -> Steps[dict[str, Any]]:
        result = yield from function(context, typing.cast("I", contract.from_wire(payload)))
        return result.to_wire()

    _ON_THE_WIRE[function] = run
    return function


def is_marked(function: Any) -> bool:
    """Whether it is an activity or an orchestrator."""
    return inspect.isfunction(function) and function in _ON_THE_WIRE


def on_the_wire(function: Callable[..., Any]) -> Callable[..., Any]:
    """A marked function as the host calls it: from plain JSON to plain JSON.

    Raises:
        LookupError: It is not marked.
    """
    if function not in _ON_THE_WIRE:
        raise LookupError(f"{function.__module__}.{function.__name__} is neither an @activity nor an @orchestrator")
    return _ON_THE_WIRE[function]


def schedule(context: task.OrchestrationContext, name: str, order: Contract) -> task.Task[Any]:
    """Schedule an activity, to be awaited with others; read its value with `unpack`.

    Raises:
        PermanentFailure: The input is too large to travel.
    """
    return context.call_activity(name, input=fitting(order), retry_policy=_RETRIES)


def fitting(payload: Contract) -> dict[str, Any]:
    """A contract on the wire, if it is small enough to travel.

    Raises:
        PermanentFailure: `PayloadTooLarge`.
    """
    size = len(payload.model_dump_json().encode())
    if size > _PAYLOAD_LIMIT:
        kind = type(payload).__name__
        raise PermanentFailure("PayloadTooLarge", f"{kind} has {size} bytes; at most {_PAYLOAD_LIMIT} travel")
    return payload.to_wire()


def unpack[R: Contract](value: Any, result: type[R]) -> R:
    """An activity's value as its contract.

    Raises:
        PermanentFailure: The activity said that trying again cannot help.
    """
    if "permanent" in value:
        raise PermanentFailure(value["permanent"]["code"], value["permanent"]["message"])
    return result.from_wire(value["result"])


def call[R: Contract](context: task.OrchestrationContext, name: str, order: Contract, result: type[R]) -> Steps[R]:
    """Call an activity by name and wait for its result.

    Used as `state = yield from call(context, names.READ_JOB, key, JobState)`. While it is tried again, the
    orchestration's status says so, and why: an outage is not to look like work.

    Raises:
        PermanentFailure: The activity said that trying again cannot help.
        TaskFailedError: Its last attempt failed.
    """
    payload, status = fitting(order), _status(context)
    deadline = context.current_utc_datetime + _LONGEST
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            value = yield context.call_activity(name, input=payload)
        except task.TaskFailedError as error:
            if attempt == _ATTEMPTS or context.current_utc_datetime >= deadline:
                context.set_custom_status(status)
                raise
            told = {"activity": name, "attempt": attempt, "reason": explain(error)}
            context.set_custom_status({**status, "retrying": told})
            yield context.create_timer(_pause(attempt, error))
        else:
            if attempt > 1:
                context.set_custom_status(status)
            return unpack(value, result)
    raise AssertionError("the last attempt returns or raises")


def _pause(attempt: int, error: task.TaskFailedError) -> timedelta:
    """As long as the rule says, or as the service has asked for."""
    ruled = min(_FIRST_PAUSE * (1 << min(attempt - 1, 10)), _LAST_PAUSE)
    asked = _AGAIN.search(error.details.message)
    return ruled if asked is None else min(max(ruled, timedelta(seconds=float(asked[1]))), _LONGEST_ASKED)


def _status(context: task.OrchestrationContext) -> dict[str, Any]:
    """What the orchestration has last said of itself; the SDK keeps it and offers no way to read it."""
    encoded = getattr(context, "_encoded_custom_status", None)
    status = json.loads(encoded) if encoded else {}
    return status if isinstance(status, dict) else {"step": status}


def explain(error: Exception) -> str:
    """Why a step failed, in one line."""
    text = (
        f"{error.details.error_type}: {error.details.message}"
        if isinstance(error, task.TaskFailedError)
        else str(error)
    )
    return short(text)


def short(text: str) -> str:
    """A text as long as a reason may be."""
    return text if len(text) <= _REASON_LIMIT else text[:_REASON_LIMIT] + "…"


def _permanent(code: str, message: str) -> dict[str, dict[str, str]]:
    return {"permanent": {"code": code, "message": message[:_MESSAGE_LIMIT]}}


def _first_parameter(function: Callable[..., Any], position: int = 0) -> type[Contract]:
    parameters = list(inspect.signature(function).parameters)
    contract = typing.get_type_hints(function)[parameters[position]]
    assert isinstance(contract, type), f"{function.__name__} must say which contract it takes"
    assert issubclass(contract, Contract), f"{function.__name__} takes {contract}, which is no contract"
    return contract
