"""The HTTP API of Durable Functions under /runtime/webhooks/durabletask.

Status codes, headers and bodies are those of the extension (azure-functions-durable-extension, HttpApiHandler.cs; see
also https://learn.microsoft.com/azure/azure-functions/durable/durable-functions-http-api). Beyond it, a filter that
cannot be read is a 400 rather than no filter.
"""

import json
from datetime import datetime
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from local.durable.api import EngineApi
from local.durable.errors import InstanceExistsError
from local.durable.records import MAX_PAGE, TERMINAL, Instance, InstanceQuery, NewInstance, Status
from local.host.body import read_body
from local.host.history_view import parsed, show_history
from local.host.management_urls import WEBHOOK_PATH, management_urls

_POLL_SECONDS = 5  # what the extension's status endpoint advises; a check-status response says 10
_EMPTY_KEY = "$"  # stands for an entity key that is the empty string
_CONTINUATION = "x-ms-continuation-token"


class DurableWebhook:
    """The endpoints, over the engine.

    Args:
        engine: answers and acts.
        body_limit: largest body of a start or an event, in bytes.
    """

    def __init__(self, engine: EngineApi, body_limit: int) -> None:
        self._engine = engine
        self._body_limit = body_limit

    def routes(self) -> list[BaseRoute]:
        """Routes below the webhook's path."""
        one = "/instances/{instance_id}"
        return [
            Route("/orchestrators/{name}", self.start, methods=["POST"]),
            Route("/orchestrators/{name}/{instance_id}", self.start, methods=["POST"]),
            Route("/instances", self.list, methods=["GET"]),
            Route("/instances/", self.list, methods=["GET"]),
            Route(one, self.status, methods=["GET"]),
            Route(one, self.purge, methods=["DELETE"]),
            Route(f"{one}/raiseEvent/{{event}}", self.raise_event, methods=["POST"]),
            Route(f"{one}/terminate", self.terminate, methods=["POST"]),
            Route(f"{one}/suspend", self.suspend, methods=["POST"]),
            Route(f"{one}/resume", self.resume, methods=["POST"]),
            Route(f"{one}/restart", self.restart, methods=["POST"]),
            Route(f"{one}/rewind", self.rewind, methods=["POST"]),
            Route("/entities/{name}/{key}", self.entity, methods=["GET"]),
        ]

    async def start(self, request: Request) -> Response:
        """Start an orchestration with the body as its input: 202 with the management URLs, 409 when the id is taken."""
        payload = await self._json_text(request)
        new = NewInstance(
            id=request.path_params.get("instance_id", ""),
            name=request.path_params["name"],
            input=payload,
            version=request.query_params.get("version"),
        )
        return _started(request, await self._create(new))

    async def status(self, request: Request) -> Response:
        """The state of an instance: 202 while it goes on, 200 once it ended, 500 when it failed and that was asked."""
        found = self._instance(request)
        body = _describe(found, show_input=_flag(request, "showInput", default=True))
        if _flag(request, "showHistory", default=False):
            body["historyEvents"] = show_history(
                self._engine.history(found.id),
                inputs=_flag(request, "showInput", default=True),
                outputs=_flag(request, "showHistoryOutput", default=False),
            )
        if found.status not in TERMINAL:
            headers = {"Location": str(request.url), "Retry-After": str(_POLL_SECONDS)}
            return JSONResponse(body, status_code=202, headers=headers)
        strict = _flag(request, "returnInternalServerErrorOnFailure", default=False)
        return JSONResponse(body, status_code=500 if strict and found.status is Status.FAILED else 200)

    async def list(self, request: Request) -> Response:
        """A page of instances, the oldest first; a header carries the token of the next page when there is one."""
        show_input = _flag(request, "showInput", default=True)
        try:
            page = self._engine.query(_read_query(request))
        except ValueError as error:
            raise HTTPException(400, str(error)) from error
        headers = {_CONTINUATION: page.continuation} if page.continuation else {}
        return JSONResponse([_describe(found, show_input=show_input) for found in page.items], headers=headers)

    async def raise_event(self, request: Request) -> Response:
        """Send an event with the body as its value: 202, or 410 when the instance has ended."""
        found = self._unfinished(request)
        if not request.headers.get("content-type", "").lower().startswith("application/json"):
            raise HTTPException(400, "Only application/json request content is supported")
        await self._engine.raise_event(found.id, request.path_params["event"], await self._json_text(request))
        return Response(status_code=202)

    async def terminate(self, request: Request) -> Response:
        """End an instance, with the reason as its output: 202, or 410 when it has ended."""
        reason = request.query_params.get("reason")
        await self._engine.terminate(self._unfinished(request).id, None if reason is None else json.dumps(reason))
        return Response(status_code=202)

    async def suspend(self, request: Request) -> Response:
        """Hold an instance: 202, or 410 when it has ended."""
        await self._engine.suspend(self._unfinished(request).id, request.query_params.get("reason"))
        return Response(status_code=202)

    async def resume(self, request: Request) -> Response:
        """Let a held instance go on: 202, or 410 when it has ended."""
        await self._engine.resume(self._unfinished(request).id, request.query_params.get("reason"))
        return Response(status_code=202)

    async def restart(self, request: Request) -> Response:
        """Run an instance again from the start, under a new id unless that is refused: 202, or 409 while it runs."""
        found = self._instance(request)
        new_id = "" if _flag(request, "restartWithNewInstanceId", default=True) else found.id
        again = NewInstance(id=new_id, name=found.name, input=found.input, version=found.version, tags=found.tags)
        return _started(request, await self._create(again))

    async def rewind(self, request: Request) -> Response:
        """Refuse: 501, as the extension answers for a storage provider that cannot rewind."""
        self._instance(request)
        raise HTTPException(501, "Rewind is not supported by the local durable engine: restart the instance instead.")

    async def purge(self, request: Request) -> Response:
        """Delete an instance and its history: 200, or 412 while it runs."""
        found = self._instance(request)
        if found.status not in TERMINAL:
            text = f"Only a finished orchestration can be purged, and {found.id} is {found.status.label}"
            raise HTTPException(412, text)
        return JSONResponse({"instancesDeleted": await self._engine.purge([found.id])})

    async def entity(self, request: Request) -> Response:
        """The state of an entity."""
        name, key = request.path_params["name"], request.path_params["key"]
        found = self._engine.get_entity(f"@{name.lower()}@{'' if key == _EMPTY_KEY else key}")
        if found is None:
            raise HTTPException(404)
        return JSONResponse(parsed(found.state))

    def _instance(self, request: Request) -> Instance:
        found = self._engine.get_instance(request.path_params["instance_id"])
        if found is None:
            raise HTTPException(404)
        return found

    def _unfinished(self, request: Request) -> Instance:
        found = self._instance(request)
        if found.status in TERMINAL:
            raise HTTPException(410, f"The instance {found.id} has ended: it is {found.status.label}")
        return found

    async def _create(self, new: NewInstance) -> str:
        try:
            return await self._engine.start_instance(new)
        except InstanceExistsError as error:
            raise HTTPException(409, str(error)) from error
        except ValueError as error:
            raise HTTPException(400, str(error)) from error

    async def _json_text(self, request: Request) -> str | None:
        """The body, once it is known to be JSON; None when it is empty."""
        body = await read_body(request, self._body_limit)
        try:
            return json.dumps(json.loads(body)) if body.strip() else None
        except ValueError as error:
            raise HTTPException(400, f"Invalid JSON content: {error}") from error


def _started(request: Request, instance_id: str) -> Response:
    urls = management_urls(str(request.url.replace(path=WEBHOOK_PATH, query="")), instance_id)
    headers = {"Location": urls["statusQueryGetUri"], "Retry-After": "10"}
    return JSONResponse(urls, status_code=202, headers=headers)


def _describe(found: Instance, *, show_input: bool) -> dict[str, Any]:
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


def _read_query(request: Request) -> InstanceQuery:
    """The filters of a list.

    Raises:
        ValueError: one of them cannot be read.
    """
    query = request.query_params
    labels = [label for text in query.getlist("runtimeStatus") for label in text.split(",") if label]
    return InstanceQuery(
        statuses=frozenset(_status(label) for label in labels),
        created_from=_moment(query.get("createdTimeFrom")),
        created_to=_moment(query.get("createdTimeTo")),
        id_prefix=query.get("instanceIdPrefix", ""),
        page_size=int(query.get("top") or MAX_PAGE),
        continuation=request.headers.get(_CONTINUATION) or None,
    )


def _status(label: str) -> Status:
    for status in Status:
        if status.label.lower() == label.strip().lower():
            return status
    raise ValueError(f"{label!r} is no runtime status; it may be {', '.join(status.label for status in Status)}")


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _flag(request: Request, name: str, *, default: bool) -> bool:
    text = request.query_params.get(name, "").strip().lower()
    return default if text not in {"true", "false"} else text == "true"
