"""The HTTP server: a socket taken before anything else starts, and uvicorn without its own signal handling."""

import asyncio
import contextlib
import errno
import socket
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

from local.host.errors import HostError

_KEEP_ALIVE = 30  # seconds


def open_socket(address: str, port: int) -> socket.socket:
    """Bind ``address:port``, so that a port in use is known before the app is loaded; port 0 takes a free one.

    Raises:
        HostError: the port is in use, or may not be bound.
    """
    # Named TCP, or else asyncio leaves Nagle's algorithm on, and every answer takes 40 ms more.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address, port))
        listener.listen(128)  # a second host could bind too as long as nobody listens
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise HostError(f"port {port} is in use: stop the other process, or choose another --port") from error
        raise HostError(f"cannot listen on {address}:{port}: {error.strerror}") from error
    return listener


class HttpServer:
    """Serves an ASGI application on an open socket.

    Args:
        app: what to serve.
        listener: a bound socket, which this server then owns.
        patience: seconds that requests have to finish once it stops.
    """

    def __init__(self, app: ASGIApp, listener: socket.socket, patience: int) -> None:
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE,
            timeout_graceful_shutdown=patience,
        )
        self._server = _Server(config)
        self._listener = listener
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start serving; returns once requests are accepted.

        Raises:
            HostError: the server ended instead.
        """
        self._task = asyncio.create_task(self._server.serve(sockets=[self._listener]))
        ready = asyncio.create_task(self._server.ready.wait())
        await asyncio.wait({self._task, ready}, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        if self._task.done():
            raise HostError("the HTTP server ended while it started") from self._task.exception()

    async def stop(self) -> None:
        """Accept no more connections, let the requests in flight finish, then cut what is left."""
        if self._task is not None:
            self._server.should_exit = True
            await self._task


class _Server(uvicorn.Server):
    """uvicorn that tells when it is ready, and leaves the signals to the host."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
