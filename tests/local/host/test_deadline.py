"""Work for a limited time."""

import asyncio
from datetime import timedelta

import pytest

from local.host import deadline
from local.host.deadline import OutOfTime, within

SHORT = timedelta(milliseconds=20)


async def test_what_ends_in_time_gives_its_result_or_its_error() -> None:
    """Without a limit as with one; a TimeoutError of the work's own is not taken for ours."""

    async def value() -> int:
        return 7

    async def late() -> int:
        raise TimeoutError("mine")

    assert [await within(None, value()), await within(timedelta(seconds=10), value())] == [7, 7]
    with pytest.raises(TimeoutError, match="mine"):
        await within(timedelta(seconds=10), late())


async def test_what_takes_too_long_is_cancelled_and_may_clean_up() -> None:
    """Its ``finally`` has run when the caller goes on."""
    cleaned = False

    async def slow() -> None:
        nonlocal cleaned
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0)
            cleaned = True

    with pytest.raises(OutOfTime):
        await within(SHORT, slow())
    assert cleaned


async def test_what_will_not_end_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller goes on although the work swallows its cancellation."""
    monkeypatch.setattr(deadline, "_CLEAN_UP_SECONDS", 0.02)
    let_go = asyncio.Event()

    async def stubborn() -> None:
        while not let_go.is_set():
            try:
                await let_go.wait()
            except asyncio.CancelledError:
                continue

    with pytest.raises(OutOfTime):
        await within(SHORT, stubborn())
    let_go.set()


async def test_a_cancelled_caller_cancels_the_work() -> None:
    """And is itself cancelled."""
    begun, ended = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        begun.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    caller = asyncio.create_task(within(None, slow()))
    await begun.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert ended.is_set()
