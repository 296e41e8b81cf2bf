"""What the endpoints of Durable Functions' HTTP API share: reading queries and bodies, and the shape of an error."""

import json
import math
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from local.durable.errors import EngineError, EngineStoppedError, InstanceNotFoundError, StorageError, WrongStateError
from local.host.body import read_body

CONTINUATION = "x-ms-continuation-token"
# A payload over the engine's budget is a ValueError too.
_STATUSES: dict[type[Exception], int] = {
    ValueError: 400,
    WrongStateError: 412,
    EngineStoppedError: 503,
    StorageError: 503,  # a full disk passes: the caller may try again
}

type Handler = Callable[[Request], Awaitable[Response]]


class Refused(Exception):  # noqa: N818 - an answer, not an error of this module
    """The request is answered with this status, and with a reason where there is one."""

    def __init__(self, status: int, message: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def answering(handler: Handler, allowed: Callable[[Request], bool]) -> Handler:
    """A handler whose refusals become answers: a JSON object with a ``Message``, as Web API's HttpError has."""

    async def serve(request: Request) -> Response:
        try:
            return await handler(request) if allowed(request) else Response(status_code=401)
        except Refused as refusal:
            return _error(refusal.status, refusal.message)
        except HTTPException as error:  # a body that is too large, or that never came
            return _error(error.status_code, error.detail)
        except (EngineError, ValueError) as error:
            return _refuse(error)

    return serve


async def json_body(request: Request, limit: int) -> str | None:
    """The body's text, once it is known to be JSON; None when it is empty.

    Raises:
        Refused: it is not JSON.
    """
    body = await read_body(request, limit)
    try:
        text = body.decode("utf-8-sig").strip()
        if text:
            json.loads(text)
    except ValueError as error:
        raise Refused(400, f"Invalid JSON content: {error}") from error
    return text or None


def flag(request: Request, name: str, *, default: bool) -> bool:
    """A boolean of the query; what is neither true nor false counts as absent."""
    text = request.query_params.get(name, "").strip().lower()
    return default if text not in {"true", "false"} else text == "true"


def number(request: Request, name: str, default: int) -> int:
    """A whole number of the query.

    Raises:
        Refused: it is not one.
    """
    text = request.query_params.get(name)
    try:
        return int(text) if text else default
    except ValueError as error:
        raise Refused(400, f"{name} must be a whole number, and is {text!r}") from error


def seconds(request: Request, name: str) -> float | None:
    """A number of seconds in the query; None when it is absent or is no such number."""
    try:
        value = float(request.query_params.get(name, ""))
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def query_moment(request: Request, name: str) -> datetime | None:
    """A time of the query, as UTC when it does not say otherwise; None when it is absent.

    Raises:
        Refused: it is no time.
    """
    text = request.query_params.get(name)
    if not text:
        return None
    try:
        # A "+00:00" that nobody encoded arrives with a blank in place of its plus sign.
        moment = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
    except ValueError as error:
        raise Refused(400, f"{name} must be a time such as 2026-11-20T12:00:00Z, and is {text!r}") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _refuse(error: Exception) -> Response:
    """The answer to what the engine refuses; what nobody foresaw is a 500, with its reason."""
    if isinstance(error, InstanceNotFoundError):  # it was purged between two steps
        return Response(status_code=404)
    status = next((status for kind, status in _STATUSES.items() if isinstance(error, kind)), 500)
    return _error(status, str(error))


def _error(status: int, message: str) -> Response:
    return JSONResponse({"Message": message}, status_code=status) if message else Response(status_code=status)
