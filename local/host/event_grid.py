"""Event Grid's webhook: POST /runtime/webhooks/eventgrid?functionName=NAME.

Answers as the extension does (azure-sdk-for-net, EventGridExtensionConfigProvider and HttpRequestProcessor): the header
``aeg-event-type`` says what the request is; a notification holds one event or an array, in the Event Grid schema or as
CloudEvents; each event is one invocation, all in parallel; one failure fails the batch, and Event Grid sends it all
again. Beyond the extension, a malformed body is a 400 with a reason, and the CloudEvents handshake by OPTIONS is
answered (https://github.com/cloudevents/spec/blob/v1.0/http-webhook.md).
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from local.durable.worker import FunctionFailed
from local.host.body import read_body, trace_of
from local.host.calls import Call
from local.host.functions import Function
from local.host.keys import EVENT_GRID, HostKeys
from local.host.wire import TypedData
from local.host.worker import FunctionsWorker

PATH = "/runtime/webhooks/eventgrid"

type Events = Sequence[dict[str, Any]]
type Notify = Callable[[Events], Awaitable[str | None]]
"""Takes the events of a notification; gives why it failed, None when it did not."""


class EventGridWebhook:
    """The webhook of all functions with an Event Grid trigger.

    Args:
        worker: runs them.
        body_limit: in bytes.
        keys: the system key that a caller needs; None asks for none.
    """

    def __init__(self, worker: FunctionsWorker, body_limit: int, keys: HostKeys | None = None) -> None:
        self._worker = worker
        self._body_limit = body_limit
        self._keys = keys

    async def handle(self, request: Request) -> Response:
        """Serve one request."""
        if self._keys is not None and not self._keys.allow_extension(request, EVENT_GRID):
            return Response(status_code=401)
        name = request.query_params.get("functionName", "")
        function = self._worker.find("eventGridTrigger", name)
        if function is None:
            return PlainTextResponse(f"cannot find function: '{name}'", status_code=404)
        return await answer(request, self._body_limit, lambda events: self._notify(function, events))

    async def _notify(self, function: Function, events: Events) -> str | None:
        failures = await asyncio.gather(*(self._run(function, event) for event in events))
        return next((reason for reason in failures if reason is not None), None)

    async def _run(self, function: Function, event: dict[str, Any]) -> str | None:
        """Why the invocation failed; None when it succeeded."""
        parent = event.get("traceparent")  # the CloudEvents extension for distributed tracing
        trace = trace_of(parent, event.get("tracestate")) if isinstance(parent, str) else None
        data = TypedData(json=json.dumps(event))
        values = {"data": event.get("data"), **{k: v for k, v in event.items() if isinstance(v, str)}}
        try:
            await self._worker.invoke(function, Call(data, reason="EventGrid", trace=trace, values=values))
        except FunctionFailed as failure:
            return str(failure)
        return None


async def answer(request: Request, body_limit: int, notify: Notify) -> Response:
    """Answer what Event Grid sends: a handshake, or a notification, whose events are passed to ``notify``.

    Raises:
        HTTPException: 400 with a reason, when the request is none of these; 413 when it is too large.
    """
    if request.method == "OPTIONS":
        return _allow_origin(request)
    kind = request.headers.get("aeg-event-type", "").lower()
    if kind == "unsubscribe":
        return Response(status_code=202)
    if kind not in {"subscriptionvalidation", "notification"}:
        raise _bad("the header aeg-event-type must be SubscriptionValidation, Notification or Unsubscribe")
    try:
        document = json.loads(await read_body(request, body_limit))
    except ValueError as error:
        raise _bad(f"the body is not JSON: {error}") from error
    if kind == "subscriptionvalidation":
        return _validate(document)
    events = document if isinstance(document, list) else [document]
    if not all(isinstance(event, dict) for event in events):
        raise _bad("the body must be an event (a JSON object) or an array of events")
    reason = await notify(events)
    return Response(status_code=202) if reason is None else PlainTextResponse(reason, status_code=500)


def _validate(document: Any) -> Response:
    try:
        data = document[0]["data"] if isinstance(document, list) else document["data"]
        # As a CloudEvent, the data of this one event comes as JSON text inside the JSON.
        code = (json.loads(data) if isinstance(data, str) else data)["validationCode"]
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise _bad("a validation event must have data.validationCode") from error
    return JSONResponse({"validationResponse": code})


def _allow_origin(request: Request) -> Response:
    origin = request.headers.get("webhook-request-origin")
    if not origin:
        raise _bad("the header WebHook-Request-Origin is missing")
    return Response(headers={"WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": "*", "Allow": "POST, OPTIONS"})


def _bad(reason: str) -> HTTPException:
    return HTTPException(400, reason)
