"""Event Grid's webhook: POST /runtime/webhooks/eventgrid?functionName=NAME.

Answers as the extension does (azure-sdk-for-net, EventGridExtensionConfigProvider and HttpRequestProcessor): the header
``aeg-event-type`` says what the request is; a notification holds one event or an array, in the Event Grid schema or as
CloudEvents; each event is one invocation, all in parallel; one failure fails the batch, and Event Grid sends it all
again. Beyond the extension, a malformed body is a 400 with a reason, and the CloudEvents handshake by OPTIONS is
answered (https://github.com/cloudevents/spec/blob/v1.0/http-webhook.md).
"""

import asyncio
import json
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from local.durable.worker import FunctionFailed
from local.host.body import read_body, trace_of
from local.host.functions import Function
from local.host.wire import TypedData
from local.host.worker import FunctionsWorker

PATH = "/runtime/webhooks/eventgrid"


class EventGridWebhook:
    """The webhook of all functions with an Event Grid trigger."""

    def __init__(self, worker: FunctionsWorker, body_limit: int) -> None:
        self._worker = worker
        self._body_limit = body_limit

    async def handle(self, request: Request) -> Response:
        """Serve one request."""
        name = request.query_params.get("functionName", "")
        function = self._worker.find("eventGridTrigger", name)
        if function is None:
            return PlainTextResponse(f"cannot find function: '{name}'", status_code=404)
        if request.method == "OPTIONS":
            return _allow_origin(request)
        kind = request.headers.get("aeg-event-type", "").lower()
        if kind == "unsubscribe":
            return Response(status_code=202)
        if kind not in {"subscriptionvalidation", "notification"}:
            return _bad("the header aeg-event-type must be SubscriptionValidation, Notification or Unsubscribe")
        try:
            document = json.loads(await read_body(request, self._body_limit))
        except ValueError as error:
            return _bad(f"the body is not JSON: {error}")
        return _validate(document) if kind == "subscriptionvalidation" else await self._notify(function, document)

    async def _notify(self, function: Function, document: Any) -> Response:
        events = document if isinstance(document, list) else [document]
        if not all(isinstance(event, dict) for event in events):
            return _bad("the body must be an event (a JSON object) or an array of events")
        failures = await asyncio.gather(*(self._run(function, event) for event in events))
        reasons = [reason for reason in failures if reason is not None]
        return PlainTextResponse(reasons[0], status_code=500) if reasons else Response(status_code=202)

    async def _run(self, function: Function, event: dict[str, Any]) -> str | None:
        """Why the invocation failed; None when it succeeded."""
        parent = event.get("traceparent")  # the CloudEvents extension for distributed tracing
        trace = trace_of(parent, event.get("tracestate")) if isinstance(parent, str) else None
        try:
            await self._worker.invoke(function, TypedData(json=json.dumps(event)), trace)
        except FunctionFailed as failure:
            return str(failure)
        return None


def _validate(document: Any) -> Response:
    try:
        data = document[0]["data"] if isinstance(document, list) else document["data"]
        # As a CloudEvent, the data of this one event comes as JSON text inside the JSON.
        code = (json.loads(data) if isinstance(data, str) else data)["validationCode"]
    except (ValueError, TypeError, KeyError, IndexError):
        return _bad("a validation event must have data.validationCode")
    return JSONResponse({"validationResponse": code})


def _allow_origin(request: Request) -> Response:
    origin = request.headers.get("webhook-request-origin")
    if not origin:
        return _bad("the header WebHook-Request-Origin is missing")
    return Response(headers={"WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": "*", "Allow": "POST, OPTIONS"})


def _bad(reason: str) -> Response:
    raise HTTPException(400, reason)
