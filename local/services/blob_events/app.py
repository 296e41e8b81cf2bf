"""The running service: a poller and a deliverer, and an HTTP port to ask and to disturb them.

``GET /health``
    ``{"status", "paused", "dropping", "pending", "delivered", "dead", "lost"}``; status 503 while storage is away.
``GET /dead-letters``
    Events given up, in the form of Event Grid's dead letters.
``POST /pause``
    Delay: arrivals are recorded and not delivered. With ``?drop=true`` they are lost, as a lossy Event Grid loses them.
``POST /resume``
    Deliver again.

Both commands first look for arrivals under the mode that ends with them, so that a blob stored before the command
belongs to the earlier mode. A restarted process is not paused.
"""

import asyncio
import contextlib
import logging
import signal
import time
from collections.abc import AsyncIterator

from azure.core.exceptions import AzureError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from local.services.blob_events.arrivals import Source
from local.services.blob_events.delivery import Delivery
from local.services.blob_events.outbox import Outbox

LARGEST_SHARE_OF_A_CORE = 0.2

logger = logging.getLogger(__name__)


class BlobEvents:
    """One subscription: arrivals of a source, recorded in an outbox, delivered to a target."""

    def __init__(self, source: Source, outbox: Outbox, delivery: Delivery, *, poll_seconds: float = 0.25) -> None:
        self._source = source
        self._outbox = outbox
        self._delivery = delivery
        self._poll_seconds = poll_seconds
        self._seen = outbox.seen()
        self._polling = asyncio.Lock()
        self._dropping = False
        self._storage_error: str | None = None

    async def poll(self) -> None:
        """Look for arrivals once and record them; a storage that does not answer is noted, and asked again."""
        async with self._polling:
            try:
                arrivals = await asyncio.to_thread(self._source.arrivals, self._seen)
            except AzureError as error:
                self._note_storage(str(error).splitlines()[0])
                return
            self._note_storage(None)
            if arrivals:
                self._outbox.record(arrivals, "lost" if self._dropping else "pending")
                self._seen = self._outbox.seen()

    async def run(self) -> None:
        """Poll and deliver until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._delivery.run())
            while True:
                started = time.monotonic()
                await self.poll()
                took = time.monotonic() - started
                await asyncio.sleep(max(self._poll_seconds, took / LARGEST_SHARE_OF_A_CORE))

    async def pause(self, *, drop: bool) -> None:
        """Stop delivering; with ``drop``, lose what arrives from now on."""
        await self.poll()
        self._delivery.paused, self._dropping = True, drop

    async def resume(self) -> None:
        """Deliver again what is pending and what arrives from now on."""
        await self.poll()
        self._delivery.paused, self._dropping = False, False

    def health(self) -> dict[str, object]:
        """Counts of events by state, and what is in the way of more."""
        mode = {"paused": self._delivery.paused, "dropping": self._dropping}
        return {"status": self._storage_error or "ok", **mode, **self._outbox.counts()}

    def dead_letters(self) -> list[dict[str, object]]:
        """Events given up."""
        return self._outbox.dead_letters()

    def _note_storage(self, error: str | None) -> None:
        if error != self._storage_error:
            logger.warning("storage: %s", error or "answers again")
        self._storage_error = error


def control_app(events: BlobEvents) -> Starlette:
    """The HTTP application; it runs the poller and the deliverer while it is up."""

    async def health(_: Request) -> JSONResponse:
        report = events.health()
        return JSONResponse(report, status_code=200 if report["status"] == "ok" else 503)

    async def dead_letters(_: Request) -> JSONResponse:
        return JSONResponse(events.dead_letters())

    async def pause(request: Request) -> JSONResponse:
        await events.pause(drop=request.query_params.get("drop") == "true")
        return JSONResponse(events.health())

    async def resume(_: Request) -> JSONResponse:
        await events.resume()
        return JSONResponse(events.health())

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        running = asyncio.create_task(events.run())
        running.add_done_callback(_end_if_broken)
        yield
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running

    routes = [
        Route("/health", health),
        Route("/dead-letters", dead_letters),
        Route("/pause", pause, methods=["POST"]),
        Route("/resume", resume, methods=["POST"]),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


def _end_if_broken(running: asyncio.Task[None]) -> None:
    """A poller that died of a bug must not look healthy: end the process, so that its supervisor sees it."""
    if not running.cancelled() and running.exception():
        logger.error("blob events stopped", exc_info=running.exception())
        signal.raise_signal(signal.SIGTERM)
