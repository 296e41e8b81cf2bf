"""What every HTTP function has around it: a span, an id on each answer that leads to it, and an answer for what fails.

Nothing that a room raises reaches the host, which would answer 500 without a word: the caller gets a problem (RFC 9457)
with the id of the request, and the log has the rest under the same id.
"""

import json
import logging
import secrets
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

import azure.functions as func
import grpc

from functions import sight, tracing
from functions.index import Route
from functions.triggers import callers
from functions.triggers.http import PROBLEM, BadRequestError, problem
from functions.triggers.starting import utc_now
from shared.blocking import run_blocking
from shared.errors import ConfigurationError, TransientError

#: The trace of the request, in every answer; where it comes with one, it is that one's.
CORRELATION: Final = "x-correlation-id"
_LOG: Final = logging.getLogger(__name__)
#: What the durable backend says while it cannot be reached.
_AWAY: Final = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)

type Ask = Callable[[], Awaitable[func.HttpResponse]]


async def answer_request(route: Route, req: func.HttpRequest, ask: Ask) -> func.HttpResponse:
    """What a room answers, or what is answered in its place; never raises.

    Args:
        route: What was called: who may call it is looked at first.
        req: A `traceparent` of its own is continued; one that cannot be read counts as none.
        ask: Calls the room.
    """
    trace = None
    try:
        with tracing.span(f"{route.method} {route.path}", req.headers.get("traceparent")):
            trace = tracing.traceparent()
            answer = await _asked(route, req, ask)
    except Exception as error:  # noqa: BLE001 - the one place where whatever a room raises becomes an answer
        trace = trace or _new_trace()
        answer = _unanswered(error, route, _id_of(trace))
    trace = trace or _new_trace()
    if HTTPStatus(answer.status_code).is_client_error:  # what fails is logged with its reason
        _LOG.info("%s %s is refused: %s (%s %s)", route.method, route.path, _kind(answer), CORRELATION, _id_of(trace))
    signed = _signed(answer, req, trace)
    return await _as_page(req, signed) if route.page and signed.mimetype == PROBLEM else signed


async def _as_page(req: func.HttpRequest, answer: func.HttpResponse) -> func.HttpResponse:
    """A problem as whoever looks at pages reads it; as it is where not even that can be shown."""
    from functions.dashboard.problems import problem_page  # noqa: PLC0415 - most of what is asked for are no pages

    try:
        return await run_blocking(problem_page, req, answer, now=utc_now())
    except Exception:  # noqa: BLE001 - a caller gets an answer, whatever has happened
        _LOG.exception("a problem cannot be shown as a page (%s %s)", CORRELATION, answer.headers[CORRELATION])
        return answer


def _kind(answer: func.HttpResponse) -> str:
    """What a refusal is, without what it says: that may tell of what the caller has sent."""
    told = f" {json.loads(answer.get_body())['type']}" if answer.mimetype == PROBLEM else ""
    return f"{answer.status_code}{told}"


async def _asked(route: Route, req: func.HttpRequest, ask: Ask) -> func.HttpResponse:
    if route.anonymous:
        return await _answered(ask)
    refused = callers.foreign(req) or callers.refusal(req, route.role or "reader")
    if refused is not None:
        return refused
    with callers.in_sight(req):
        return _shown(await _answered(ask))


async def _answered(ask: Ask) -> func.HttpResponse:
    try:
        return await ask()
    except BadRequestError as error:
        return error.answer


def _shown(answer: func.HttpResponse) -> func.HttpResponse:
    """The answer without what its sentences say of models that the caller may not see: a hold names all it is for."""
    if sight.is_whole():
        return answer
    text = sight.without_others(answer.get_body().decode())
    return func.HttpResponse(text, status_code=answer.status_code, headers=answer.headers, mimetype=answer.mimetype)


def _unanswered(error: Exception, route: Route, correlation: str) -> func.HttpResponse:
    """The answer to what nobody has foreseen; what it was stays in the log, since it may tell of keys and addresses."""
    _LOG.error("%s %s failed (%s %s)", route.method, route.path, CORRELATION, correlation, exc_info=error)
    if may_pass(error):
        told = "Something that the app needs does not answer for now. Ask again in a while"
        answer = problem(503, "unavailable", f"{told}; the app's log has the reason under {correlation}.")
        answer.headers["Retry-After"] = retry_after(error)
        return answer
    what = "A setting or a fleet file of the app" if isinstance(error, ConfigurationError) else "The app"
    return problem(500, "internal-error", f"{what} is at fault, not the request. Its log tells it under {correlation}.")


def may_pass(error: Exception) -> bool:
    """Whether to ask again may help: something does not answer for now."""
    away = isinstance(error, grpc.aio.AioRpcError) and error.code() in _AWAY
    return away or isinstance(error, TransientError)


def retry_after(error: Exception) -> str:
    """Seconds after which that may be, as a header says it."""
    return str(round(getattr(error, "retry_after", None) or 10))


def _signed(answer: func.HttpResponse, req: func.HttpRequest, trace: str) -> func.HttpResponse:
    """The answer with what leads to its trace; `instance` is the path alone, since a query may hold a key."""
    signed, correlation = answer, _id_of(trace)
    if answer.mimetype == PROBLEM:
        about = {"instance": urlsplit(req.url).path, "correlation_id": correlation}
        body: dict[str, Any] = {**json.loads(answer.get_body()), **about}
        text = json.dumps(body, ensure_ascii=False)
        signed = func.HttpResponse(text, status_code=answer.status_code, headers=answer.headers, mimetype=PROBLEM)
    signed.headers[CORRELATION] = correlation
    signed.headers["traceresponse"] = trace
    return signed


def _id_of(trace: str) -> str:
    return trace.split("-")[1]


def _new_trace() -> str:
    """A trace that nobody records, where telemetry is off: the log can be searched for it all the same."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-00"
