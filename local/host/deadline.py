"""Runs something for a limited time, and gives it a moment to clean up when the time is over."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

_CLEAN_UP_SECONDS = 1.0  # that a cancelled coroutine has for its own ``finally``


class OutOfTime(Exception):  # noqa: N818 - an outcome; TimeoutError could be the work's own
    """The limit passed before the end."""


async def within[T](limit: timedelta | None, work: Coroutine[Any, Any, T]) -> T:
    """The result of ``work``, which runs in a task of its own.

    When the limit passes, or the caller is cancelled, the task is cancelled too; one that does not end even so is left
    behind, unlike with ``asyncio.timeout``, which would wait for it without end.

    Raises:
        OutOfTime: the limit passed.
    """
    task = asyncio.create_task(work)
    try:
        done, _ = await asyncio.wait({task}, timeout=limit.total_seconds() if limit else None)
    except asyncio.CancelledError:
        await _cancel(task)
        raise
    if done:
        return task.result()
    await _cancel(task)
    raise OutOfTime


async def _cancel(task: asyncio.Task[Any]) -> None:
    task.cancel()
    task.add_done_callback(_take_note)
    await asyncio.wait({task}, timeout=_CLEAN_UP_SECONDS)


def _take_note(task: asyncio.Task[Any]) -> None:
    """Take note of how an abandoned task ended, so that asyncio does not complain that nobody did."""
    if not task.cancelled():
        task.exception()
