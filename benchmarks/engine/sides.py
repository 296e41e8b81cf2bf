"""Two engines behind one client: ours on a file, and the SDK's in-memory backend; one worker serves both."""

import asyncio
import base64
import json
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import durabletask.internal.orchestrator_service_pb2 as pb
import durabletask.internal.orchestrator_service_pb2_grpc as stubs
import grpc.aio
from durabletask.testing import create_test_backend
from google.protobuf.empty_pb2 import Empty
from google.protobuf.wrappers_pb2 import StringValue

from local.durable.clock import Clock
from local.durable.database import Synchronous
from local.durable.engine import Engine
from local.durable.servicer import serve
from local.durable.worker import FunctionFailed, FunctionWorker

UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
STARTS_AT_ONCE = 100
ITEMS_AT_ONCE = 100
FINISH_SECONDS = 300.0

type Message = Any


class Side:
    """A client of one engine, by gRPC as the SDK's own client; `reset` has the engine forget all that it holds."""

    def __init__(self, stub: Any, reset: Callable[[], None] = lambda: None) -> None:
        self._stub = stub
        self._starts = asyncio.Semaphore(STARTS_AT_ONCE)
        self.reset = reset

    async def start(self, name: str, value: Any = None) -> str:
        """Start an orchestration and give its id."""
        request = pb.CreateInstanceRequest(name=name, input=StringValue(value=json.dumps(value)))
        async with self._starts:
            return str((await self._stub.StartInstance(request, timeout=FINISH_SECONDS)).instanceId)

    async def finish(self, instance_id: str) -> Any:
        """The output of an orchestration, which must complete.

        Raises:
            RuntimeError: it ended otherwise.
        """
        request = pb.GetInstanceRequest(instanceId=instance_id, getInputsAndOutputs=True)
        state = (await self._stub.WaitForInstanceCompletion(request, timeout=FINISH_SECONDS)).orchestrationState
        if state.orchestrationStatus != pb.ORCHESTRATION_STATUS_COMPLETED:
            raise RuntimeError(f"Orchestration {state.name} did not complete: {state.failureDetails.errorMessage}")
        return json.loads(state.output.value or "null")

    async def has_started(self, instance_id: str) -> None:
        """Wait until an orchestration has begun to run."""
        await self._stub.WaitForInstanceStart(pb.GetInstanceRequest(instanceId=instance_id), timeout=FINISH_SECONDS)

    async def raise_event(self, instance_id: str, name: str) -> None:
        """Send an event."""
        await self._stub.RaiseEvent(pb.RaiseEventRequest(instanceId=instance_id, name=name), timeout=FINISH_SECONDS)


@asynccontextmanager
async def embedded(
    worker: FunctionWorker, path: Path, synchronous: Synchronous, clock: Clock | None = None
) -> AsyncIterator[Side]:
    """Our engine on a file, and its gRPC server."""
    async with AsyncExitStack() as stack:
        engine = Engine(worker, path, synchronous=synchronous, clock=clock)
        await engine.start()
        stack.push_async_callback(engine.stop)
        server = await serve(engine)
        stack.push_async_callback(server.stop)
        channel = await stack.enter_async_context(_channel(server.port))
        yield Side(stubs.TaskHubSidecarServiceStub(channel))


@asynccontextmanager
async def in_memory(worker: FunctionWorker) -> AsyncIterator[Side]:
    """The SDK's in-memory backend, its work items carried to the worker as the SDK's own worker does."""
    port = _free_port()
    backend = create_test_backend(port, max_history_size=1_000_000)  # its default hangs a long history
    backend.start()
    async with AsyncExitStack() as stack:
        stack.callback(backend.stop)
        channel = await stack.enter_async_context(_channel(port))
        stub = stubs.TaskHubSidecarServiceStub(channel)
        await stub.Hello(Empty(), wait_for_ready=True, timeout=FINISH_SECONDS)
        pump = _Pump(stub, worker)
        stack.push_async_callback(pump.stop)
        pump.start()
        yield Side(stub, backend.reset)


def _channel(port: int) -> Any:
    return grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=UNLIMITED)


class _Pump:
    """Takes work items off a backend's stream, and sends back what the worker made of them."""

    def __init__(self, stub: Any, worker: FunctionWorker) -> None:
        self._stub = stub
        self._worker = worker
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begin to take items."""
        self._spawn(self._run())

    async def stop(self) -> None:
        """End, and all items with it."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self) -> None:
        limits = pb.GetWorkItemsRequest(
            maxConcurrentOrchestrationWorkItems=ITEMS_AT_ONCE, maxConcurrentActivityWorkItems=ITEMS_AT_ONCE
        )
        async for item in self._stub.GetWorkItems(limits):
            match item.WhichOneof("request"):
                case "orchestratorRequest":
                    self._spawn(self._turn(item.orchestratorRequest, item.completionToken))
                case "activityRequest":
                    self._spawn(self._activity(item.activityRequest, item.completionToken))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)  # the loop itself holds tasks only weakly
        task.add_done_callback(self._tasks.discard)

    async def _turn(self, request: Message, token: str) -> None:
        name = next(
            event.executionStarted.name
            for events in (request.newEvents, request.pastEvents)
            for event in reversed(events)
            if event.HasField("executionStarted")
        )
        answer = await self._worker.run_orchestrator(name, base64.b64encode(request.SerializeToString()).decode())
        response = pb.OrchestratorResponse()
        response.ParseFromString(base64.b64decode(answer))
        response.completionToken = token
        await self._stub.CompleteOrchestratorTask(response)

    async def _activity(self, request: Message, token: str) -> None:
        done = pb.ActivityResponse(
            instanceId=request.orchestrationInstance.instanceId, taskId=request.taskId, completionToken=token
        )
        try:
            result = await self._worker.run_activity(request.name, request.input.value, None)
        except FunctionFailed as error:
            done.failureDetails.CopyFrom(pb.TaskFailureDetails(errorType=error.error_type, errorMessage=error.message))
        else:
            done.result.CopyFrom(StringValue(value=result))
        await self._stub.CompleteActivityTask(done)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
