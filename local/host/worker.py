"""FunctionsWorker: runs the functions of one app, for HTTP, events and timers as for the durable engine."""

import asyncio
import contextlib
import logging
import re
import threading
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from local.durable.worker import FunctionFailed, FunctionKind, FunctionNotFound, TraceContext
from local.host.errors import AppLoadError
from local.host.functions import DURABLE_TRIGGERS, Function
from local.host.loading import load_app
from local.host.wire import ParameterBinding, RpcException, StatusResult, TypedData

ERROR_TEXT_LIMIT = 32 * 1024  # bytes of message and stack together; old extensions hung an instance on 64 KB
# One replay after another would drown the log; what a person waits for is worth a line.
_LEVELS = {"orchestrationTrigger": logging.DEBUG, "entityTrigger": logging.DEBUG}
_TRIGGERS: dict[FunctionKind, str] = {
    "orchestrator": "orchestrationTrigger",
    "activity": "activityTrigger",
    "entity": "entityTrigger",
}
_FRAME = re.compile(r'^ *File "([^"]+)", line (\d+)', re.MULTILINE)
_NO_RETRY = SimpleNamespace(retry_count=0, max_retry_count=0, exception=None)

log = logging.getLogger("local.host.invocations")


class FunctionsWorker:
    """The app's functions, by name and by what triggers them; implements ``local.durable.worker.FunctionWorker``.

    One per process: Microsoft's library keeps the app in module globals.
    """

    def __init__(self, functions: Sequence[Function]) -> None:
        self.functions = tuple(functions)
        # Names are matched without case, as the durable extension does.
        self._by_trigger = {(f.kind, f.durable_name.casefold()): f for f in functions if not f.disabled}
        if duplicates := _duplicates(functions):
            raise AppLoadError(f"two functions share one trigger type and name: {duplicates}")
        self._durable_client = ""
        self._running: dict[str, Function] = {}
        self._idle = asyncio.Event()
        self._idle.set()

    @classmethod
    async def load(cls, directory: Path) -> "FunctionsWorker":
        """Load the app in ``directory`` (an absolute path).

        Raises:
            HostError: the app cannot be loaded.
        """
        return cls(await load_app(directory))

    def bind_durable_client(self, configuration: str) -> None:
        """Give every durable client binding this configuration: JSON text, as the durable extension sends it."""
        self._durable_client = configuration

    def find(self, trigger: str, name: str) -> Function | None:
        """The function that a trigger of this type and name starts; None when there is none, or it is disabled."""
        return self._by_trigger.get((trigger, name.casefold()))

    def of_kind(self, trigger: str) -> tuple[Function, ...]:
        """All functions with this type of trigger that are not disabled."""
        return tuple(f for f in self.functions if f.kind == trigger and not f.disabled)

    async def run_orchestrator(self, name: str, request: str) -> str:
        """Run one turn: base64 of an OrchestratorRequest in, of an OrchestratorResponse out.

        Raises:
            FunctionFailed: the turn raised.
            FunctionNotFound: no such orchestrator.
        """
        return await self._run_durable("orchestrator", name, request) or ""

    async def run_activity(self, name: str, payload: str, trace: TraceContext | None) -> str | None:
        """Run an activity: JSON text in, JSON text out.

        Raises:
            FunctionFailed: the activity raised.
            FunctionNotFound: no such activity.
        """
        return await self._run_durable("activity", name, payload, trace)

    async def run_entity(self, name: str, request: str) -> str:
        """Run a batch of operations: base64 of an EntityBatchRequest in, of an EntityBatchResult out.

        Raises:
            FunctionFailed: the batch itself raised (an operation that raises is part of the result).
            FunctionNotFound: no such entity.
        """
        return await self._run_durable("entity", name, request) or ""

    async def invoke(self, function: Function, data: TypedData, trace: TraceContext | None = None) -> TypedData | None:
        """Run a function once with ``data`` as its trigger's value, and log the outcome in one line.

        Returns:
            The function's return value; None when it has none.

        Raises:
            FunctionFailed: the function raised, or needs a binding that this host does not serve.
        """
        invocation_id, started = str(uuid.uuid4()), time.perf_counter()
        self._running[invocation_id] = function
        self._note_idleness()
        try:
            # A task of its own, since the library attaches the trace context and never detaches it.
            value = await asyncio.create_task(self._call(function, invocation_id, data, trace))
        except FunctionFailed as failure:
            text = f"{failure.error_type}: {failure.message}{_place(failure.stack)}"
            log.warning("%s failed (id=%s, %d ms): %s", function.name, invocation_id, _ms(started), text)
            log.debug("%s", failure.stack)
            raise
        except asyncio.CancelledError:
            log.warning("%s was cut off (id=%s, %d ms)", function.name, invocation_id, _ms(started))
            raise
        finally:
            del self._running[invocation_id]
            self._note_idleness()
        level = _LEVELS.get(function.kind, logging.INFO)
        log.log(level, "%s succeeded (id=%s, %d ms)", function.name, invocation_id, _ms(started))
        return value

    async def drain(self, patience: float) -> None:
        """Wait at most ``patience`` seconds until nothing runs, apart from work that the durable engine hands out."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), patience)

    def _note_idleness(self) -> None:
        if all(function.kind in DURABLE_TRIGGERS for function in self._running.values()):
            self._idle.set()
        else:
            self._idle.clear()

    async def _run_durable(
        self, kind: FunctionKind, name: str, text: str, trace: TraceContext | None = None
    ) -> str | None:
        function = self.find(_TRIGGERS[kind], name)
        if function is None:
            raise FunctionNotFound(kind, name)
        value = await self.invoke(function, TypedData(string=text), trace)
        return None if value is None else str(value.content)

    async def _call(
        self, function: Function, invocation_id: str, data: TypedData, trace: TraceContext | None
    ) -> TypedData | None:
        from azure_functions_runtime import handle_event  # noqa: PLC0415 - loaded with the app, after its settings

        if function.unserved:
            types = ", ".join(function.unserved)
            raise FunctionFailed("UnservedBinding", f"the local host does not serve {types} ({function.name})", "")
        request = self._request(function, invocation_id, data, trace)
        try:
            answer = await handle_event.invocation_request(request)
        except SystemExit as error:  # a function that calls sys.exit() must not take the host with it
            raise FunctionFailed("SystemExit", f"the function called sys.exit({error.code!r})", "") from error
        if answer.result.status != StatusResult.Success:
            raise _failure(answer.result.exception)
        value: TypedData | None = answer.return_value
        return value

    def _request(self, function: Function, invocation_id: str, data: TypedData, trace: TraceContext | None) -> Any:
        client = TypedData(string=self._durable_client)
        inputs = [ParameterBinding(name=function.parameter, data=data)]
        inputs += [ParameterBinding(name=name, data=client) for name in function.client_parameters]
        context = SimpleNamespace(
            trace_parent=trace.traceparent if trace else "",
            trace_state=trace.tracestate if trace else "",
            attributes={},
        )
        request = SimpleNamespace(
            invocation_id=invocation_id,
            function_id=function.id,
            input_data=inputs,
            trigger_metadata={},
            trace_context=context,
            retry_context=_NO_RETRY,
        )
        return SimpleNamespace(request=SimpleNamespace(invocation_request=request))


def stop_threads(patience: float) -> bool:
    """Let the pool of synchronous functions go; whether all its threads ended within ``patience`` seconds."""
    from azure_functions_runtime.utils.threadpool import stop_threadpool_executor  # noqa: PLC0415 - as in _call

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


def _failure(exception: RpcException) -> FunctionFailed:
    error_type, message = split_failure(exception.message)
    half = ERROR_TEXT_LIMIT // 2
    # Of a message the beginning tells most, of a stack the end.
    clipped = message.encode(errors="replace")[:half].decode(errors="ignore")
    stack = exception.stack_trace.encode(errors="replace")[-half:].decode(errors="ignore")
    return FunctionFailed(error_type[:256], clipped, stack)


def _place(stack: str) -> str:
    """Where the exception came from, to be put behind its text; empty when the stack does not say."""
    frames = _FRAME.findall(stack)
    return f" ({frames[-1][0]}:{frames[-1][1]})" if frames else ""


def _duplicates(functions: Sequence[Function]) -> str:
    keys = [(f.kind, f.durable_name.casefold()) for f in functions]
    return ", ".join(sorted({f"{kind} {name}" for kind, name in keys if keys.count((kind, name)) > 1}))


def _ms(started: float) -> int:
    return round((time.perf_counter() - started) * 1000)
