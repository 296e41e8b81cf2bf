"""Reads what the host needs of a request: the body, up to a limit, and the trace context."""

import re

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from local.durable.worker import TraceContext

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


async def read_body(request: Request, limit: int) -> bytes:
    """The whole body.

    Raises:
        HTTPException: 413 as soon as it is known to be longer than ``limit`` bytes, 400 when the caller goes away.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit:
        raise _too_large(limit)
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                raise _too_large(limit)
    except ClientDisconnect as error:
        raise HTTPException(400, "the client went away before the end of its body") from error
    return bytes(body)


def trace_of(traceparent: str | None, tracestate: str | None) -> TraceContext | None:
    """The caller's W3C trace context; None when it sent none or a malformed one."""
    if traceparent is None or not _TRACEPARENT.fullmatch(traceparent):
        return None
    return TraceContext(traceparent, tracestate or "")


def _too_large(limit: int) -> HTTPException:
    detail = f"the request body is larger than {limit} bytes; the setting FUNCTIONS_REQUEST_BODY_SIZE_LIMIT raises it"
    return HTTPException(413, detail, headers={"connection": "close"})
