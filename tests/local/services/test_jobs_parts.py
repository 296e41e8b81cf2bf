"""Smaller parts of the job service: slots, the event sender, warm processes, the end of a log."""

import asyncio
import signal
import threading
from pathlib import Path

import pytest

from local.services.jobs.definitions import Job, JobError, Plan, Status
from local.services.jobs.events import EventSender, events_of
from local.services.jobs.log_tail import tail
from local.services.jobs.slots import Slots
from local.services.jobs.store import JobStore
from local.services.warm import WarmPool
from tests.local.services.polling import eventually
from tests.local.services.receiver import Receiver, receiving

PLAN = Plan.model_validate(
    {
        "display_name": "d",
        "experiment_name": "e",
        "tags": {"k": "v"},
        "inputs": {},
        "outputs": {},
        "steps": [],
        "continue_on_step_failure": True,
    }
)


async def test_slots_prefer_the_oldest_job() -> None:
    """Whoever waits gets the slot in the order of rank, not of arrival."""
    slots, order = Slots(1), []

    async def use(rank: int) -> None:
        async with slots.take(rank):
            order.append(rank)

    async with slots.take(0):
        waiting = [asyncio.create_task(use(rank)) for rank in (3, 1, 2)]
        await asyncio.sleep(0)
    await asyncio.gather(*waiting)
    assert order == [1, 2, 3]


async def test_canceled_waiter_loses_no_slot() -> None:
    """A slot goes on to the next one when its receiver was cancelled, before or just as it got it."""
    slots = Slots(1)

    async def hold() -> None:
        async with slots.take(1):
            await asyncio.sleep(0)

    async with slots.take(0):
        early, late, last = (asyncio.create_task(hold()) for _ in range(3))
        await asyncio.sleep(0)
        early.cancel()
    late.cancel()  # its turn has been handed out and it has not run since
    await asyncio.wait_for(last, 5)
    async with asyncio.timeout(5), slots.take(0):
        pass


def _moved(store: JobStore, *statuses: Status) -> Job:
    job = store.create("j", "f", PLAN)
    for status in statuses:
        job = store.move("j", status)
    return job


def test_ended_job_stays_as_it_is(tmp_path: Path) -> None:
    """No later change of status overwrites a final one, and none raises events."""
    store = JobStore(tmp_path / "jobs.sqlite", events_of)
    _moved(store, Status.RUNNING)
    failed = store.move("j", Status.FAILED, JobError("StepFailed", "why"))
    waiting = store.undelivered()
    assert store.move("j", Status.CANCELED) == failed
    assert failed.error == {"code": "StepFailed", "message": "why"}
    assert store.undelivered() == waiting == 3
    store.close()


async def _sent(store: JobStore, receiver: Receiver) -> None:
    """Run the sender until nothing waits."""
    sender = EventSender(store, receiver.url)
    task = asyncio.create_task(sender.run())
    try:
        async with asyncio.timeout(20):
            while store.undelivered():  # noqa: ASYNC110 - the store has no event for this, and needs none
                await asyncio.sleep(0.01)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_event_is_repeated_until_it_is_taken(tmp_path: Path) -> None:
    """After 500 and 404 the same event comes again, with the same id; after 400 it does not."""
    store = JobStore(tmp_path / "jobs.sqlite", events_of)
    _moved(store, Status.QUEUED)
    with receiving() as receiver:
        receiver.statuses = [500, 404]
        await _sent(store, receiver)
        assert len(receiver.events) == 3
        assert len({event["id"] for event in receiver.events}) == 1
        store.move("j", Status.RUNNING)
        receiver.statuses = [400]
        await _sent(store, receiver)
        assert len(receiver.events) == 4
    store.close()


async def test_pool_reports_how_a_process_ended(tmp_path: Path) -> None:
    """0, an exit code, 1 after an exception, and what stop does to one that ignores SIGTERM."""
    pool, log = WarmPool(["json"]), tmp_path / "log"
    assert await (await pool.start(_end_with, 0, log=log)).wait() == 0
    assert await (await pool.start(_end_with, 7, log=log)).wait() == 7
    assert await (await pool.start(_end_with, None, log=log)).wait() == 1
    assert "RuntimeError: no code" in log.read_text()
    stubborn = await pool.start(_ignore_terminate, tmp_path / "ready", log=log)
    assert await asyncio.to_thread(eventually, (tmp_path / "ready").exists)
    assert await stubborn.stop(grace=0.1) == -signal.SIGKILL
    pool.close()


def _end_with(code: int | None) -> None:
    if code is None:
        raise RuntimeError("no code")
    raise SystemExit(code)


def _ignore_terminate(ready: Path) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    ready.touch()
    threading.Event().wait()


@pytest.mark.parametrize(
    ("content", "expected"), [(b"", ""), (b"a\nb\n", "a\nb"), (b"\xff\n" + b"x" * 9000, "x" * 3500)]
)
def test_tail_is_short_and_text(tmp_path: Path, content: bytes, expected: str) -> None:
    """Whatever a step writes, the end of its log is text and fits into a message."""
    (tmp_path / "log").write_bytes(content)
    assert tail(tmp_path / "log") == expected
    assert tail(tmp_path / "absent") == ""
