"""`POST /api/jobs/{name}/watch`: wait for a job that somebody else has submitted."""

import re
from typing import Final

import azure.durable_functions as df
import azure.functions as func
from pydantic import Field

from functions import tracing
from functions.triggers.following import begun
from functions.triggers.http import BadRequestError, parse_object, read_body
from functions.triggers.run_requests import read_body_as
from functions.triggers.starting import start_unless_running
from shared import names
from shared.contracts.base import Contract
from shared.contracts.jobs import WatchJobInput
from shared.contracts.policy import QUEUE_MINUTES

#: Azure ML's names of jobs; another one cannot be there.
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,254}")
_ALLOWED: Final = "Allowed: queue_minutes, run_minutes, each from 1 to 43200, which is 30 days."
_LONGEST: Final = 30 * 24 * 60


class WatchRequest(Contract):
    """The body of `POST /api/jobs/{name}/watch`, which may be left out.

    Attributes:
        queue_minutes: How long the job may wait until it runs, before it is waited for no longer.
        run_minutes: How long it may run, likewise.
    """

    queue_minutes: int = Field(default=QUEUE_MINUTES, ge=1, le=_LONGEST)
    run_minutes: int = Field(default=120, ge=1, le=_LONGEST)


async def begin_watch(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """Wait for a job of anybody's, once however often that is asked; answers 202 with the URLs of the wait.

    The wait ends as the job does, or with its budgets; the job goes on then. Events of the job find its wait by the
    instance id, so that there is one id per job: who asks while it is waited for is told of that wait, and its budgets
    stay. Asked for after its end, another one is begun in its place.

    Events of a job that Signalbox has submitted itself go to the run that it belongs to, by its tag
    `signalbox.instance`: a second wait for it gets none, and reads at most every ten minutes.
    """
    with tracing.span("begin_watch", None):
        try:
            order = _order(req)
        except BadRequestError as error:
            return error.answer
        instance = names.watcher(order.name)
        await start_unless_running(client, names.WATCH_JOB, order, instance)
    return begun(client, req, instance)


def _order(req: func.HttpRequest) -> WatchJobInput:
    name = req.route_params["name"]
    if not _NAME.fullmatch(name):
        told = f"{name!r} is not the name of a job: up to 255 letters, digits, `-` and `_`, a letter or digit first."
        raise BadRequestError(400, "bad-name", told)
    request = read_body_as(WatchRequest, parse_object(read_body(req) or b"{}"), _ALLOWED)
    return WatchJobInput(
        name=name,
        queue_minutes=request.queue_minutes,
        run_minutes=request.run_minutes,
        trace=tracing.traceparent(),
    )
