"""A web extension as ``azurefunctions-extensions-http-fastapi`` is one, with Starlette alone."""

from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn
from azurefunctions.extensions import base  # type: ignore[import-untyped]  # Microsoft's, without types
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"]


class Synchronizer(base.RequestSynchronizer):  # type: ignore[misc]  # no types
    """Puts route parameters into the request."""

    def sync_route_params(self, request: Request, path_params: dict[str, str]) -> None:
        """Do so."""
        request.path_params.update(path_params)


class RequestTracker(metaclass=base.RequestTrackerMeta):  # type: ignore[metaclass]  # as above
    """Names the request's type."""

    request_type = Request
    synchronizer = Synchronizer()


class ResponseTracker(metaclass=base.ResponseTrackerMeta):  # type: ignore[metaclass]  # as above
    """Names the response's type."""

    label = base.ResponseLabels.STANDARD
    response_type = Response


class StreamingTracker(metaclass=base.ResponseTrackerMeta):  # type: ignore[metaclass]  # as above
    """Names the type of a streamed response."""

    label = base.ResponseLabels.STREAMING
    response_type = StreamingResponse


class WebApp(base.WebApp):  # type: ignore[misc]  # no types
    """The application that takes every request."""

    def route(self, func: Callable[[Request], Awaitable[Response]]) -> None:
        """Have a function take them."""
        self.app = Starlette(routes=[Route("/{path:path}", func, methods=METHODS)])

    def get_app(self) -> Any:
        """The application."""
        return self.app


class WebServer(base.WebServer):  # type: ignore[misc]  # no types
    """Its server."""

    async def serve(self) -> None:
        """Serve for ever."""
        config = uvicorn.Config(self.web_app, host=self.hostname, port=self.port, log_config=None, lifespan="off")
        server = uvicorn.Server(config)
        server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        await server._serve()
