"""Callers that wait for an instance to reach some status."""

import asyncio
from collections.abc import Callable, Iterable

from local.durable.errors import EngineStoppedError


class Watchers:
    """Waits that are woken by commits. `begun` is called when a wait begins."""

    def __init__(self, begun: Callable[[], None]) -> None:
        self._begun = begun
        self._waits: dict[str, set[asyncio.Future[None]]] = {}

    def __bool__(self) -> bool:
        """Whether anybody waits."""
        return bool(self._waits)

    async def until(self, instance_id: str, reached: Callable[[], bool]) -> None:
        """Wait until `reached`, looked at now and whenever the status of the instance changes.

        Raises:
            EngineStoppedError: the engine stopped first.
        """
        while not reached():
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            waits = self._waits.setdefault(instance_id, set())
            waits.add(future)
            self._begun()
            try:
                await future
            finally:
                waits.discard(future)
                if not waits and self._waits.get(instance_id) is waits:
                    del self._waits[instance_id]

    def wake(self, instance_ids: Iterable[str]) -> None:
        """Have the waits for some instances look again."""
        for instance_id in instance_ids:
            for future in self._waits.get(instance_id, ()):
                if not future.done():
                    future.set_result(None)

    def abandon(self) -> None:
        """End all waits with an error."""
        error = EngineStoppedError("The durable engine stopped. Start the local host again, and ask again.")
        for waits in self._waits.values():
            for future in waits:
                if not future.done():
                    future.set_exception(error)
