"""The host: brings worker, durable engine, triggers and HTTP server up in order, and down in the opposite order."""

import asyncio
import contextlib
import logging
import os
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Mount
from starlette.routing import Route as WebRoute

from local.host.errors import HostError
from local.host.event_grid import PATH as EVENT_GRID_PATH
from local.host.event_grid import EventGridWebhook
from local.host.http import HttpTriggers
from local.host.listing import list_functions
from local.host.management_urls import WEBHOOK_PATH, durable_client_configuration
from local.host.routes import Route, make_route
from local.host.server import HttpServer, open_socket
from local.host.settings import HostSettings, load_local_settings, read_host_settings
from local.host.timers import TimerLoops, read_timers
from local.host.worker import FunctionsWorker, stop_threads

_THREAD_SECONDS = 1  # that threads have to end once nothing is in flight
_ADDRESS = "127.0.0.1"

if TYPE_CHECKING:
    from local.host.status import DurableWebhook

log = logging.getLogger("local.host")


@dataclass(frozen=True)
class HostOptions:
    """How to run.

    Attributes:
        app: the app's directory, absolute.
        port: HTTP port; 0 takes a free one.
        state: the durable engine's file.
        drain_seconds: what invocations in flight get to finish when the host stops.
    """

    app: Path
    port: int
    state: Path
    drain_seconds: int = 10


class Host:
    """One function app, running. Use as ``async with Host(options) as host``.

    Raises on entry:
        HostError: the port is in use, or the app or its settings cannot be loaded.
    """

    def __init__(self, options: HostOptions) -> None:
        self._options = options
        self._stack = contextlib.AsyncExitStack()
        self._started = time.monotonic()
        self._worker: FunctionsWorker
        self._routes: tuple[Route, ...] = ()
        self._threads_left = False
        self.base_url = ""

    @property
    def functions_text(self) -> str:
        """The list of functions with their URLs, for the terminal."""
        return list_functions(self._worker.functions, self._routes, self.base_url)

    @property
    def threads_left(self) -> bool:
        """After the end: whether a synchronous function still holds a thread, which would keep the process alive."""
        return self._threads_left

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def _start(self) -> None:
        listener = open_socket(_ADDRESS, self._options.port)
        self._stack.callback(listener.close)
        port = listener.getsockname()[1]
        self.base_url = f"http://localhost:{port}"
        load_local_settings(self._options.app)
        os.environ.setdefault("AZURE_FUNCTIONS_ENVIRONMENT", "Development")
        os.environ.setdefault("WEBSITE_HOSTNAME", f"localhost:{port}")
        settings = read_host_settings(self._options.app, os.environ)
        self._worker = await FunctionsWorker.load(self._options.app)
        self._stack.push_async_callback(self._stop_threads)
        self._warn_of_unserved()
        http = self._worker.of_kind("httpTrigger")
        self._routes = tuple(make_route(function, settings.route_prefix) for function in http)
        timers = TimerLoops(self._worker.invoke, read_timers(self._worker.of_kind("timerTrigger")))
        durable = await self._start_durable(settings)
        server = HttpServer(self._application(settings, durable), listener, self._options.drain_seconds)
        await server.start()
        timers.start()
        # Entered last, so it stops first: what is in flight can still use the engine.
        self._stack.push_async_callback(self._stop_triggers, server, timers)

    async def _start_durable(self, settings: HostSettings) -> "DurableWebhook | None":
        """Start the engine and its gRPC server, if the app has anything durable."""
        if not any(function.is_durable for function in self._worker.functions):
            return None
        from local.durable.engine import Engine  # noqa: PLC0415 - an app without durable functions starts without it
        from local.durable.errors import EngineError  # noqa: PLC0415 - as above
        from local.durable.servicer import Server, serve  # noqa: PLC0415 - as above
        from local.host.status import DurableWebhook  # noqa: PLC0415 - as above

        self._options.state.parent.mkdir(parents=True, exist_ok=True)
        engine = Engine(self._worker, self._options.state)
        server: Server = await serve(engine)
        self._stack.push_async_callback(server.stop)
        configuration = durable_client_configuration(
            base_url=self.base_url, grpc_port=server.port, hub_name=settings.hub_name
        )
        self._worker.bind_durable_client(configuration)
        try:
            await engine.start()
        except EngineError as error:
            raise HostError(f"the durable engine cannot start on {self._options.state}: {error}") from error
        self._stack.push_async_callback(engine.stop, self._options.drain_seconds)
        return DurableWebhook(engine, settings.body_limit)

    def _application(self, settings: HostSettings, durable: "DurableWebhook | None") -> Starlette:
        events = EventGridWebhook(self._worker, settings.body_limit)
        routes: list[BaseRoute] = [
            WebRoute("/admin/host/status", self._host_status),
            WebRoute(EVENT_GRID_PATH, events.handle, methods=["POST", "OPTIONS"]),
        ]
        if durable is not None:
            routes.append(Mount(WEBHOOK_PATH, routes=durable.routes()))
        routes.append(Mount("/", app=HttpTriggers(self._worker, self._routes, settings.body_limit)))
        return Starlette(routes=routes)

    async def _host_status(self, _request: Request) -> JSONResponse:
        uptime = round((time.monotonic() - self._started) * 1000)
        return JSONResponse({"state": "Running", "processUptime": uptime, "functions": len(self._worker.functions)})

    def _warn_of_unserved(self) -> None:
        for function in self._worker.functions:
            if function.unserved:
                log.warning("%s: the local host does not serve %s", function.name, ", ".join(function.unserved))

    async def _stop_triggers(self, server: HttpServer, timers: TimerLoops) -> None:
        deadline = time.monotonic() + self._options.drain_seconds
        await asyncio.gather(server.stop(), timers.stop(self._options.drain_seconds))
        await self._worker.drain(max(0.0, deadline - time.monotonic()))

    async def _stop_threads(self) -> None:
        self._threads_left = not stop_threads(_THREAD_SECONDS)
