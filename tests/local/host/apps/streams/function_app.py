"""An app that streams HTTP, by a web extension of its own."""

import hashlib
from collections.abc import AsyncIterator

import azure.functions as func
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from web_extension import WebApp  # type: ignore[import-not-found]  # it lies beside this file

assert WebApp

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="digest/{name}", methods=["POST"])
async def digest(req: Request) -> Response:
    """Hash a body without ever holding it."""
    seen, size = hashlib.sha256(), 0
    async for chunk in req.stream():
        seen.update(chunk)
        size += len(chunk)
    return Response(f"{req.path_params['name']} {size} {seen.hexdigest()}", headers={"x-kind": "digest"})


@app.route(route="count/{n}", methods=["GET"])
async def count(req: Request) -> StreamingResponse:
    """Send a body piece by piece."""

    async def pieces() -> AsyncIterator[bytes]:
        for number in range(int(req.path_params["n"])):
            yield bytes([number % 256]) * 65536

    return StreamingResponse(pieces(), media_type="application/octet-stream")


@app.route(route="broken", methods=["GET"])
async def broken(req: Request) -> Response:
    """Raise."""
    raise ValueError("no stream today")
