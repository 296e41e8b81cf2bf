"""FunctionsWorker: runs the functions of one app, for HTTP, events and timers as for the durable engine."""

import asyncio
import contextlib
import logging
import time
import uuid
from collections.abc import Collection, Sequence
from datetime import timedelta
from pathlib import Path

from local.durable.worker import FunctionFailed, FunctionKind, FunctionNotFound, TraceContext
from local.host.bindings import StorageBindings
from local.host.calls import Call
from local.host.deadline import OutOfTime, within
from local.host.errors import AppLoadError
from local.host.functions import DURABLE_TRIGGERS, Function, nearest
from local.host.invocation import Answer, Retry, host_failure, place_of, run_function, runs_in_thread
from local.host.loading import load_app
from local.host.log_context import invocation_of_task
from local.host.management_urls import for_hub
from local.host.retries import RETRYING_TRIGGERS, RetryPolicy
from local.host.timespans import show_span
from local.host.wire import ParameterBinding, TypedData

# One replay after another would drown the log; what a person waits for is worth a line.
_LEVELS = {"orchestrationTrigger": logging.DEBUG, "entityTrigger": logging.DEBUG}
# The engine tries these again itself when the host is in trouble, rather than fail the instance for good.
_RETRIED_BY_ENGINE = frozenset({"orchestrationTrigger", "entityTrigger"})
_TRIGGERS: dict[FunctionKind, str] = {
    "orchestrator": "orchestrationTrigger",
    "activity": "activityTrigger",
    "entity": "entityTrigger",
}

log = logging.getLogger("local.host.invocations")


class FunctionsWorker:
    """The app's functions, by name and by what triggers them; implements ``local.durable.worker.FunctionWorker``.

    One per process: Microsoft's library keeps the app in module globals.

    Args:
        functions: those that may run.
        http_address: where the library takes HTTP requests itself, see ``LoadedApp``.
    """

    def __init__(self, functions: Sequence[Function], http_address: str | None = None) -> None:
        self.functions = tuple(functions)
        self.http_address = http_address
        # Names are matched without case, as the durable extension does.
        self._by_trigger = {(f.kind, f.durable_name.casefold()): f for f in functions if not f.disabled}
        if duplicates := _duplicates(functions):
            raise AppLoadError(
                f"two functions share one trigger type and name: {duplicates}; rename one of them, or remove it"
            )
        self._durable_client = ""
        self._timeout: timedelta | None = None
        self._retry: RetryPolicy | None = None
        self._storage: StorageBindings | None = None
        self._faults: dict[str, str] = {}
        self._running: dict[str, Function] = {}
        self._idle = asyncio.Event()
        self._idle.set()

    @classmethod
    async def load(cls, directory: Path, only: Collection[str] = ()) -> "FunctionsWorker":
        """Load the app in ``directory`` (an absolute path), with the functions named in ``only``, or with all.

        Raises:
            HostError: the app cannot be loaded, or has no function of that name.
        """
        app = await load_app(directory, only)
        return cls(app.functions, app.http_address)

    def bind_durable_client(self, configuration: str) -> None:
        """Give every durable client binding this configuration: JSON text, as the durable extension sends it."""
        self._durable_client = configuration

    def set_limits(self, timeout: timedelta | None, retry: RetryPolicy | None) -> None:
        """Set how long an invocation may take, and the retry policy of functions that have none of their own."""
        self._timeout = timeout
        self._retry = retry

    def bind_storage(self, bindings: StorageBindings) -> None:
        """Serve blob and queue bindings with these."""
        self._storage = bindings

    def refuse(self, function: Function, reason: str) -> None:
        """Have every invocation of a function fail with this reason, since it can never succeed."""
        self._faults[function.name] = reason

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

    async def invoke(self, function: Function, call: Call) -> TypedData | None:
        """Run a function, again and again as its retry policy says, and log the outcome of each run in one line.

        Returns:
            The function's return value; None when it has none.

        Raises:
            FunctionFailed: the function raised, took too long, or needs a binding that this host does not serve; or
                the host itself failed at it, except for orchestrators and entities, where its error is passed on.
        """
        policy = (function.retry or self._retry) if function.kind in RETRYING_TRIGGERS else None
        count = 0
        while True:
            try:
                return await self._run_once(function, call, Retry(count, policy.max_retries if policy else 0))
            except FunctionFailed:
                count += 1
                if policy is None or not policy.allows(count):
                    raise
                pause = policy.pause(count)
            log.info("%s is tried again in %.1f s (retry %d)", function.name, pause, count)
            await asyncio.sleep(pause)

    async def drain(self, patience: float) -> None:
        """Wait at most ``patience`` seconds until nothing runs, apart from work that the durable engine hands out."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), patience)

    async def _run_once(self, function: Function, call: Call, retry: Retry) -> TypedData | None:
        invocation_id, started = call.invocation_id or str(uuid.uuid4()), time.perf_counter()
        level = _LEVELS.get(function.kind, logging.INFO)
        log.debug("%s begins (id=%s): %s", function.name, invocation_id, call.reason or function.kind)
        self._running[invocation_id] = function
        self._note_idleness()
        try:
            value = await self._within_time(function, call, invocation_id, retry)
        except FunctionFailed as failure:
            text = f"{failure.error_type}: {failure.message}{place_of(failure.stack)}"
            log.warning("%s failed (id=%s, %d ms): %s", function.name, invocation_id, _ms(started), text)
            log.debug("%s", failure.stack)
            raise
        except asyncio.CancelledError:
            log.warning("%s was cut off (id=%s, %d ms)", function.name, invocation_id, _ms(started))
            raise
        finally:
            self._running.pop(invocation_id, None)
            self._note_idleness()
        log.log(level, "%s succeeded (id=%s, %d ms)", function.name, invocation_id, _ms(started))
        return value

    async def _within_time(self, function: Function, call: Call, invocation_id: str, retry: Retry) -> TypedData | None:
        """Run once, and give up after the function timeout; a coroutine is cancelled then, a thread left behind."""
        try:
            # In a task of its own, since the library attaches the trace context and never detaches it.
            return await within(self._timeout, self._call(function, call, invocation_id, retry))
        except OutOfTime:
            limit = show_span(self._timeout or timedelta())
        except FunctionFailed:
            raise
        except Exception as error:
            if function.kind in _RETRIED_BY_ENGINE:
                raise
            # Triggers know one way to fail: anything else would end a timer's loop, or hide a message.
            raise host_failure(error) from error
        fate = "Its thread cannot be stopped, and is left behind." if runs_in_thread(function) else "It is cancelled."
        log.error(
            "Timeout value of %s exceeded by function 'Functions.%s' (Id: '%s'). Initiating cancellation. %s",
            limit, function.name, invocation_id, fate,
        )  # fmt: skip
        text = f"Timeout value of {limit} was exceeded by function: Functions.{function.name}"
        raise FunctionFailed("FunctionTimeoutException", text)

    async def _call(self, function: Function, call: Call, invocation_id: str, retry: Retry) -> TypedData | None:
        invocation_of_task.set(invocation_id)
        if function.unserved:
            types = ", ".join(function.unserved)
            raise FunctionFailed("UnservedBinding", f"the local host does not serve {types} ({function.name})", "")
        if (fault := self._faults.get(function.name)) is not None:
            raise FunctionFailed("BindingFailed", fault)
        inputs = [
            ParameterBinding(name=name, data=TypedData(string=for_hub(self._durable_client, hub)))
            for name, hub in function.client_hubs.items()
        ]
        if self._storage is not None and function.storage_inputs:
            inputs += await self._storage.read(function, call.values)
        answer: Answer = await run_function(function, call, invocation_id, inputs, retry)
        if self._storage is not None and function.storage_outputs:
            await self._storage.write(function, answer.outputs, answer.returned, call.values)
        return answer.returned

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
            missing = FunctionNotFound(kind, name)
            known = [f.durable_name for f in self.of_kind(_TRIGGERS[kind])]
            missing.args = (f"{missing} Looked for it by name{nearest(name, known)}",)
            raise missing
        value = await self.invoke(function, Call(TypedData(string=text), trace=trace))
        return None if value is None else str(value.content)


def _duplicates(functions: Sequence[Function]) -> str:
    keys = [(f.kind, f.durable_name.casefold()) for f in functions]
    return ", ".join(sorted({f"{kind} {name}" for kind, name in keys if keys.count((kind, name)) > 1}))


def _ms(started: float) -> int:
    return round((time.perf_counter() - started) * 1000)
