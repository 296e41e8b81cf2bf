"""HTTP triggers: from a request to an invocation, and from its return value to a response.

The shapes are those of RpcHttp in FunctionRpc.proto. Authorization levels are not enforced, as under ``func start``.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from http.cookies import SimpleCookie

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from local.durable.worker import FunctionFailed
from local.host.body import read_body, trace_of
from local.host.routes import Route, find_route
from local.host.wire import Message, TypedData
from local.host.worker import FunctionsWorker

# The server writes these itself; a second opinion breaks the connection.
_OWN_HEADERS = frozenset({"content-length", "transfer-encoding", "connection"})
_SAME_SITE = {1: "Lax", 2: "Strict", 3: "None"}


class HttpTriggers:
    """ASGI application of all HTTP-triggered functions.

    Answers 404 when no route takes the path with that method, 413 on a body over ``body_limit`` bytes, and 500 without
    a body when the function raises, as the real host does: the log has the reason.
    """

    def __init__(self, worker: FunctionsWorker, routes: Iterable[Route], body_limit: int) -> None:
        self._worker = worker
        self._routes = sorted(routes, key=lambda route: route.rank)
        self._body_limit = body_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        response = await self._respond(Request(scope, receive))
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        found = find_route(self._routes, request.method, _raw_path(request))
        if found is None:
            return Response(status_code=404)
        route, parameters = found
        body = await read_body(request, self._body_limit)
        data = TypedData(http=_rpc_request(request, parameters, body))
        trace = trace_of(request.headers.get("traceparent"), request.headers.get("tracestate"))
        try:
            value = await self._worker.invoke(route.function, data, trace)
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
