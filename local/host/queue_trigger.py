"""Queue triggers: from a message to an invocation, with the metadata that ``azure.functions.QueueMessage`` shows."""

import json
from collections.abc import Mapping
from typing import Any

from local.durable.worker import FunctionFailed
from local.host.calls import Call
from local.host.functions import Function
from local.host.host_json import QueueSettings
from local.host.queue_listener import Delivery, QueueListener, QueueWakes
from local.host.storage import StorageAccounts, connection_of
from local.host.wire import TypedData
from local.host.worker import FunctionsWorker

POISON_SUFFIX = "-poison"


def queue_listener(
    worker: FunctionsWorker, function: Function, accounts: StorageAccounts, settings: QueueSettings, wakes: QueueWakes
) -> QueueListener:
    """The listener of a function with a queue trigger; it runs once started.

    Raises:
        HostError: the connection cannot be used.
    """
    name, connection = str(function.trigger["queueName"]).lower(), connection_of(function.trigger)
    accounts.check(connection, f"function {function.name}")

    async def handle(delivery: Delivery) -> bool:
        try:
            await worker.invoke(function, _call(name, delivery))
        except FunctionFailed:
            return False  # the worker told why
        return True

    return QueueListener(
        queue=accounts.queue(connection, name),
        poison=accounts.queue(connection, name + POISON_SUFFIX),
        handle=handle,
        settings=settings,
        owner=f"function {function.name}",
        wake=wakes.register(connection, name),
    )


def _call(queue: str, delivery: Delivery) -> Call:
    message = delivery.message
    times = {
        "InsertionTime": message.inserted_on,
        "ExpirationTime": message.expires_on,
        "NextVisibleTime": message.next_visible_on,
    }
    facts: dict[str, Any] = {
        "Id": message.id,
        "DequeueCount": int(message.dequeue_count or 1),
        "PopReceipt": message.pop_receipt,
        **{name: time.strftime("%Y-%m-%dT%H:%M:%S+00:00") for name, time in times.items() if time is not None},
    }
    text = _text(delivery.body)
    data = TypedData(bytes=delivery.body) if text is None else TypedData(string=text)
    return Call(
        data=data,
        reason=f"New queue message detected on '{queue}'.",
        metadata={
            "QueueTrigger": data,
            **{
                n: TypedData(json=json.dumps(v)) if isinstance(v, int) else TypedData(string=v)
                for n, v in facts.items()
            },
        },
        values={"queueTrigger": text or "", **facts, **_properties(text)},
    )


def _text(body: bytes) -> str | None:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


def _properties(text: str | None) -> Mapping[str, Any]:
    """The fields of a message that is a JSON object: binding expressions may name them."""
    try:
        document = json.loads(text or "null")
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
