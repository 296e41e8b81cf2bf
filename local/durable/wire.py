"""The SDK's protobuf, `durabletask/internal/orchestrator_service.proto`, as texts and bytes.

A history event is encoded once, when it happens, and kept as bytes: a request to the worker is spliced from those bytes
without being parsed or encoded again. `Message` stands for any protobuf message.
"""

import base64
import binascii
from collections.abc import Iterable
from typing import Any

import durabletask.internal.orchestrator_service_pb2 as pb
from google.protobuf import timestamp_pb2
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import DecodeError
from google.protobuf.wrappers_pb2 import StringValue

from local.durable.clock import to_datetime
from local.durable.errors import MalformedAnswerError
from local.durable.records import Failure, HistoryRecord, Status
from local.durable.worker import TraceContext

type Message = Any

MESSAGE_LIMIT = 8_000
STACK_LIMIT = 16_000
LENGTH_DELIMITED = 2
SPAN_DIGITS = 16
"""Hexadecimal digits of a W3C span id; an execution id has 32."""


def varint(number: int) -> bytes:
    """A base-128 varint, see https://protobuf.dev/programming-guides/encoding/#varints."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _tag(message: Message, field: str) -> bytes:
    return varint(message.DESCRIPTOR.fields_by_name[field].number << 3 | LENGTH_DELIMITED)


_PAST = _tag(pb.OrchestratorRequest, "pastEvents")
_NEW = _tag(pb.OrchestratorRequest, "newEvents")


def _frames(tag: bytes, events: Iterable[bytes]) -> bytes:
    return b"".join([tag + varint(len(event)) + event for event in events])


def past_frames(events: Iterable[bytes]) -> bytes:
    """Encoded events as the store keeps them: fields `pastEvents` of an `OrchestratorRequest`."""
    return _frames(_PAST, events)


def past_events(frames: bytes) -> list[Message]:
    """The events in what `past_frames` made."""
    request = pb.OrchestratorRequest()
    request.ParseFromString(frames)
    return list(request.pastEvents)


def orchestrator_request(
    instance_id: str, execution_id: str, past: bytes, new: Iterable[bytes], *, traced: bool = False
) -> str:
    """The request for one turn: the history as `past_frames`, and the encoded events that are new.

    With `traced` it names a span that is the same in all turns of a generation, as parent of what the turns start;
    without it the SDK would make up another in every turn.
    """
    head = pb.OrchestratorRequest(instanceId=instance_id, executionId=string(execution_id))
    if traced:
        head.orchestrationTraceContext.spanID.value = execution_id[:SPAN_DIGITS]
    return base64.b64encode(b"".join((head.SerializeToString(), past, _frames(_NEW, new)))).decode("ascii")


def orchestrator_response(text: str, name: str) -> Message:
    """The `OrchestratorResponse` that a worker answered for an orchestrator; MalformedAnswerError when it is none."""
    return _answer(pb.OrchestratorResponse(), text, f"Orchestrator '{name}'")


def failed_orchestration(details: Message) -> Message:
    """An `OrchestratorResponse` that fails the instance."""
    completion = pb.CompleteOrchestrationAction(orchestrationStatus=status_code(Status.FAILED), failureDetails=details)
    return pb.OrchestratorResponse(actions=[pb.OrchestratorAction(id=-1, completeOrchestration=completion)])


def entity_request(entity_id: str, state: str | None, operations: Iterable[Message]) -> str:
    """The `EntityBatchRequest` for operations that are `entityOperationSignaled` or `entityOperationCalled` bodies."""
    request = pb.EntityBatchRequest(instanceId=entity_id, entityState=string(state))
    for body in operations:
        request.operations.append(
            pb.OperationRequest(operation=body.operation, requestId=body.requestId, input=optional(body, "input"))
        )
    return base64.b64encode(request.SerializeToString()).decode()


def entity_result(text: str, name: str, operations: int) -> Message:
    """The `EntityBatchResult` that a worker answered for so many operations; MalformedAnswerError when it is none."""
    result = _answer(pb.EntityBatchResult(), text, f"Entity '{name}'")
    if len(result.results) != operations:
        raise MalformedAnswerError(f"Entity '{name}' gave {len(result.results)} results for {operations} operations.")
    return result


def _answer(message: Message, text: str, who: str) -> Message:
    try:
        # An empty text would parse, as a message without anything in it, and the instance would wait for ever.
        message.ParseFromString(base64.b64decode(text or "-", validate=True))
    except (binascii.Error, DecodeError, TypeError, ValueError) as error:
        raise MalformedAnswerError(
            f"{who} answered with what is no {message.DESCRIPTOR.name} in base64 ({error}). Check that the versions of "
            "azure-functions-durable and durabletask are those that requirements.txt pins."
        ) from error
    return message


def event(at: int, event_id: int = -1, **body: Message) -> Message:
    """A `HistoryEvent` at a moment in microseconds; -1 is the id of events that confirm no action."""
    return pb.HistoryEvent(eventId=event_id, timestamp=timestamp(at), **body)


def parse_event(encoded: bytes) -> Message:
    """A `HistoryEvent` from its bytes."""
    message = pb.HistoryEvent()
    message.ParseFromString(encoded)
    return message


def kind_of(history_event: Message) -> str:
    """Which body an event has, such as `taskCompleted`."""
    return str(history_event.WhichOneof("eventType"))


def timestamp(micros: int) -> Message:
    """A protobuf timestamp of a moment in microseconds."""
    stamp = timestamp_pb2.Timestamp()
    stamp.FromMicroseconds(micros)
    return stamp


def moment(message: Message, field: str) -> int:
    """A timestamp field in microseconds, 0 when absent; rounded up, so that nothing fires before its time."""
    return -(-getattr(message, field).ToNanoseconds() // 1000) if message.HasField(field) else 0


def string(value: str | None) -> Message:
    """A `StringValue`, or None for an absent one."""
    return None if value is None else StringValue(value=value)


def string_of(message: Message, field: str) -> str | None:
    """The text of a `StringValue` field, None when absent."""
    return str(getattr(message, field).value) if message.HasField(field) else None


def optional(message: Message, field: str) -> Message:
    """A sub-message for copying into another message: itself, or None when absent."""
    return getattr(message, field) if message.HasField(field) else None


def status_code(status: Status) -> Message:
    """A status as a protobuf enum field takes it."""
    return int(status)


def failure(error_type: str, message: str, stack: str = "", *, retriable: bool = True) -> Message:
    """A `TaskFailureDetails`.

    Texts are cut, because large ones hang clients. A message is never empty, because that can be read as success.
    """
    return pb.TaskFailureDetails(
        errorType=error_type,
        errorMessage=(message or error_type)[:MESSAGE_LIMIT],
        stackTrace=string(stack[:STACK_LIMIT]),
        isNonRetriable=not retriable,
    )


def failure_record(encoded: bytes | None) -> Failure | None:
    """The record of an encoded `TaskFailureDetails`."""
    if not encoded:
        return None
    details = pb.TaskFailureDetails()
    details.ParseFromString(encoded)
    return Failure(details.errorType, details.errorMessage, details.stackTrace.value, encoded)


def trace_of(trace: Message) -> TraceContext | None:
    """The W3C form of a protobuf `TraceContext`, None when it is empty."""
    return TraceContext(trace.traceParent, trace.traceState.value) if trace.traceParent else None


def history_record(history_event: Message) -> HistoryRecord:
    """The record of a `HistoryEvent`."""
    kind = kind_of(history_event)
    return HistoryRecord(
        kind=kind,
        at=to_datetime(moment(history_event, "timestamp")),
        event_id=history_event.eventId,
        attributes=MessageToDict(getattr(history_event, kind)),
    )
