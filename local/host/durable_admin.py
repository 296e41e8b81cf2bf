"""What an operator wants to know of the durable engine: what does not move, and what was given up. Not in Azure."""

from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from local.durable.engine import Engine
from local.durable.records import Parked, Stuck
from local.host.durable_requests import Refused, answering, seconds
from local.host.history_view import show_time
from local.host.keys import HostKeys

_USUAL_SECONDS = 300.0
_LONGEST_SECONDS = 1e9  # thirty years: what is longer does not fit the engine's time


class DurableAdmin:
    """The endpoints below ``/admin/durable``.

    Args:
        engine: knows.
        keys: the master key that a caller needs; None asks for none.
    """

    def __init__(self, engine: Engine, keys: HostKeys | None = None) -> None:
        self._engine = engine
        self._keys = keys

    def routes(self) -> list[BaseRoute]:
        """All routes."""
        table = [("stuck", self.stuck), ("parked", self.parked)]
        return [Route(f"/admin/durable/{name}", answering(handler, self._allowed)) for name, handler in table]

    async def stuck(self, request: Request) -> Response:
        """The instances that have not moved for ``olderThan`` seconds (300), or wait for what cannot come."""
        age = seconds(request, "olderThan")
        if age is None and "olderThan" in request.query_params:
            raise Refused(400, "olderThan must be a number of seconds, 0 or more")
        limit = timedelta(seconds=min(_USUAL_SECONDS if age is None else age, _LONGEST_SECONDS))
        return JSONResponse([_show_stuck(found) for found in self._engine.stuck(limit)])

    async def parked(self, _request: Request) -> Response:
        """The work that was given up, and why."""
        return JSONResponse([_show_parked(found) for found in self._engine.parked()])

    def _allowed(self, request: Request) -> bool:
        return self._keys is None or self._keys.allow_admin(request)


def _show_stuck(found: Stuck) -> dict[str, Any]:
    return {
        "instanceId": found.id,
        "name": found.name,
        "runtimeStatus": found.status.label,
        "since": show_time(found.since),
        "waitsFor": list(found.waits_for),
        "hopeless": found.hopeless,
    }


def _show_parked(found: Parked) -> dict[str, Any]:
    return {
        "at": show_time(found.at),
        "kind": found.lane,
        "owner": found.owner,
        "name": found.name,
        "reason": found.reason,
    }
