"""Reads a storage queue as the Functions host does: in batches, with leases, retries and a poison queue.

The rules are those of QueueListener and QueueProcessor (azure-sdk-for-net, WebJobs.Extensions.Storage.Queues): a
message is hidden for ten minutes and its lease renewed while it runs; a failure makes it visible again after
``visibilityTimeout``; after ``maxDequeueCount`` tries it goes to the poison queue; an empty queue is polled ever less
often, up to ``maxPollingInterval``.
"""

import asyncio
import contextlib
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from local.host.host_json import QueueSettings
from local.host.queue_messages import decode, send

if TYPE_CHECKING:
    from azure.storage.queue import QueueMessage
    from azure.storage.queue.aio import QueueClient

LEASE_SECONDS = 600
_RENEW_SECONDS = LEASE_SECONDS / 2
_SHORTEST_PAUSE = 0.1  # seconds between polls of an empty queue, at first
_LONGEST_TROUBLE_PAUSE = 10.0  # seconds between polls of a queue that cannot be reached

log = logging.getLogger("local.host.queues")


@dataclass(frozen=True)
class Delivery:
    """One try of one message: its decoded ``body``, and the message as it came."""

    body: bytes
    message: "QueueMessage"


type Handle = Callable[[Delivery], Awaitable[bool]]
"""Runs what a message is for; tells whether that succeeded."""


class QueueWakes:
    """Tells listeners of messages that this host itself wrote."""

    def __init__(self) -> None:
        self._events: dict[tuple[str, str], list[asyncio.Event]] = defaultdict(list)

    def register(self, connection: str, queue: str) -> asyncio.Event:
        """An event of a new listener of a queue."""
        event = asyncio.Event()
        self._events[connection, queue].append(event)
        return event

    def wake(self, connection: str, queue: str) -> None:
        """Have every listener of a queue look now."""
        for event in self._events.get((connection, queue), ()):
            event.set()


@dataclass
class QueueListener:
    """Hands the messages of a queue to ``handle`` until it is stopped.

    Attributes:
        queue: what is read.
        poison: where messages go that failed too often.
        handle: runs a message.
        settings: the rules.
        owner: who reads, for messages to people.
        wake: set when there is something new.
    """

    queue: "QueueClient"
    poison: "QueueClient"
    handle: Handle
    settings: QueueSettings
    owner: str
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    _running: set[asyncio.Task[None]] = field(default_factory=set)
    _loop: asyncio.Task[None] | None = None
    _in_trouble: bool = False

    def start(self) -> None:
        """Begin to poll."""
        self._loop = asyncio.create_task(self._poll())
        self._loop.add_done_callback(lambda loop: tell_end(loop, self.owner))

    async def stop(self, patience: float) -> None:
        """Take no more messages, wait at most ``patience`` seconds for those that run, then give the rest back."""
        if self._loop is not None:
            self._loop.cancel()
            await asyncio.wait({self._loop})
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=patience)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=5)

    async def _poll(self) -> None:
        pause = _SHORTEST_PAUSE
        longest = max(_SHORTEST_PAUSE, self.settings.max_polling_interval.total_seconds())
        while True:
            if len(self._running) > self.settings.new_batch_threshold:
                await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
                continue
            self.wake.clear()
            messages = await self._receive()
            for message in messages:
                self._begin(message)
            if messages:
                pause = _SHORTEST_PAUSE
                continue
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.wake.wait(), pause)
            pause = min(pause * 2, _LONGEST_TROUBLE_PAUSE if self._in_trouble else longest)

    async def _receive(self) -> list["QueueMessage"]:
        from azure.core.exceptions import AzureError, ResourceNotFoundError  # noqa: PLC0415 - loaded with the client

        size = self.settings.batch_size
        try:
            pages = self.queue.receive_messages(messages_per_page=size, visibility_timeout=LEASE_SECONDS).by_page()
            async for page in pages:
                found = [message async for message in page]
                break
            else:
                found = []
        except ResourceNotFoundError:
            found = []  # it may be made later
        except AzureError as error:
            self._tell_trouble(error)
            return []
        if self._in_trouble:
            log.info("%s: the queue %s can be read again", self.owner, self.queue.queue_name)
        self._in_trouble = False
        return found

    def _tell_trouble(self, error: Exception) -> None:
        if not self._in_trouble:
            name, url = self.queue.queue_name, self.queue.primary_hostname
            first_line = str(error).splitlines()[0]
            log.error(
                "%s: the queue %s at %s cannot be read: %s. Is the storage (Azurite) running? It is read again.",
                self.owner, name, url, first_line,
            )  # fmt: skip
        self._in_trouble = True

    def _begin(self, message: "QueueMessage") -> None:
        task = asyncio.create_task(self._process(message))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _process(self, message: "QueueMessage") -> None:
        from azure.core.exceptions import AzureError, ResourceNotFoundError  # noqa: PLC0415 - loaded with the client

        try:
            await self._try_once(message)
        except ResourceNotFoundError:
            log.debug("%s: message %s was already gone", self.owner, message.id)
        except AzureError as error:
            log.warning("%s: message %s comes again, its end cannot be told: %s", self.owner, message.id, error)

    async def _try_once(self, message: "QueueMessage") -> None:
        body = decode(str(message.content), self.settings.encoding)
        if body is None:
            log.warning("%s: message %s is not %s", self.owner, message.id, self.settings.encoding)
            return await self._bury(message)
        tries = int(message.dequeue_count or 1)
        if tries > self.settings.max_dequeue_count:
            return await self._bury(message)
        try:
            succeeded = await self._handle_renewed(Delivery(body, message))
        except asyncio.CancelledError:
            await asyncio.shield(self._release(message, 0))
            raise
        if succeeded:
            await self.queue.delete_message(message)
        elif tries >= self.settings.max_dequeue_count:
            await self._bury(message)
        else:
            await self._release(message, round(self.settings.visibility_timeout.total_seconds()))
            self.wake.set()
        return None

    async def _handle_renewed(self, delivery: Delivery) -> bool:
        """Run a message while its lease is renewed; whatever is raised counts as a failed try."""
        renewal = asyncio.create_task(self._renew(delivery.message))
        try:
            return await self.handle(delivery)
        except Exception:
            log.exception("%s: message %s failed in the host itself", self.owner, delivery.message.id)
            return False
        finally:
            # Were it left running, the message would stay invisible for ever.
            renewal.cancel()
            await asyncio.wait({renewal})

    async def _renew(self, message: "QueueMessage") -> None:
        from azure.core.exceptions import AzureError  # noqa: PLC0415 - loaded with the client

        while True:
            await asyncio.sleep(_RENEW_SECONDS)
            try:
                await self._release(message, LEASE_SECONDS)
            except AzureError as error:
                log.warning("%s: the lease of message %s is not renewed: %s", self.owner, message.id, error)

    async def _release(self, message: "QueueMessage", seconds: int) -> None:
        updated = await self.queue.update_message(message, visibility_timeout=seconds)
        message.pop_receipt = updated.pop_receipt

    async def _bury(self, message: "QueueMessage") -> None:
        log.error(
            "%s: message %s has reached the limit of %d tries. Moving it to the queue %s.",
            self.owner, message.id, self.settings.max_dequeue_count, self.poison.queue_name,
        )  # fmt: skip
        await send(self.poison, str(message.content))
        await self.queue.delete_message(message)


def tell_end(loop: asyncio.Task[None], owner: str) -> None:
    """Say so when a loop that should go on for ever has ended by an error: nothing else would."""
    if not loop.cancelled() and (error := loop.exception()) is not None:
        log.error("%s does not listen any more, restart the host: %r", owner, error, exc_info=error)
