"""Work that several ask for at the same time, done once.

A source delivers its files in one go, and each file asks for a version of the same cell: without this, fifty arrivals
read and condition the same fifty files fifty times.
"""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any


class Coalescing[R]:
    """Work under way in this process, by what it is.

    Nothing is remembered once it has ended, so this is no cache: who asks later has the work done anew. Whoever gives
    up waiting leaves the others undisturbed.
    """

    def __init__(self) -> None:
        self._under_way: dict[Hashable, asyncio.Task[R]] = {}

    async def do(self, what: Hashable, work: Callable[[], Coroutine[Any, Any, R]]) -> R:
        """Do the work, or wait for the one under way.

        Args:
            what: All that the result depends on.
            work: How to do it; not called where it is under way.

        Returns:
            The result, the same object for all who waited; its exception reaches them all, too.
        """
        key = (asyncio.get_running_loop(), what)
        task = self._under_way.get(key)
        if task is None:
            task = self._under_way[key] = asyncio.create_task(work())
            task.add_done_callback(lambda _: self._under_way.pop(key))
        return await asyncio.shield(task)
