"""The host's own API under /admin: its state, its functions, and running one of them by hand, as ``func start`` has."""

import asyncio
import json
import time
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from local.durable.worker import FunctionFailed
from local.host.body import read_body
from local.host.calls import Call
from local.host.functions import DURABLE_TRIGGERS, Function, nearest
from local.host.keys import HostKeys
from local.host.wire import TypedData
from local.host.worker import FunctionsWorker


class AdminApi:
    """The endpoints.

    Args:
        worker: the app's functions.
        body_limit: in bytes.
        keys: the master key that a caller needs; None asks for none. The state is told to everybody.
    """

    def __init__(self, worker: FunctionsWorker, body_limit: int, keys: HostKeys | None = None) -> None:
        self._worker = worker
        self._body_limit = body_limit
        self._keys = keys
        self._started = time.monotonic()
        self._runs: set[asyncio.Task[None]] = set()

    def routes(self) -> list[BaseRoute]:
        """All routes."""
        return [
            Route("/admin/host/status", self.status),
            Route("/admin/host/ping", self.ping, methods=["GET", "POST"]),
            Route("/admin/functions", self.functions),
            Route("/admin/functions/{name}", self.run, methods=["POST"]),
        ]

    async def status(self, _request: Request) -> Response:
        """That it runs, for how many milliseconds, and how many functions it has."""
        uptime = round((time.monotonic() - self._started) * 1000)
        return JSONResponse({"state": "Running", "processUptime": uptime, "functions": len(self._worker.functions)})

    async def ping(self, _request: Request) -> Response:
        """That it runs."""
        return Response()

    async def functions(self, request: Request) -> Response:
        """All functions with their bindings."""
        if self._keys is not None and not self._keys.allow_admin(request):
            return Response(status_code=401)
        return JSONResponse([_describe(function) for function in self._worker.functions])

    async def run(self, request: Request) -> Response:
        """Run a function that has no HTTP trigger, with the body's ``input`` as its trigger's value: 202 at once."""
        if self._keys is not None and not self._keys.allow_admin(request):
            return Response(status_code=401)
        name = request.path_params["name"]
        function = next((f for f in self._worker.functions if f.name.casefold() == name.casefold()), None)
        if function is None:
            known = [f.name for f in self._worker.functions]
            return PlainTextResponse(f"there is no function {name!r}{nearest(name, known)}", status_code=404)
        if function.kind in DURABLE_TRIGGERS or function.kind == "httpTrigger":
            text = f"{name} has a {function.kind}: call its URL, or start it through the durable API"
            return PlainTextResponse(text, status_code=400)
        try:
            document = json.loads(await read_body(request, self._body_limit) or b"{}")
            value = document["input"] if isinstance(document, dict) else None
        except (ValueError, KeyError):
            return PlainTextResponse('the body must be a JSON object such as {"input": "…"}', status_code=400)
        task = asyncio.create_task(self._run(function, _data(function, value)))
        self._runs.add(task)
        task.add_done_callback(self._runs.discard)
        return Response(status_code=202)

    async def _run(self, function: Function, data: TypedData) -> None:
        try:
            await self._worker.invoke(function, Call(data, reason="This function was called via the host APIs."))
        except FunctionFailed:
            return  # the worker told why


def _data(function: Function, value: Any) -> TypedData:
    if function.kind == "timerTrigger":
        return TypedData(json=json.dumps({"IsPastDue": False, "ScheduleStatus": None, "Schedule": {}}))
    text = value if isinstance(value, str) else json.dumps(value)
    return TypedData(json=text) if function.kind == "eventGridTrigger" else TypedData(string=text)


def _describe(function: Function) -> dict[str, Any]:
    bindings = [dict(function.trigger), *(dict(binding) for binding in function.others)]
    return {"name": function.name, "config": {"name": function.name, "bindings": bindings}, "language": "python",
            "isDisabled": function.disabled}  # fmt: skip
