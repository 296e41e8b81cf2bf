"""The HTTP API of Durable Functions under /runtime/webhooks/durabletask: orchestration instances.

Status codes, headers and bodies are those of the extension (azure-functions-durable-extension, HttpApiHandler.cs at
commit 00812bc, which has pull request #3227 of 2025-11; see also
https://learn.microsoft.com/azure/azure-functions/durable/durable-functions-http-api). Beyond it, a filter that
cannot be read is a 400 rather than no filter, and so is an orchestrator that does not exist. Starting is in
``instance_starts``, entities are in ``entity_api``.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from local.durable.api import EngineApi
from local.durable.records import TERMINAL, Instance, InstanceQuery, Status
from local.host.durable_requests import CONTINUATION, Refused, answering, flag, json_body, number, query_moment
from local.host.entity_api import EntityApi
from local.host.instance_starts import InstanceStarts
from local.host.instance_view import describe, status_response
from local.host.keys import DURABLE, HostKeys

_USUAL_PAGE = 100


class DurableWebhook:
    """The endpoints, over the engine.

    Args:
        engine: answers and acts.
        body_limit: largest body of a start or an event, in bytes.
        complaint: tells what is wrong with the name of an orchestrator; None when it is one.
        keys: the system key that a caller needs; None asks for none.
        replaceable: statuses of an instance that a start under its id replaces.
    """

    def __init__(
        self,
        engine: EngineApi,
        body_limit: int,
        complaint: Callable[[str], str | None] = lambda _: None,
        keys: HostKeys | None = None,
        replaceable: frozenset[Status] = TERMINAL,
    ) -> None:
        self._engine = engine
        self._body_limit = body_limit
        self._keys = keys
        self._starts = InstanceStarts(engine, body_limit, complaint, keys, replaceable)
        self._entities = EntityApi(engine, body_limit)

    def routes(self) -> list[BaseRoute]:
        """Routes below the webhook's path."""
        one = "/instances/{instance_id}"
        table = [
            *self._starts.table(),
            ("/instances", self.list, "GET"),
            ("/instances", self.purge_many, "DELETE"),
            (one, self.status, "GET"),
            (one, self.purge, "DELETE"),
            (f"{one}/raiseEvent/{{event}}", self.raise_event, "POST"),
            (f"{one}/terminate", self.terminate, "POST"),
            (f"{one}/suspend", self.suspend, "POST"),
            (f"{one}/resume", self.resume, "POST"),
            (f"{one}/rewind", self.rewind, "POST"),
            *self._entities.table(),
        ]
        # The extension takes a path with and without a slash at its end.
        return [
            Route(path + end, answering(handler, self._allowed), methods=[method])
            for path, handler, method in table
            for end in ("", "/")
        ]

    async def status(self, request: Request) -> Response:
        """The state of an instance: 202 while it goes on, 200 once it ended, 500 when it failed and that was asked."""
        strict = flag(request, "returnInternalServerErrorOnFailure", default=False)
        return status_response(request, self._engine, self._instance(request), strict=strict)

    async def list(self, request: Request) -> Response:
        """A page of instances, the oldest first; a header carries the token of the next page when there is one."""
        show_input = flag(request, "showInput", default=True)
        page = self._engine.query(_read_query(request))
        headers = {CONTINUATION: page.continuation} if page.continuation else {}
        return JSONResponse([describe(found, show_input=show_input) for found in page.items], headers=headers)

    async def purge_many(self, request: Request) -> Response:
        """Delete the finished instances created in a span of time, of some statuses: 200, or 404 when there is none."""
        if not request.query_params.get("createdTimeFrom"):
            return JSONResponse("Please provide value for 'createdTimeFrom' parameter.", status_code=400)
        until = query_moment(request, "createdTimeTo") or datetime.now(UTC)
        query = InstanceQuery(
            statuses=_statuses(request), created_from=query_moment(request, "createdTimeFrom"), created_to=until
        )
        result = await self._engine.purge_where(query)
        return JSONResponse({"instancesDeleted": result.deleted}) if result.deleted else Response(status_code=404)

    async def raise_event(self, request: Request) -> Response:
        """Send an event with the body as its value: 202, or 410 when the instance has ended."""
        found = self._unfinished(request)
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != "application/json":
            raise Refused(400, "Only application/json request content is supported")
        payload = await json_body(request, self._body_limit)
        await self._engine.raise_event(found.id, request.path_params["event"], payload)
        return Response(status_code=202)

    async def terminate(self, request: Request) -> Response:
        """End an instance, with the reason as its output: 202, or 410 when it has ended.

        Its sub-orchestrations go on, as the extension leaves them; the durable client can end them too.
        """
        reason = request.query_params.get("reason")
        output = None if reason is None else json.dumps(reason)
        await self._engine.terminate(self._unfinished(request).id, output, recursive=False)
        return Response(status_code=202)

    async def suspend(self, request: Request) -> Response:
        """Hold an instance: 202, or 410 when it has ended."""
        await self._engine.suspend(self._unfinished(request).id, request.query_params.get("reason"))
        return Response(status_code=202)

    async def resume(self, request: Request) -> Response:
        """Let a held instance go on: 202, or 410 when it has ended."""
        await self._engine.resume(self._unfinished(request).id, request.query_params.get("reason"))
        return Response(status_code=202)

    async def rewind(self, request: Request) -> Response:
        """Have a failed instance do again what failed: 202, or 412 when it has not failed."""
        # Before pull request #3227 the extension answered 410 when the instance had ended in another way.
        instance_id = request.path_params["instance_id"]
        found = self._engine.get_instance(instance_id, payloads=False)
        if found is None:
            return JSONResponse(f'No orchestration with instance ID "{instance_id}" found.', status_code=404)
        if found.status is not Status.FAILED:
            text = f"This orchestration has status {found.status.label}, but only orchestrations in the"
            return JSONResponse(f'{text} "Failed" state can be rewound.', status_code=412)
        await self._engine.rewind(found.id, request.query_params.get("reason"))
        return Response(status_code=202)

    async def purge(self, request: Request) -> Response:
        """Delete an instance and its history, or an entity by its id: 200, or 412 while an instance runs.

        The extension looks only for an instance: for an entity that does not exist it answers 200 and a count of 0.
        """
        if request.path_params["instance_id"].startswith("@"):
            return JSONResponse({"instancesDeleted": await self._engine.purge([request.path_params["instance_id"]])})
        found = self._instance(request)
        if found.status not in TERMINAL:
            text = "Only orchestrations in a terminal state can be purged, but the orchestration with instance ID"
            return JSONResponse(f"{text} {found.id} has status {found.status.label}", status_code=412)
        return JSONResponse({"instancesDeleted": await self._engine.purge([found.id])})

    def _allowed(self, request: Request) -> bool:
        return self._keys is None or self._keys.allow_extension(request, DURABLE)

    def _instance(self, request: Request) -> Instance:
        found = self._engine.get_instance(request.path_params["instance_id"])
        if found is None:
            raise Refused(404)
        return found

    def _unfinished(self, request: Request) -> Instance:
        found = self._instance(request)
        if found.status in TERMINAL:
            raise Refused(410)
        return found


def _read_query(request: Request) -> InstanceQuery:
    """The filters of a list.

    Raises:
        Refused: one of them cannot be read.
    """
    return InstanceQuery(
        statuses=_statuses(request),
        created_from=query_moment(request, "createdTimeFrom"),
        created_to=query_moment(request, "createdTimeTo"),
        id_prefix=request.query_params.get("instanceIdPrefix", ""),
        page_size=number(request, "top", _USUAL_PAGE),
        continuation=request.headers.get(CONTINUATION) or None,
    )


def _statuses(request: Request) -> frozenset[Status]:
    labels = [label for text in request.query_params.getlist("runtimeStatus") for label in text.split(",") if label]
    return frozenset(_status(label) for label in labels)


def _status(label: str) -> Status:
    for status in Status:
        if status.label.lower() == label.strip().lower():
            return status
    known = ", ".join(status.label for status in Status)
    raise Refused(400, f"{label!r} is no runtime status; it may be {known}")
