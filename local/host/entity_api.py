"""The HTTP API of Durable Functions for entities: ``entities/{name}/{key}`` below the webhook."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from local.durable.api import EngineApi
from local.durable.records import Entity, EntityQuery
from local.host.body import read_body
from local.host.durable_requests import CONTINUATION, Handler, Refused, flag, number, query_moment
from local.host.history_view import parsed, show_time

_EMPTY_KEY = "$"  # stands for an entity key that is the empty string
_USUAL_PAGE = 100


class EntityApi:
    """The endpoints, over the engine.

    Args:
        engine: answers and acts.
        body_limit: largest input of an operation, in bytes.
    """

    def __init__(self, engine: EngineApi, body_limit: int) -> None:
        self._engine = engine
        self._body_limit = body_limit

    def table(self) -> list[tuple[str, Handler, str]]:
        """Paths below the webhook's, with handler and method."""
        return [
            ("/entities", self.list, "GET"),
            ("/entities/{name}", self.list, "GET"),
            ("/entities/{name}", self.signal, "POST"),
            ("/entities/{name}", self.delete, "DELETE"),
            ("/entities/{name}/{key}", self.get, "GET"),
            ("/entities/{name}/{key}", self.signal, "POST"),
            ("/entities/{name}/{key}", self.delete, "DELETE"),
        ]

    async def get(self, request: Request) -> Response:
        """The state of an entity, 404 when it has none."""
        key = request.path_params["key"]
        found = self._engine.get_entity(_entity_id(request, "" if key == _EMPTY_KEY else key))
        return Response(status_code=404) if found is None else JSONResponse(parsed(found.state))

    async def list(self, request: Request) -> Response:
        """A page of entities, by name and by the time of their last operation; states only with ``fetchState``."""
        name = request.path_params.get("name", "")
        fetch = flag(request, "fetchState", default=False)
        query = EntityQuery(
            id_prefix=f"@{name.lower()}@" if name else "",
            modified_from=query_moment(request, "lastOperationTimeFrom"),
            modified_to=query_moment(request, "lastOperationTimeTo"),
            state=fetch,
            page_size=number(request, "top", _USUAL_PAGE),
            continuation=request.headers.get(CONTINUATION) or None,
        )
        page = self._engine.query_entities(query)
        headers = {CONTINUATION: page.continuation} if page.continuation else {}
        return JSONResponse([_describe(found, fetch=fetch) for found in page.items], headers=headers)

    async def signal(self, request: Request) -> Response:
        """Send an operation, named by ``op``, with the body as its input: 202."""
        payload = await self._input(request)
        operation = request.query_params.get("op", "")
        await self._engine.signal_entity(self._target(request), operation, payload)
        return Response(status_code=202)

    async def delete(self, request: Request) -> Response:
        """Send the operation ``delete``: 202."""
        await self._engine.signal_entity(self._target(request), "delete")
        return Response(status_code=202)

    def _target(self, request: Request) -> str:
        key = request.path_params.get("key", "")
        if not key:
            raise Refused(400, "The entity's key is missing: the Python SDK has no entities with an empty one.")
        return _entity_id(request, key)

    async def _input(self, request: Request) -> str | None:
        """The body as JSON text: what is declared as JSON must be it, and anything else is a string."""
        body = await read_body(request, self._body_limit)
        if not body:
            return None
        try:
            text = body.decode()
            if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
                return json.dumps(text)
            json.loads(text)
        except ValueError as error:
            raise Refused(400, f"Could not parse JSON content: {error}") from error
        return text


def _entity_id(request: Request, key: str) -> str:
    return f"@{request.path_params['name'].lower()}@{key}"


def _describe(found: Entity, *, fetch: bool) -> dict[str, Any]:
    name, _, key = found.id.removeprefix("@").partition("@")
    return {
        "entityId": {"name": name, "key": key},
        "lastOperationTime": show_time(found.updated_at),
        "state": parsed(found.state) if fetch else None,
    }
