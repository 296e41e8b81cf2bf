"""What an orchestrator asks for: each action is carried out, and confirmed by the history event that replay expects."""

from collections.abc import Callable

import durabletask.internal.orchestrator_service_pb2 as pb

from local.durable import instances
from local.durable.errors import InstanceExistsError, InvalidIdError, UnsupportedActionError
from local.durable.instance_ids import require_id
from local.durable.records import Instance, NewInstance, Parent, Status
from local.durable.transaction import Transaction
from local.durable.wire import Message, event, failure, moment, optional, string_of

type _Handler = Callable[[Transaction, Instance, int, Message], Message]


def carry_out(tx: Transaction, instance: Instance, action: Message) -> Message:
    """Carry out an `OrchestratorAction`, and give the event that confirms it: of the same id, so that replay finds it.

    Raises:
        UnsupportedActionError: an action that this engine does not know.
    """
    kind = action.WhichOneof("orchestratorActionType")
    handler = _HANDLERS.get(kind)
    if handler is None:
        raise UnsupportedActionError(
            f"The local durable engine does not support '{kind}', which orchestrator '{instance.name}' asked for."
        )
    return handler(tx, instance, action.id, getattr(action, kind))


def _schedule_task(tx: Transaction, instance: Instance, action_id: int, body: Message) -> Message:
    trace = body.parentTraceContext.SerializeToString() if body.HasField("parentTraceContext") else instance.trace
    tx.add_task(
        instance.id,
        execution=instance.execution_id,
        task_id=action_id,
        name=body.name,
        payload=string_of(body, "input"),
        trace=trace,
    )
    scheduled = pb.TaskScheduledEvent(
        name=body.name,
        version=optional(body, "version"),
        input=optional(body, "input"),
        parentTraceContext=optional(body, "parentTraceContext"),
        tags=dict(body.tags),
    )
    return event(tx.now, action_id, taskScheduled=scheduled)


def _create_timer(tx: Transaction, instance: Instance, action_id: int, body: Message) -> Message:
    due = moment(body, "fireAt")
    fired = event(due, timerFired=pb.TimerFiredEvent(fireAt=body.fireAt, timerId=action_id))
    tx.post(instance.id, fired, execution=instance.execution_id, at=due)
    return event(tx.now, action_id, timerCreated=pb.TimerCreatedEvent(fireAt=body.fireAt))


def _create_sub_orchestration(tx: Transaction, instance: Instance, action_id: int, body: Message) -> Message:
    child = NewInstance(
        id=body.instanceId or f"{instance.execution_id}:{action_id:04x}",
        name=body.name,
        input=string_of(body, "input"),
        version=string_of(body, "version"),
        tags=dict(body.tags),
        trace=body.parentTraceContext.SerializeToString() if body.HasField("parentTraceContext") else instance.trace,
        parent=Parent(instance.id, instance.execution_id, action_id, instance.name),
    )
    start_child(tx, child)
    created = pb.SubOrchestrationInstanceCreatedEvent(
        instanceId=child.id,
        name=body.name,
        version=optional(body, "version"),
        input=optional(body, "input"),
        parentTraceContext=optional(body, "parentTraceContext"),
        tags=dict(body.tags),
    )
    return event(tx.now, action_id, subOrchestrationInstanceCreated=created)


def start_child(tx: Transaction, child: NewInstance) -> None:
    """Start a sub-orchestration, or fail the call of its parent when its id is taken, or is no id."""
    assert child.parent is not None
    try:
        require_id(child.id)
        instances.create(tx, child)
    except InvalidIdError as error:
        details = failure("InvalidInstanceId", str(error), retriable=False)
    except InstanceExistsError as error:
        details = failure("OrchestrationAlreadyExists", str(error))
    else:
        return
    instances.tell_parent(tx, child.parent, Status.FAILED, None, details)


def _send_event(tx: Transaction, _instance: Instance, action_id: int, body: Message) -> Message:
    # To a missing or finished instance it is dropped, as Durable Functions does.
    target, data = body.instance.instanceId, optional(body, "data")
    tx.post(target, event(tx.now, eventRaised=pb.EventRaisedEvent(name=body.name, input=data)))
    return event(tx.now, action_id, eventSent=pb.EventSentEvent(instanceId=target, name=body.name, input=data))


def _send_entity_message(tx: Transaction, instance: Instance, action_id: int, body: Message) -> Message:
    kind = body.WhichOneof("EntityMessageType")
    message = getattr(body, kind)
    target = message.lockSet[0] if kind == "entityLockRequested" else message.targetInstanceId.value
    at = moment(message, "scheduledTime") if kind == "entityOperationSignaled" else 0
    sent = event(tx.now, action_id, **{kind: message})
    if kind == "entityOperationCalled":  # the SDK leaves it empty, and the answer needs it
        sent.entityOperationCalled.parentExecutionId.value = instance.execution_id
    tx.post_entity(target, sent, sender_execution=instance.execution_id, at=at)
    return sent


_HANDLERS: dict[str | None, _Handler] = {
    "scheduleTask": _schedule_task,
    "createTimer": _create_timer,
    "createSubOrchestration": _create_sub_orchestration,
    "sendEvent": _send_event,
    "sendEntityMessage": _send_entity_message,
}
