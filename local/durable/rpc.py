"""Calls of the durable client as gRPC methods: how a request is read, and with which status a refusal is answered.

The service is the `TaskHubSidecarService` of `durabletask/internal/orchestrator_service.proto`.
"""

import functools
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import durabletask.internal.orchestrator_service_pb2 as pb
import grpc
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

from local.durable.errors import (
    EngineStoppedError,
    InstanceExistsError,
    InstanceNotFoundError,
    StorageError,
    WrongStateError,
)
from local.durable.wire import Message

SERVICE = pb.DESCRIPTOR.services_by_name["TaskHubSidecarService"]
HUB_KEY = "taskhub"
"""The metadata in which the SDK's client names its task hub."""

type Call[S] = Callable[[S, Message], Awaitable[Message]]
type Rpc[S] = Callable[[S, Message, Any], Awaitable[Message]]
type Stream[S] = Callable[[S, Message], AsyncIterator[Message]]
type StreamRpc[S] = Callable[[S, Message, Any], AsyncIterator[Message]]

_CODES: dict[type[Exception], Any] = {
    InstanceNotFoundError: grpc.StatusCode.NOT_FOUND,
    InstanceExistsError: grpc.StatusCode.ALREADY_EXISTS,
    WrongStateError: grpc.StatusCode.FAILED_PRECONDITION,
    EngineStoppedError: grpc.StatusCode.UNAVAILABLE,
    StorageError: grpc.StatusCode.RESOURCE_EXHAUSTED,
    ValueError: grpc.StatusCode.INVALID_ARGUMENT,
    OverflowError: grpc.StatusCode.INVALID_ARGUMENT,
}
_REFUSALS = tuple(_CODES)


@dataclass(frozen=True, slots=True)
class _Malformed:
    """Bytes that are not the request of a method."""

    reason: str


def _code_of(refusal: Exception) -> Any:
    return next(code for kind, code in _CODES.items() if isinstance(refusal, kind))


def answering[S](call: Call[S]) -> Rpc[S]:
    """A call as an RPC: what it refuses becomes the status that the SDK's client knows."""

    @functools.wraps(call)
    async def rpc(self: S, request: Message, context: Any) -> Message:
        try:
            return await call(self, request)
        except _REFUSALS as error:
            await context.abort(_code_of(error), str(error))

    return rpc


def streaming[S](call: Stream[S]) -> StreamRpc[S]:
    """A call that answers with a stream of messages, as `answering`."""

    @functools.wraps(call)
    async def rpc(self: S, request: Message, context: Any) -> AsyncIterator[Message]:
        try:
            async for message in call(self, request):
                yield message
        except _REFUSALS as error:
            await context.abort(_code_of(error), str(error))

    return rpc


def handlers(servicer: object, task_hub: str | None) -> Any:
    """The gRPC handlers of a servicer, whose methods have the names of the protocol; the rest is UNIMPLEMENTED.

    A client that names another hub than `task_hub` is refused, so that two apps do not mix; None takes all.
    """
    methods = {method.name: _handler(servicer, method, task_hub) for method in SERVICE.methods}
    return grpc.method_handlers_generic_handler(SERVICE.full_name, methods)


def _handler(servicer: object, method: Any, task_hub: str | None) -> Any:
    rpc = getattr(servicer, method.name, None)
    codec: dict[str, Any] = {
        "request_deserializer": _reader(GetMessageClass(method.input_type)),
        "response_serializer": GetMessageClass(method.output_type).SerializeToString,
    }
    if rpc is None:
        return grpc.unary_unary_rpc_method_handler(_unsupported(method.name), **codec)
    if method.server_streaming:
        return grpc.unary_stream_rpc_method_handler(_guarded_stream(rpc, method.name, task_hub), **codec)
    return grpc.unary_unary_rpc_method_handler(_guarded(rpc, method.name, task_hub), **codec)


def _reader(message_class: Any) -> Callable[[bytes], Any]:
    def read(data: bytes) -> Any:
        try:
            return message_class.FromString(data)
        except DecodeError as error:  # gRPC would answer INTERNAL, and not say what was wrong
            return _Malformed(f"The request is no {message_class.DESCRIPTOR.name}: {error}.")

    return read


def _guarded(rpc: Callable[[Message, Any], Awaitable[Message]], name: str, task_hub: str | None) -> Any:
    async def guarded(request: Message, context: Any) -> Message:
        await _check(request, context, name, task_hub)
        return await rpc(request, context)

    return guarded


def _guarded_stream(rpc: Callable[[Message, Any], AsyncIterator[Message]], name: str, task_hub: str | None) -> Any:
    async def guarded(request: Message, context: Any) -> AsyncIterator[Message]:
        await _check(request, context, name, task_hub)
        async for message in rpc(request, context):
            yield message

    return guarded


async def _check(request: Message, context: Any, name: str, task_hub: str | None) -> None:
    if isinstance(request, _Malformed):
        text = (
            f"{name}: {request.reason} Check that the client's durabletask is the version that this engine runs with."
        )
        await context.abort(grpc.StatusCode.INVALID_ARGUMENT, text)
    asked = next((value for key, value in context.invocation_metadata() or () if key == HUB_KEY), "")
    if task_hub is not None and asked and asked.casefold() != task_hub.casefold():
        text = (
            f"{name}: the client asks for task hub '{asked}', and this engine serves '{task_hub}'. Make `hubName` in "
            "host.json and `taskHub` of the durable client binding the same."
        )
        await context.abort(grpc.StatusCode.FAILED_PRECONDITION, text)


def _unsupported(name: str) -> Any:
    async def refuse(_request: Message, context: Any) -> Message:
        text = f"The local durable engine does not support '{name}'. It runs the functions in its own process."
        await context.abort(grpc.StatusCode.UNIMPLEMENTED, text)

    return refuse
