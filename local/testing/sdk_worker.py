"""A function worker for tests: the SDK runs orchestrators and entities as in Azure, activities are called as they are.

The local host drives Microsoft's whole worker library instead, which keeps its app in module globals: one app per
process, and not in the process of a test.
"""

import asyncio
import inspect
import traceback
from collections import Counter
from types import SimpleNamespace
from typing import Any

from azure.durable_functions.internal.converters import ActivityTriggerConverter
from azure.durable_functions.worker import DurableFunctionsWorker
from azure.functions.meta import Datum

from local.durable.worker import FunctionFailed, FunctionKind, FunctionNotFound, TraceContext
from local.testing.functions import Functions


class SdkWorker:
    """A `local.durable.worker.FunctionWorker` over the SDK's execution core; synchronous code runs in threads.

    Attributes:
        functions: what it runs.
        calls: how often each activity was run, repetitions included.
        traces: the trace context of each activity's last run.
    """

    def __init__(self, functions: Functions) -> None:
        self.functions = functions
        self.calls: Counter[str] = Counter()
        self.traces: dict[str, TraceContext | None] = {}
        self._sdk = DurableFunctionsWorker()

    async def run_orchestrator(self, name: str, request: str) -> str:
        """One turn, replayed by the SDK."""
        function = _find("orchestrator", self.functions.orchestrators, name)
        return await asyncio.to_thread(self._sdk.execute_orchestration_request, function, _body(request))

    async def run_activity(self, name: str, payload: str, trace: TraceContext | None) -> str | None:
        """A function called with its decoded input."""
        function = _find("activity", self.functions.activities, name)
        self.calls[name] += 1
        self.traces[name] = trace
        try:
            value = _decoded(payload)
            if inspect.iscoroutinefunction(function):
                result = await function(value)
            else:
                result = await asyncio.to_thread(function, value)
            return None if result is None else _encoded(result)
        except Exception as error:
            raise FunctionFailed(type(error).__name__, str(error), traceback.format_exc()) from error

    async def run_entity(self, name: str, request: str) -> str:
        """A batch of operations, run by the SDK."""
        entity = _find("entity", self.functions.entities, name)
        return await asyncio.to_thread(self._sdk.execute_entity_batch_request, entity, _body(request))


def _find(kind: FunctionKind, registered: dict[str, Any], name: str) -> Any:
    if name in registered:
        return registered[name]
    for other, function in registered.items():
        if other.casefold() == name.casefold():
            return function
    raise FunctionNotFound(kind, name)


def _body(request: str) -> SimpleNamespace:
    return SimpleNamespace(body=request)


def _decoded(payload: str) -> Any:
    return ActivityTriggerConverter.decode(Datum(type="json", value=payload), trigger_metadata=None)


def _encoded(result: Any) -> str:
    return str(ActivityTriggerConverter.encode(result, expected_type=None).value)
