"""HTTP triggers: from a request to an invocation, and from its return value to a response.

The shapes are those of RpcHttp in FunctionRpc.proto. Authorization levels are enforced only with keys, which ``func
start`` has none of.
"""

import asyncio
import contextlib
import json
import time
import uuid
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from http.cookies import SimpleCookie
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from local.durable.worker import FunctionFailed
from local.host.body import read_body, trace_of
from local.host.calls import Call
from local.host.functions import Function
from local.host.host_json import HostSettings
from local.host.http_streaming import HttpStreams
from local.host.keys import HostKeys
from local.host.routes import Route, find_route
from local.host.wire import Message, TypedData
from local.host.worker import FunctionsWorker

# The server writes these itself; a second opinion breaks the connection.
_OWN_HEADERS = frozenset({"content-length", "transfer-encoding", "connection"})
_SAME_SITE = {1: "Lax", 2: "Strict", 3: "None"}


class HttpTriggers:
    """ASGI application of all HTTP-triggered functions.

    Answers 404 when no route takes the path with that method, and says so; 401 without the key that the function's
    level asks for, 413 on a body over the limit, 429 when more requests are outstanding than host.json allows, and 500
    without a body when the function raises, as the real host does: the log has the reason.

    Args:
        worker: runs them.
        routes: where they are.
        settings: limits, and headers for each response.
        keys: enforce authorization levels with these; None ignores the levels.
    """

    def __init__(
        self, worker: FunctionsWorker, routes: Iterable[Route], settings: HostSettings, keys: HostKeys | None = None
    ) -> None:
        self._worker = worker
        self._routes = sorted(routes, key=lambda route: route.rank)
        self._settings = settings
        self._keys = keys
        self._slots = asyncio.Semaphore(settings.max_requests) if settings.max_requests else None
        self._outstanding = 0
        self._streams = HttpStreams(worker.http_address) if worker.http_address else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        response = await self._respond(Request(scope, receive))
        for name, text in self._settings.response_headers.items():
            response.headers.setdefault(name, text)
        await response(scope, receive, send)

    async def close(self) -> None:
        """Let go of the connections to the app's own HTTP server."""
        if self._streams is not None:
            await self._streams.close()

    async def _respond(self, request: Request) -> Response:
        found = find_route(self._routes, request.method, _raw_path(request))
        if found is None:
            return self._not_found(request)
        route, parameters = found
        if self._keys is not None and not self._keys.allow_function(request, route.function):
            return Response(status_code=401)
        limit = self._settings.max_outstanding
        if limit is not None and self._outstanding >= limit:
            return Response(status_code=429)
        async with self._slot():
            return await self._invoke(request, route.function, parameters)

    def _not_found(self, request: Request) -> Response:
        """404 also for another method, as on Azure, where it has no body; here it says why (RFC 9457)."""
        path = _raw_path(request)
        takes = sorted({one for route in self._routes for one in route.methods if find_route([route], one, path)})
        told = f"; it takes {' and '.join(takes)}" if takes else ""
        problem = {
            "type": "about:blank",
            "title": "Not Found",
            "status": 404,
            "detail": f"No function takes {request.method} {path}{told}.",
            "instance": path,
        }
        return Response(json.dumps(problem), status_code=404, media_type="application/problem+json")

    @contextlib.asynccontextmanager
    async def _slot(self) -> AsyncIterator[None]:
        self._outstanding += 1
        try:
            async with self._slots or contextlib.nullcontext():
                yield
        finally:
            self._outstanding -= 1

    async def _invoke(self, request: Request, function: Function, parameters: Mapping[str, str]) -> Response:
        body = b"" if self._streams else await read_body(request, self._settings.body_limit)
        call = Call(
            data=TypedData(http=_rpc_request(request, parameters, body)),
            reason=f"{request.method} {request.url.path}",
            trace=trace_of(request.headers.get("traceparent"), request.headers.get("tracestate")),
            values=_values(request, parameters, body) if function.uses_storage else {},
            invocation_id=str(uuid.uuid4()),
        )
        if self._streams is not None:
            return await self._streams.serve(request, call.invocation_id, self._worker.invoke(function, call))
        try:
            value = await self._worker.invoke(function, call)
        except FunctionFailed:
            return Response(status_code=500)
        return to_response(value)


def to_response(value: TypedData | None) -> Response:
    """The response that a return value stands for: RpcHttp as it says, text as it is, nothing as 204."""
    if value is None or value.kind is None:
        return Response(status_code=204)
    if value.kind != "http":
        return Response(_octets(value), media_type="text/plain" if value.kind == "string" else "application/json")
    answer: Message = value.content
    status = int(answer.status_code)
    body = b"" if status in {204, 304} else _octets(answer.body)
    response = Response(body, status_code=status)
    for name, text in answer.headers.items():
        if name.lower() not in _OWN_HEADERS:
            response.headers[name] = text
    for cookie in answer.cookies or ():
        response.headers.append("set-cookie", _cookie_text(cookie))
    return response


def joined_query(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Query parameters as the host sends them: repeated ones joined by commas, empty ones left out."""
    query: dict[str, str] = {}
    for name, value in pairs:
        if value:
            query[name] = f"{query[name]},{value}" if name in query else value
    return query


def _rpc_request(request: Request, parameters: Mapping[str, str], body: bytes) -> Message:
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return Message(
        method=request.method,
        url=str(request.url),
        headers=headers,
        query=joined_query(request.query_params.multi_items()),
        params=dict(parameters),
        body=TypedData(bytes=body),
    )


def _values(request: Request, parameters: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """What binding expressions may refer to: route parameters, the query, headers, and fields of a JSON body."""
    try:
        document = json.loads(body) if body else {}
    except ValueError:
        document = {}
    fields = document if isinstance(document, dict) else {}
    return {**fields, **parameters, "Query": dict(request.query_params), "Headers": dict(request.headers)}


def _raw_path(request: Request) -> str:
    raw = request.scope.get("raw_path")
    return raw.decode("ascii", "replace") if isinstance(raw, bytes) else request.url.path


def _octets(value: TypedData | None) -> bytes:
    content = value.content if value is not None else None
    if content is None:
        return b""
    return content if isinstance(content, bytes) else str(content).encode()


def _cookie_text(cookie: Message) -> str:
    fields = vars(cookie)
    jar: SimpleCookie = SimpleCookie({cookie.name: cookie.value})
    morsel = jar[cookie.name]
    for name, key in (("domain", "domain"), ("path", "path"), ("max_age", "max-age")):
        if (given := fields.get(name)) is not None and given.value not in {None, ""}:
            morsel[key] = given.value
    for name, key in (("secure", "secure"), ("http_only", "httponly")):
        if (given := fields.get(name)) is not None and given.value:
            morsel[key] = True
    if (expires := fields.get("expires")) is not None:
        # The library reads the cookie's GMT time as local time; reading it back as local time restores it.
        morsel["expires"] = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.localtime(expires.value.seconds))
    if fields.get("same_site") in _SAME_SITE:
        morsel["samesite"] = _SAME_SITE[fields["same_site"]]
    return morsel.OutputString()
