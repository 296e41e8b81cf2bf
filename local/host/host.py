"""The host: brings worker, durable engine, triggers and HTTP server up in order, and down in the opposite order."""

import asyncio
import contextlib
import logging
import os
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount
from starlette.routing import Route as WebRoute

from local.host.admin import AdminApi
from local.host.blob_webhook import PATH as BLOBS_PATH
from local.host.blob_webhook import BlobWebhook
from local.host.errors import HostError
from local.host.event_grid import PATH as EVENT_GRID_PATH
from local.host.event_grid import EventGridWebhook
from local.host.functions import nearest
from local.host.host_json import HostSettings, read_host_settings
from local.host.http import HttpTriggers
from local.host.invocation import stop_threads
from local.host.keys import DURABLE, HostKeys, read_keys
from local.host.listing import list_functions
from local.host.management_urls import WEBHOOK_PATH, durable_client_configuration
from local.host.routes import Route, make_route
from local.host.schedule_status import StatusFiles
from local.host.server import HttpServer, open_socket
from local.host.settings import host_section, load_local_settings
from local.host.storage_triggers import StorageTriggers
from local.host.timers import TimerLoops, read_timers
from local.host.worker import FunctionsWorker

_THREAD_SECONDS = 1  # that threads have to end once nothing is in flight
_ADDRESS = "127.0.0.1"
MEGABYTE = 2**20

if TYPE_CHECKING:
    from local.durable.engine import Engine

log = logging.getLogger("local.host")


@dataclass(frozen=True)
class HostOptions:
    """How to run.

    Attributes:
        app: the app's directory, absolute.
        port: HTTP port; 0 takes a free one.
        state: the durable engine's file; what else is kept lies beside it.
        drain_seconds: what invocations in flight get to finish when the host stops.
        functions: names of the only functions to load; empty means all.
        enforce_auth: whether requests need the keys that authorization levels ask for.
        keys: the file with the keys; None means beside the state.
        max_payload_mb: largest durable input, output or event, in MB of 2^20 bytes; 0 means no limit.
    """

    app: Path
    port: int
    state: Path
    drain_seconds: int = 10
    functions: tuple[str, ...] = ()
    enforce_auth: bool = False
    keys: Path | None = None
    max_payload_mb: int = 1

    @property
    def keys_file(self) -> Path:
        """Where the keys are."""
        return self.keys or self.state.parent / "keys.json"


class Host:
    """One function app, running. Use as ``async with Host(options) as host``.

    Raises on entry:
        HostError: the port is in use, or the app or its settings cannot be loaded.
    """

    def __init__(self, options: HostOptions) -> None:
        self._options = options
        self._stack = contextlib.AsyncExitStack()
        self._worker: FunctionsWorker
        self._routes: tuple[Route, ...] = ()
        self._keys: HostKeys | None = None
        self._threads_left = False
        self.base_url = ""
        self.port = options.port

    @property
    def functions_text(self) -> str:
        """The list of functions with their URLs, for the terminal."""
        return list_functions(self._worker.functions, self._routes, self.base_url)

    @property
    def function_names(self) -> list[str]:
        """The names of the functions, in order."""
        return sorted(function.name for function in self._worker.functions)

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
        self.port = listener.getsockname()[1]
        self.base_url = f"http://localhost:{self.port}"
        load_local_settings(self._options.app)
        self._say("AZURE_FUNCTIONS_ENVIRONMENT", "Development")
        self._say("WEBSITE_HOSTNAME", f"localhost:{self.port}")
        settings = read_host_settings(self._options.app, os.environ)
        if self._options.enforce_auth:
            self._keys = read_keys(host_section(self._options.app).get("Keys") or {}, self._options.keys_file)
        await self._load(settings)
        timers = read_timers(self._worker.of_kind("timerTrigger"))
        loops = TimerLoops(self._worker.invoke, timers, StatusFiles(self._options.state.parent / "timers"))
        storage = StorageTriggers(self._worker, settings, os.environ, self._options.app)
        self._stack.push_async_callback(storage.close)
        durable = await self._start_durable(settings)
        app = self._application(settings, storage, durable)
        server = HttpServer(app, listener, self._options.drain_seconds)
        await server.start()
        loops.start()
        storage.start()
        # Entered last, so it stops first: what is in flight can still use the engine.
        self._stack.push_async_callback(self._stop_triggers, server, (loops.stop, storage.stop))

    def _say(self, name: str, value: str) -> None:
        """Tell the app of its host by the environment, as long as this one runs; whoever said it before is right."""
        if name not in os.environ:
            os.environ[name] = value
            self._stack.callback(os.environ.pop, name, None)

    async def _load(self, settings: HostSettings) -> None:
        only = self._options.functions or settings.functions
        self._worker = await FunctionsWorker.load(self._options.app, only)
        self._stack.push_async_callback(self._stop_threads)
        self._worker.set_limits(settings.timeout, settings.retry)
        self._warn()
        http = self._worker.of_kind("httpTrigger")
        self._routes = tuple(make_route(function, settings.route_prefix) for function in http)

    async def _start_durable(self, settings: HostSettings) -> list[BaseRoute]:
        """Start the engine and its gRPC server, if the app has anything durable; gives the routes to it."""
        if not any(function.is_durable for function in self._worker.functions):
            return []
        from local.durable.engine import Engine  # noqa: PLC0415 - an app without durable functions starts without it
        from local.durable.errors import EngineError  # noqa: PLC0415 - as above
        from local.durable.limits import Limits  # noqa: PLC0415 - as above
        from local.durable.servicer import Server, serve  # noqa: PLC0415 - as above

        self._options.state.parent.mkdir(parents=True, exist_ok=True)
        limits = settings.concurrency
        engine = Engine(
            self._worker,
            self._options.state,
            max_orchestrations=limits.orchestrators,
            max_activities=limits.activities,
            max_entities=limits.entities,
            limits=Limits(max_payload=self._options.max_payload_mb * MEGABYTE or None),
        )
        server: Server = await serve(engine, task_hub=settings.hub_name)
        self._stack.push_async_callback(server.stop)
        code = self._keys.system.get(DURABLE, "") if self._keys is not None else ""
        configuration = durable_client_configuration(
            base_url=self.base_url, grpc_port=server.port, hub_name=settings.hub_name, code=code
        )
        self._worker.bind_durable_client(configuration)
        try:
            await engine.start()
        except EngineError as error:
            raise HostError(f"the durable engine cannot start on {self._options.state}: {error}") from error
        self._stack.push_async_callback(engine.stop, self._options.drain_seconds)
        return self._durable_routes(engine, settings)

    def _durable_routes(self, engine: "Engine", settings: HostSettings) -> list[BaseRoute]:
        from local.durable.records import TERMINAL, Status  # noqa: PLC0415 - as above
        from local.host.durable_admin import DurableAdmin  # noqa: PLC0415 - as above
        from local.host.status import DurableWebhook  # noqa: PLC0415 - as above

        replaceable = frozenset(Status) if settings.replace_running else TERMINAL
        webhook = DurableWebhook(engine, settings.body_limit, self._complain_of_orchestrator, self._keys, replaceable)
        return [*DurableAdmin(engine, self._keys).routes(), Mount(WEBHOOK_PATH, routes=webhook.routes())]

    def _application(self, settings: HostSettings, storage: StorageTriggers, durable: Sequence[BaseRoute]) -> Starlette:
        limit = settings.body_limit
        events = EventGridWebhook(self._worker, limit, self._keys)
        blobs = BlobWebhook(storage.blobs, limit, self._keys)
        routes: list[BaseRoute] = [
            *AdminApi(self._worker, limit, self._keys).routes(),
            WebRoute(EVENT_GRID_PATH, events.handle, methods=["POST", "OPTIONS"]),
            WebRoute(BLOBS_PATH, blobs.handle, methods=["POST", "OPTIONS"]),
            *durable,
        ]
        http = HttpTriggers(self._worker, self._routes, settings, self._keys)
        self._stack.push_async_callback(http.close)
        rest = Mount("/", app=http)
        rest.path_regex = re.compile(rest.path_regex.pattern, re.DOTALL)  # a line end is in a path like any other sign
        return Starlette(routes=[*routes, rest])

    def _complain_of_orchestrator(self, name: str) -> str | None:
        if self._worker.find("orchestrationTrigger", name) is not None:
            return None
        known = [f.durable_name for f in self._worker.of_kind("orchestrationTrigger")]
        return f"The function '{name}' doesn't exist, is disabled, or is not an orchestrator{nearest(name, known)}"

    def _warn(self) -> None:
        for function in self._worker.functions:
            if function.unserved:
                log.warning("%s: the local host does not serve %s", function.name, ", ".join(function.unserved))
            if function.ignored_retry:
                text = "%s: its retry policy has no effect, since a %s does not support one"
                log.warning(text, function.name, function.kind)
        if self._worker.http_address is not None:
            log.info("HTTP is streamed through the app's own server at %s", self._worker.http_address)

    async def _stop_triggers(self, server: HttpServer, stops: tuple[Callable[[float], Awaitable[None]], ...]) -> None:
        deadline = time.monotonic() + self._options.drain_seconds
        await asyncio.gather(server.stop(), *(stop(self._options.drain_seconds) for stop in stops))
        await self._worker.drain(max(0.0, deadline - time.monotonic()))

    async def _stop_threads(self) -> None:
        self._threads_left = not stop_threads(_THREAD_SECONDS)
