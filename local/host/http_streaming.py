"""HTTP for apps that stream: those that import a web extension (``azurefunctions-extensions-http-fastapi``).

The worker library then runs a web server of its own inside the app. As the real host does (the capability
``HttpUri``), we send it each request, marked with the invocation's id, while the invocation runs, and pass its response
on; neither is ever in memory as a whole, and there is no limit on a body.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from local.durable.worker import FunctionFailed

_INVOCATION = "x-ms-invocation-id"
# Headers of a connection, not of a message (RFC 9110, section 7.6.1).
_HOP = frozenset({"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "proxy-connection"})
_CONNECT_SECONDS = 10.0


class HttpStreams:
    """Passes requests on to the app's own HTTP server.

    Args:
        address: its URL, without a path.
    """

    def __init__(self, address: str) -> None:
        # How long a function may take is the function timeout's business.
        timeout = httpx.Timeout(None, connect=_CONNECT_SECONDS)
        self._client = httpx.AsyncClient(base_url=address, timeout=timeout, trust_env=False, limits=httpx.Limits())

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def serve(self, request: Request, invocation_id: str, invocation: Coroutine[Any, Any, Any]) -> Response:
        """Run an invocation, and give what the app's server answers: 500 when the function failed."""
        run = asyncio.create_task(invocation)
        run.add_done_callback(_take_note)
        try:
            answer = await self._exchange(request, invocation_id, run)
        except httpx.HTTPError as error:
            run.cancel()
            return Response(f"the app's HTTP server does not answer: {error}", status_code=502)
        if answer is None:
            return Response(status_code=500)
        headers = [(k, v) for k, v in answer.headers.raw if k.lower().decode() not in _HOP]
        response = StreamingResponse(_body(answer), status_code=answer.status_code)
        response.raw_headers = headers
        return response

    async def _exchange(self, request: Request, invocation_id: str, run: asyncio.Task[Any]) -> httpx.Response | None:
        """The response, its body unread; None when the invocation failed before there was one."""
        headers = [(k, v) for k, v in request.headers.raw if k.lower().decode() not in _HOP]
        outgoing = self._client.build_request(
            request.method,
            httpx.URL(path=request.url.path, query=request.url.query.encode()),
            headers=[*headers, (_INVOCATION.encode(), invocation_id.encode())],
            content=request.stream(),
        )
        sending = asyncio.create_task(self._client.send(outgoing, stream=True))
        await asyncio.wait({sending, run}, return_when=asyncio.FIRST_COMPLETED)
        if run.done() and not run.cancelled() and isinstance(run.exception(), FunctionFailed):
            sending.cancel()
            with contextlib.suppress(asyncio.CancelledError, httpx.HTTPError):
                await (await sending).aclose()
            return None
        return await sending


async def _body(answer: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for chunk in answer.aiter_raw():
            yield chunk
    finally:
        await answer.aclose()


def _take_note(run: asyncio.Task[Any]) -> None:
    """Take note of how the invocation ended: the worker told it, and the caller has its response."""
    if not run.cancelled():
        run.exception()
