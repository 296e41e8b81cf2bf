"""One call of the worker library: the request that it is given, and what its answer means."""

import asyncio
import re
import threading
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from local.durable.worker import FunctionFailed
from local.host.calls import Call
from local.host.functions import Function
from local.host.wire import ParameterBinding, RpcException, StatusResult, TypedData

ERROR_TEXT_LIMIT = 32 * 1024  # bytes of message and stack together; old extensions hung an instance on 64 KB
_FRAME = re.compile(r'^ *File "([^"]+)", line (\d+)', re.MULTILINE)
# Where the library, or the SDKs on its behalf, turn a return value or an output into bytes.
_ENCODING = re.compile(r", in (?:to_outgoing_proto|to_outgoing_param_binding|datum_as_proto)$", re.MULTILINE)


@dataclass(frozen=True)
class Retry:
    """Which try of an invocation this is; 0 for the first, and how many there may be, -1 for no limit."""

    count: int = 0
    limit: int = 0


@dataclass(frozen=True)
class Answer:
    """What a function gave: its return value, None without one, and what it set its outputs to."""

    returned: TypedData | None
    outputs: tuple[ParameterBinding, ...]


async def run_function(
    function: Function, call: Call, invocation_id: str, inputs: Sequence[ParameterBinding], retry: Retry
) -> Answer:
    """Run a function in the worker library.

    Args:
        function: what to run.
        call: the trigger's part.
        invocation_id: as the function's context tells it.
        inputs: the values of all its other input bindings.
        retry: which try this is.

    Raises:
        FunctionFailed: it raised, or what it returned cannot be sent.
    """
    from azure_functions_runtime import handle_event  # noqa: PLC0415 - loaded with the app, after its settings

    request = _request(function, call, invocation_id, inputs, retry)
    try:
        answer = await handle_event.invocation_request(request)
    except SystemExit as error:  # a function that calls sys.exit() must not take the host with it
        raise FunctionFailed("SystemExit", f"the function called sys.exit({error.code!r})", "") from error
    except asyncio.CancelledError as error:
        if (task := asyncio.current_task()) is None or task.cancelling():
            raise
        # Nobody asked for it: the function raised it itself, and must not take its caller with it.
        raise FunctionFailed("CancelledError", "the function cancelled itself", "") from error
    if answer.result.status != StatusResult.Success:
        raise _failure(function, answer.result.exception)
    return Answer(answer.return_value, tuple(answer.output_data or ()))


def runs_in_thread(function: Function) -> bool:
    """Whether the function is a plain ``def``, which the library runs in a thread, so that nothing can stop it."""
    from azure_functions_runtime import handle_event  # noqa: PLC0415 - as above

    # The library tells in no other way which functions are coroutines.
    found = handle_event._functions.get_function(function.id)  # noqa: SLF001 - as said
    return found is not None and not found.is_async


def host_failure(error: Exception) -> FunctionFailed:
    """An error of the host itself at an invocation, such as of a binding, as a failure of the function."""
    name = type(error).__name__
    stack = "".join(traceback.format_exception(error))[-ERROR_TEXT_LIMIT // 2 :]
    return FunctionFailed(name, str(error)[: ERROR_TEXT_LIMIT // 2] or name, stack)


def stop_threads(patience: float) -> bool:
    """Let the pool of synchronous functions go; whether all its threads ended within ``patience`` seconds."""
    from azure_functions_runtime.utils.threadpool import stop_threadpool_executor  # noqa: PLC0415 - loaded with the app

    # It waits for its threads without a limit, and Python cannot end one: so wait in a thread that may be left behind.
    stopper = threading.Thread(target=stop_threadpool_executor, daemon=True)
    stopper.start()
    stopper.join(patience)
    return not stopper.is_alive()


def split_failure(text: str) -> tuple[str, str]:
    """Split the worker's ``"ValueError: boom"`` into type and message.

    Neither is ever empty: an activity that fails with an empty message can be recorded as a success.
    """
    error_type, _, message = text.partition(": ")
    error_type = error_type.rstrip(": ") or "Exception"
    return error_type, message if message.strip() else error_type


def place_of(stack: str) -> str:
    """Where an exception came from, to be put behind its text; empty when the stack does not say."""
    frames = _FRAME.findall(stack)
    return f" ({frames[-1][0]}:{frames[-1][1]})" if frames else ""


def _request(
    function: Function, call: Call, invocation_id: str, inputs: Sequence[ParameterBinding], retry: Retry
) -> Any:
    context = SimpleNamespace(
        trace_parent=call.trace.traceparent if call.trace else "",
        trace_state=call.trace.tracestate if call.trace else "",
        attributes={},
    )
    retries = SimpleNamespace(retry_count=retry.count, max_retry_count=retry.limit, exception=None)
    metadata: Mapping[str, TypedData] = call.metadata
    request = SimpleNamespace(
        invocation_id=invocation_id,
        function_id=function.id,
        input_data=[ParameterBinding(name=function.parameter, data=call.data), *inputs],
        trigger_metadata=metadata,
        trace_context=context,
        retry_context=retries,
    )
    return SimpleNamespace(request=SimpleNamespace(invocation_request=request))


def _failure(function: Function, exception: RpcException) -> FunctionFailed:
    error_type, message = split_failure(exception.message)
    if _ENCODING.search(exception.stack_trace):
        message = f"{message}. {_remedy(function)}"
    half = ERROR_TEXT_LIMIT // 2
    # Of a message the beginning tells most, of a stack the end.
    clipped = message.encode(errors="replace")[:half].decode(errors="ignore")
    stack = exception.stack_trace.encode(errors="replace")[-half:].decode(errors="ignore")
    return FunctionFailed(error_type[:256], clipped, stack)


def _remedy(function: Function) -> str:
    """What to return instead of a value that cannot be sent."""
    if function.kind == "httpTrigger":
        what = "func.HttpResponse or str"
    elif function.is_durable:
        what = "what JSON can hold: str, int, float, bool, None, lists and dicts of these"
    else:
        what = "str or bytes"
    return f"What function {function.name} returned, or set an output to, cannot be sent: it must be {what}"
