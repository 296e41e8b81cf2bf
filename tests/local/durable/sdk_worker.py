"""A function worker for tests: the real SDK runs orchestrators and entities, activities are plain functions."""

import asyncio
import base64
import inspect
import json
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import durabletask.internal.orchestrator_service_pb2 as pb
from azure.durable_functions.worker import DurableFunctionsWorker

from local.durable.worker import FunctionFailed, FunctionKind, FunctionNotFound, TraceContext


@dataclass
class Functions:
    """What an app registers, by name."""

    orchestrators: dict[str, Callable[..., Any]] = field(default_factory=dict)
    activities: dict[str, Callable[..., Any]] = field(default_factory=dict)
    entities: dict[str, Any] = field(default_factory=dict)

    def orchestrator[F: Callable[..., Any]](self, function: F) -> F:
        """Register an orchestrator under its own name."""
        self.orchestrators[function.__name__] = function
        return function

    def activity[F: Callable[..., Any]](self, function: F) -> F:
        """Register an activity under its own name."""
        self.activities[function.__name__] = function
        return function

    def entity[C](self, entity: type[C]) -> type[C]:
        """Register an entity class under its own name, in lower case."""
        self.entities[entity.__name__.lower()] = entity
        return entity


class SdkWorker:
    """A FunctionWorker over the SDK's own execution core; orchestrators and entities run in threads, as in Azure."""

    def __init__(self, functions: Functions) -> None:
        self.functions = functions
        self.traces: dict[str, TraceContext | None] = {}
        self._sdk = DurableFunctionsWorker()

    async def run_orchestrator(self, name: str, request: str) -> str:
        """One turn, replayed by the SDK."""
        function = _find("orchestrator", self.functions.orchestrators, name)
        return await asyncio.to_thread(self._sdk.execute_orchestration_request, function, _body(request))

    async def run_activity(self, name: str, payload: str, trace: TraceContext | None) -> str | None:
        """A function called with its decoded input."""
        function = _find("activity", self.functions.activities, name)
        self.traces[name] = trace
        try:
            if inspect.iscoroutinefunction(function):
                result = await function(json.loads(payload))
            else:
                result = await asyncio.to_thread(function, json.loads(payload))
            return None if result is None else json.dumps(result)
        except Exception as error:
            raise FunctionFailed(type(error).__name__, str(error), traceback.format_exc()) from error

    async def run_entity(self, name: str, request: str) -> str:
        """A batch of operations, run by the SDK."""
        entity = _find("entity", self.functions.entities, name)
        return await asyncio.to_thread(self._sdk.execute_entity_batch_request, entity, _body(request))


@dataclass
class Recorded:
    """One turn: what the engine sent, and what the SDK answered, as protobuf messages."""

    request: Any
    response: Any


class RecordingWorker(SdkWorker):
    """Keeps what passes between the engine and the SDK."""

    def __init__(self, functions: Functions) -> None:
        super().__init__(functions)
        self.turns: dict[str, list[Recorded]] = {}
        self.batches: dict[str, list[Recorded]] = {}

    async def run_orchestrator(self, name: str, request: str) -> str:
        """Run a turn and keep it under the orchestrator's name."""
        answer = await super().run_orchestrator(name, request)
        turn = Recorded(_parsed(pb.OrchestratorRequest(), request), _parsed(pb.OrchestratorResponse(), answer))
        self.turns.setdefault(name, []).append(turn)
        return answer

    async def run_entity(self, name: str, request: str) -> str:
        """Run a batch and keep it under the entity's name."""
        answer = await super().run_entity(name, request)
        batch = Recorded(_parsed(pb.EntityBatchRequest(), request), _parsed(pb.EntityBatchResult(), answer))
        self.batches.setdefault(name, []).append(batch)
        return answer


def _parsed(message: Any, text: str) -> Any:
    message.ParseFromString(base64.b64decode(text))
    return message


def _find(kind: FunctionKind, registered: dict[str, Any], name: str) -> Any:
    if name not in registered:
        raise FunctionNotFound(kind, name)
    return registered[name]


def _body(request: str) -> SimpleNamespace:
    return SimpleNamespace(body=request)
