"""The HTTP API of Durable Functions for starting: ``orchestrators/{name}`` and ``instances/{id}/restart``."""

import asyncio
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from local.durable.api import EngineApi
from local.durable.errors import InstanceExistsError
from local.durable.records import TERMINAL, NewInstance, Status
from local.host.body import trace_of
from local.host.durable_requests import Handler, Refused, flag, json_body, seconds
from local.host.history_view import parsed
from local.host.instance_view import status_response
from local.host.keys import DURABLE, HostKeys
from local.host.management_urls import WEBHOOK_PATH, management_urls


class InstanceStarts:
    """The endpoints, over the engine.

    Args:
        engine: starts.
        body_limit: largest input, in bytes.
        complaint: tells what is wrong with the name of an orchestrator; None when it is one.
        keys: their key for this extension is put into the URLs of an answer; None means that none is asked for.
        replaceable: statuses of an instance that a start under its id replaces; a restart replaces only what has ended.
    """

    def __init__(
        self,
        engine: EngineApi,
        body_limit: int,
        complaint: Callable[[str], str | None],
        keys: HostKeys | None,
        replaceable: frozenset[Status] = TERMINAL,
    ) -> None:
        self._engine = engine
        self._replaceable = replaceable
        self._body_limit = body_limit
        self._complaint = complaint
        self._code = keys.system.get(DURABLE, "") if keys is not None else ""

    def table(self) -> list[tuple[str, Handler, str]]:
        """Paths below the webhook's, with handler and method."""
        return [
            ("/orchestrators/{name}", self.start, "POST"),
            ("/orchestrators/{name}/{instance_id}", self.start, "POST"),
            ("/instances/{instance_id}/restart", self.restart, "POST"),
        ]

    async def start(self, request: Request) -> Response:
        """Start an orchestration with the body as its input: 202 with the management URLs, 409 when the id is taken.

        With ``timeout`` (seconds), wait so long for its end, and answer with its output.
        """
        name = request.path_params["name"]
        if (complaint := self._complaint(name)) is not None:
            raise Refused(400, complaint)
        trace = trace_of(request.headers.get("traceparent"), request.headers.get("tracestate"))
        new = NewInstance(
            id=request.path_params.get("instance_id", ""),
            name=name,
            input=await json_body(request, self._body_limit),
            version=request.query_params.get("version"),
            trace=_encoded(trace.traceparent, trace.tracestate) if trace else b"",
        )
        return await self._started(request, await self._create(new, self._replaceable))

    async def restart(self, request: Request) -> Response:
        """Run an instance again from the start, under a new id unless that is refused: 202, or 409 while it runs.

        An unknown instance is a 400 here, not a 404: so says the extension.
        """
        found = self._engine.get_instance(request.path_params["instance_id"])
        if found is None:
            raise Refused(400, "InstanceId does not match a valid orchestration instance.")
        new_id = "" if flag(request, "restartWithNewInstanceId", default=True) else found.id
        again = NewInstance(id=new_id, name=found.name, input=found.input, version=found.version, tags=found.tags)
        taken = "A non-terminal instance with this instance ID already exists."
        return await self._started(request, await self._create(again, TERMINAL, taken))

    async def _create(self, new: NewInstance, replaceable: frozenset[Status], taken: str = "") -> str:
        try:
            return await self._engine.start_instance(new, replaceable)
        except InstanceExistsError as error:
            raise Refused(409, taken or str(error)) from error

    async def _started(self, request: Request, instance_id: str) -> Response:
        timeout, interval = seconds(request, "timeout"), seconds(request, "pollingInterval")
        if timeout is None:
            return self._check_status(request, instance_id)
        if interval is not None and interval > timeout:
            raise Refused(400, f"Total timeout {timeout} should be bigger than retry timeout {interval}")
        try:
            found = await asyncio.wait_for(self._engine.wait_for_completion(instance_id), timeout)
        except TimeoutError:
            found = None
        if found is None:
            return self._check_status(request, instance_id)
        if found.status is Status.COMPLETED:
            return JSONResponse(parsed(found.output))
        return status_response(request, self._engine, found, strict=False)

    def _check_status(self, request: Request, instance_id: str) -> Response:
        webhook = str(request.url.replace(path=WEBHOOK_PATH, query=""))
        urls = management_urls(webhook, instance_id, self._code)
        headers = {"Location": urls["statusQueryGetUri"], "Retry-After": "10"}
        return JSONResponse(urls, status_code=202, headers=headers)


def _encoded(traceparent: str, tracestate: str) -> bytes:
    """The trace context as the engine keeps it: an encoded protobuf ``TraceContext``."""
    import durabletask.internal.orchestrator_service_pb2 as pb  # noqa: PLC0415 - only an app with the engine has it

    context = pb.TraceContext(traceParent=traceparent, spanID=traceparent.split("-")[2])
    if tracestate:
        context.traceState.value = tracestate
    return bytes(context.SerializeToString())
