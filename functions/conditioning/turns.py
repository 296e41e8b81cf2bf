"""How many files or ranges are conditioned at the same time: each needs memory, and there is little of it."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, Final
from weakref import WeakKeyDictionary

from shared.blocking import run_blocking
from shared.settings import settings

#: Seconds for one piece of work; a packed file of 2 GiB takes two minutes on a laptop.
TIMEOUT: Final = 1500.0
_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


async def in_turn[T](function: Callable[..., T], *args: Any) -> T:
    """Call a function that conditions, when it is its turn."""
    at_once = settings().conditioning_at_once
    turn = _turns.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(at_once))
    async with turn:
        return await run_blocking(function, *args, timeout=TIMEOUT, pool=_threads(at_once))


@cache
def _threads(count: int) -> ThreadPoolExecutor:
    """Always the same few threads: the C library keeps freed memory by thread, so that many would hold much of it."""
    return ThreadPoolExecutor(count, thread_name_prefix="signalbox-conditioning")
