"""How async code calls what blocks."""

import asyncio
import contextvars
import threading
from functools import partial

import pytest

from shared.blocking import THREADS, run_blocking
from shared.errors import TransientError

_REQUEST: contextvars.ContextVar[str] = contextvars.ContextVar("request", default="none")


def _read_context() -> tuple[str, str]:
    return _REQUEST.get(), threading.current_thread().name


async def test_the_function_sees_the_callers_context_in_a_thread_of_the_own_pool() -> None:
    """Context variables (the current span among them) are copied into the thread."""
    token = _REQUEST.set("r-1")
    try:
        value, thread = await run_blocking(_read_context)
    finally:
        _REQUEST.reset(token)
    assert value == "r-1"
    assert thread.startswith("signalbox-blocking")


async def test_a_change_of_context_in_the_thread_stays_there() -> None:
    """A copy is given to the thread, so its changes do not reach the caller."""
    await run_blocking(_REQUEST.set, "inside")
    assert _REQUEST.get() == "none"


async def test_arguments_and_errors_pass_through() -> None:
    """The function gets its arguments, and its own exception reaches the caller unchanged."""
    assert await run_blocking(int, "ff", base=16) == 255
    with pytest.raises(ValueError, match="invalid literal"):
        await run_blocking(int, "no number")


async def test_a_timeout_error_of_the_function_is_not_taken_for_the_deadline() -> None:
    """Only our own deadline becomes a TransientError."""

    def fail() -> None:
        raise TimeoutError("socket")

    with pytest.raises(TimeoutError, match="socket"):
        await run_blocking(fail)


async def test_the_deadline_names_the_function() -> None:
    """A call that does not answer in time is transient, and the message says which one it was."""
    release = threading.Event()

    def wait_for_release() -> None:
        release.wait(30)

    try:
        with pytest.raises(TransientError, match=r"test_blocking\..*wait_for_release did not answer within 0\.05 s"):
            await run_blocking(partial(wait_for_release), timeout=0.05)
    finally:
        release.set()


async def test_the_loop_goes_on_and_the_pool_is_bounded() -> None:
    """No more than the pool's threads run at once, all calls are answered, and the event loop is not blocked."""
    gate, lock = threading.Event(), threading.Lock()
    running, most = 0, 0

    def work() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        gate.wait(30)
        with lock:
            running -= 1

    calls = [asyncio.create_task(run_blocking(work)) for _ in range(THREADS * 2)]
    while running < THREADS:  # noqa: ASYNC110 - the threads have no event of the loop to wait for
        await asyncio.sleep(0.01)
    gate.set()
    await asyncio.gather(*calls)
    assert most == THREADS


async def test_a_call_that_still_waits_for_a_thread_is_dropped_at_its_deadline() -> None:
    """What was never begun when its caller was told so does not run later."""
    gate = threading.Event()
    ran: list[str] = []
    blockers = [asyncio.create_task(run_blocking(gate.wait, 30)) for _ in range(THREADS)]
    await asyncio.sleep(0)
    try:
        with pytest.raises(TransientError):
            await run_blocking(ran.append, "late", timeout=0.05)
    finally:
        gate.set()
    await asyncio.gather(*blockers)
    await asyncio.gather(*(run_blocking(int) for _ in range(THREADS)))
    assert ran == []
