"""An orchestration instance as the HTTP API shows it."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from local.durable.api import EngineApi
from local.durable.records import TERMINAL, Instance, Status
from local.host.durable_requests import flag
from local.host.history_view import parsed, show_history

_POLL_SECONDS = 5  # what the extension's status endpoint advises; a check-status response says 10


def status_response(request: Request, engine: EngineApi, found: Instance, *, strict: bool) -> Response:
    """The state of an instance: 202 while it goes on, 200 once it ended, 500 when it failed and ``strict`` is asked.

    The query's ``showInput``, ``showHistory`` and ``showHistoryOutput`` say what else is in it.
    """
    show_input = flag(request, "showInput", default=True)
    body = describe(found, show_input=show_input)
    if flag(request, "showHistory", default=False):
        outputs = flag(request, "showHistoryOutput", default=False)
        body["historyEvents"] = show_history(engine.history(found.id), inputs=show_input, outputs=outputs)
    if found.status not in TERMINAL:
        headers = {"Location": str(request.url), "Retry-After": str(_POLL_SECONDS)}
        return JSONResponse(body, status_code=202, headers=headers)
    return JSONResponse(body, status_code=500 if strict and found.status is Status.FAILED else 200)


def describe(found: Instance, *, show_input: bool) -> dict[str, Any]:
    """An instance without its history."""
    output = parsed(found.output)
    if output is None and found.failure is not None:
        output = f"{found.failure.type}: {found.failure.message}"
    return {
        "name": found.name,
        "instanceId": found.id,
        "runtimeStatus": found.status.label,
        "input": parsed(found.input) if show_input else None,
        "customStatus": parsed(found.custom_status),
        "output": output,
        "createdTime": found.created_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "lastUpdatedTime": found.updated_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
