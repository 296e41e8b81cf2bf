"""The queue listener's rules, on a queue in memory."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from azure.core.exceptions import AzureError

from local.host import queue_listener
from local.host.host_json import QueueSettings
from local.host.queue_listener import Delivery, QueueListener


@dataclass
class FakeQueue:
    """As much of the SDK's asynchronous QueueClient as the listener uses."""

    queue_name: str
    waiting: list[Any] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    updates: list[tuple[str, int]] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    primary_hostname: str = "nowhere"

    def put(self, *texts: str) -> None:
        """Add messages."""
        for text in texts:
            number = len(self.waiting) + len(self.deleted)
            message = SimpleNamespace(id=f"{text}-{number}", content=text, dequeue_count=0, pop_receipt="0")
            self.waiting.append(message)

    def receive_messages(self, *, messages_per_page: int, visibility_timeout: int) -> Any:
        """Hand out a page."""
        assert visibility_timeout == queue_listener.LEASE_SECONDS
        page, self.waiting = self.waiting[:messages_per_page], self.waiting[messages_per_page:]
        for message in page:
            message.dequeue_count += 1
        return SimpleNamespace(by_page=lambda: _pages(page))

    async def delete_message(self, message: Any) -> None:
        """Delete one."""
        self.deleted.append(message.content)

    async def update_message(self, message: Any, *, visibility_timeout: int) -> Any:
        """Change a lease; one of no time gives the message back."""
        self.updates.append((message.content, visibility_timeout))
        if visibility_timeout < queue_listener.LEASE_SECONDS:
            self.waiting.append(message)
        return SimpleNamespace(pop_receipt=str(int(message.pop_receipt) + 1))

    async def send_message(self, text: str) -> None:
        """Send one."""
        self.sent.append(text)


async def _pages(page: list[Any]) -> AsyncIterator[AsyncIterator[Any]]:
    async def items() -> AsyncIterator[Any]:
        for message in page:
            yield message

    yield items()


async def until(probe: Callable[[], object]) -> None:
    """Let the loop run until something holds."""
    async with asyncio.timeout(10):
        while not probe():  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.005)


def a_listener(queue: FakeQueue, handle: Any, **settings: Any) -> tuple[QueueListener, FakeQueue]:
    """A listener, and its poison queue."""
    poison = FakeQueue("poison")
    given = QueueSettings(**{"encoding": "none", **settings})
    return QueueListener(queue=queue, poison=poison, handle=handle, settings=given, owner="f"), poison  # type: ignore[arg-type]  # a fake


async def test_no_more_run_than_batch_and_threshold_allow() -> None:
    """``batchSize`` 4 and ``newBatchThreshold`` 2: at most six at once, and the next batch comes at two."""
    queue, running, most, gate = FakeQueue("q"), 0, 0, asyncio.Event()
    queue.put(*"abcdefghijklmnop")

    async def handle(_: Delivery) -> bool:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await gate.wait()
        running -= 1
        return True

    listener, _ = a_listener(queue, handle, batch_size=4, new_batch_threshold=2)
    listener.start()
    await until(lambda: running == 4)
    assert len(queue.waiting) == 12  # four run, which is over the threshold
    gate.set()
    await until(lambda: len(queue.deleted) == 16)
    assert most <= 6
    await listener.stop(1)


async def test_the_lease_is_renewed_while_a_message_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise it would run twice; the newest receipt deletes it."""
    monkeypatch.setattr(queue_listener, "_RENEW_SECONDS", 0.01)
    queue, gate = FakeQueue("q"), asyncio.Event()
    queue.put("long")

    async def handle(_: Delivery) -> bool:
        await gate.wait()
        return True

    listener, _ = a_listener(queue, handle)
    listener.start()
    await until(lambda: len(queue.updates) >= 3)
    gate.set()
    await until(lambda: queue.deleted)
    assert set(queue.updates) == {("long", queue_listener.LEASE_SECONDS)}
    await listener.stop(1)


async def test_a_stop_waits_for_what_runs_and_then_gives_it_back() -> None:
    """What does not end in time is visible again at once; nothing new is taken."""
    queue, quick, never = FakeQueue("q"), asyncio.Event(), asyncio.Event()
    queue.put("quick", "stuck")

    async def handle(delivery: Delivery) -> bool:
        await (quick if delivery.body == b"quick" else never).wait()
        return True

    listener, _ = a_listener(queue, handle)
    listener.start()
    await until(lambda: not queue.waiting)
    stopping = asyncio.create_task(listener.stop(0.2))
    await asyncio.sleep(0)
    queue.put("late")
    quick.set()
    await stopping
    assert queue.deleted == ["quick"]
    assert queue.updates == [("stuck", 0)]
    assert [message.content for message in queue.waiting] == ["late", "stuck"]


async def test_a_message_that_was_tried_too_often_before_is_not_run() -> None:
    """Such as one that always killed the process: it goes to the poison queue at once."""
    queue, ran = FakeQueue("q"), list[bytes]()
    queue.put("deadly")
    queue.waiting[0].dequeue_count = 5

    async def handle(delivery: Delivery) -> bool:
        ran.append(delivery.body)
        return True

    listener, poison = a_listener(queue, handle, max_dequeue_count=5)
    listener.start()
    await until(lambda: queue.deleted)
    await listener.stop(1)
    assert (poison.sent, ran) == (["deadly"], [])


async def test_any_error_is_a_failed_try_and_ends_the_renewal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message is not lost by an error of the host: it comes again, is poison in the end, and no lease is kept."""
    monkeypatch.setattr(queue_listener, "_RENEW_SECONDS", 0.01)
    queue, tries = FakeQueue("q"), 0
    queue.put("bad")

    async def handle(_: Delivery) -> bool:
        nonlocal tries
        tries += 1
        raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")

    listener, poison = a_listener(queue, handle, max_dequeue_count=2)
    listener.start()
    await until(lambda: queue.deleted)
    assert (tries, poison.sent, queue.deleted) == (2, ["bad"], ["bad"])
    names = {getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks()}
    assert "QueueListener._renew" not in names
    await listener.stop(1)


async def test_a_renewal_that_fails_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """One network error must not let a message that still runs come a second time."""
    monkeypatch.setattr(queue_listener, "_RENEW_SECONDS", 0.01)
    queue, gate, failed = FakeQueue("q"), asyncio.Event(), False
    queue.put("long")
    update = queue.update_message

    async def once_unreachable(message: Any, *, visibility_timeout: int) -> Any:
        nonlocal failed
        if not failed:
            failed = True
            raise AzureError("unreachable")
        return await update(message, visibility_timeout=visibility_timeout)

    monkeypatch.setattr(queue, "update_message", once_unreachable)

    async def handle(_: Delivery) -> bool:
        await gate.wait()
        return True

    listener, _ = a_listener(queue, handle)
    listener.start()
    await until(lambda: queue.updates)
    gate.set()
    await until(lambda: queue.deleted)
    await listener.stop(1)
