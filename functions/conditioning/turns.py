"""How many files or ranges are conditioned at the same time: each needs memory, and there is little of it.

A few ranges more are under way: they are read, or what they gave is written, while others use the processors.
"""

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
#: Ranges that are read or written meanwhile.
_ASIDE: Final = 2
type _Places = WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore]
_turns: _Places = WeakKeyDictionary()
_under_way: _Places = WeakKeyDictionary()


def under_way() -> asyncio.Semaphore:
    """Held by what is read aside, conditioned in turn, and written aside."""
    return _places(_under_way, settings().conditioning_at_once + _ASIDE)


async def in_turn[T](function: Callable[..., T], *args: Any) -> T:
    """Call a function that conditions, when it is its turn."""
    at_once = settings().conditioning_at_once
    async with _places(_turns, at_once):
        return await run_blocking(function, *args, timeout=TIMEOUT, pool=_threads("conditioning", at_once))


async def aside[T](function: Callable[..., T], *args: Any) -> T:
    """Call a function that only reads or writes."""
    pool = _threads("conditioning-io", settings().conditioning_at_once + _ASIDE)
    return await run_blocking(function, *args, timeout=TIMEOUT, pool=pool)


def _places(held: _Places, count: int) -> asyncio.Semaphore:
    return held.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(count))


@cache
def _threads(name: str, count: int) -> ThreadPoolExecutor:
    """Always the same few threads: unless it is told otherwise, the C library keeps what each of them has freed."""
    return ThreadPoolExecutor(count, thread_name_prefix=f"signalbox-{name}")
