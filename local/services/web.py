"""What the local HTTP services share: listening on a loopback port, bounded bodies, one form of error.

Errors have the form that Azure Resource Manager uses: ``{"error": {"code": "UserError", "message": "..."}}``.
"""

import json
import signal
import socket
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import uvicorn
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

HOST = "127.0.0.1"

LOOPBACK_ONLY = Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost", "testserver"])
"""Refuses requests addressed to another name: a web page must not reach a local service by rebinding its DNS name."""


class ServiceError(Exception):
    """A request that cannot be served, with the HTTP status, a stable code and a message with the remedy."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def _error(status: int, code: str, message: str) -> JSONResponse:
    return JSONResponse({"error": {"code": code, "message": message}}, status_code=status)


async def _on_service_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ServiceError), "registered for ServiceError only"
    return _error(error.status, error.code, error.message)


async def _on_http_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException), "registered for HTTPException only"
    return _error(error.status_code, "NotFound" if error.status_code == 404 else "RequestError", error.detail)


ERROR_HANDLERS: dict[Any, Callable[[Request, Exception], Any]] = {
    ServiceError: _on_service_error,
    HTTPException: _on_http_error,
}
"""For ``Starlette(exception_handlers=...)``."""


async def read_body(request: Request, limit: int) -> bytes:
    """The body, at most ``limit`` bytes.

    Raises:
        ServiceError: 413 when the body is longer.
    """
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > limit:
            raise ServiceError(413, "RequestTooLarge", f"the body is longer than {limit} bytes")
    return bytes(body)


async def read_object(request: Request, limit: int = 1_000_000) -> dict[str, Any]:
    """The body as a JSON object.

    Raises:
        ServiceError: 400 when it is no JSON object, 413 when it is longer than ``limit`` bytes.
    """
    try:
        value = json.loads(await read_body(request, limit))
    except ValueError as error:
        raise ServiceError(400, "InvalidJson", f"the body is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise ServiceError(400, "InvalidJson", "the body must be a JSON object")
    return value


class _Server(uvicorn.Server):
    """Tells the service at once that it ends: uvicorn itself first waits for open connections."""

    def __init__(self, config: uvicorn.Config, on_stop: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_stop = on_stop

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._on_stop()
        super().handle_exit(sig, frame)


def listen(port: int) -> socket.socket:
    """A socket that listens on a loopback port (0: any free one).

    Raises:
        OSError: the port is in use.
    """
    # asyncio turns Nagle's algorithm off only for sockets that name their protocol; with it each answer takes 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener


def _listen_or_exit(name: str, port: int) -> socket.socket:
    try:
        return listen(port)
    except OSError as error:
        sys.exit(f"{name}: cannot listen on {HOST}:{port}: {error.strerror}; end what uses the port or choose another")


def run(make_app: Callable[[], Any], *, name: str, port: int, on_stop: Callable[[], None] = lambda: None) -> None:
    """Serve until SIGTERM or SIGINT, then exit with 0.

    Args:
        make_app: builds the ASGI application, after the port is known to be ours.
        name: the service's name, for messages.
        port: the loopback port.
        on_stop: called in the signal handler, before the orderly shutdown starts.
    """
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))  # uvicorn raises the signal again at its end
    listener = _listen_or_exit(name, port)
    config = uvicorn.Config(make_app(), log_level="warning", timeout_graceful_shutdown=2, access_log=False)
    try:
        _Server(config, on_stop).run(sockets=[listener])
    except KeyboardInterrupt:
        sys.exit(0)
