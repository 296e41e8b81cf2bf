"""`POST /api/observations/{name}`: how a version did in a period, now that it is known what happened."""

import math
from typing import Annotated

import azure.durable_functions as df
import azure.functions as func
from pydantic import AfterValidator, Field

from functions import tracing
from functions.observed import keep_observed
from functions.triggers.http import BadRequestError, answer, read_object
from functions.triggers.models import find_model
from functions.triggers.run_requests import read_body_as
from functions.triggers.starting import signal_interlock, utc_now
from shared.blocking import run_blocking
from shared.contracts.base import Contract
from shared.contracts.health import HealthObserved, ShortName
from shared.contracts.monitoring import ObservedPeriod


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError("a figure must be finite; leave it out if it is not known")
    return value


_Figures = Annotated[dict[ShortName, Annotated[float, AfterValidator(_finite)]], Field(max_length=50)]


class Observation(Contract):
    """The body.

    Attributes:
        version: Of the model, whose predictions these were; figures of one that left production count for nothing.
        period: Names it, so that periods sort by their names: `2026-W47`. One that is told again counts once.
        figures: By metric, as gates name them.
        reference: Likewise, of the baseline for the same rows.
    """

    version: str = Field(min_length=1, max_length=100)
    period: ShortName = Field(min_length=1)
    figures: _Figures
    reference: _Figures = Field(default_factory=dict)


async def observe(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """Keep the figures, and tell the model, which is rolled back if its policy wants that; answers 202."""
    with tracing.span("observe", None):
        try:
            policy = find_model(req.route_params["name"])
            wanted = "Needed: version, period, figures; allowed: reference."
            told = read_body_as(Observation, read_object(req), wanted)
        except BadRequestError as error:
            return error.answer
        at = utc_now()
        await run_blocking(keep_observed, ObservedPeriod(model=policy.model, at=at, **told.model_dump()))
        event = HealthObserved(
            model=policy.model, at=at, trace=tracing.traceparent(), policy=policy, **told.model_dump()
        )
        await signal_interlock(client, event)
    return answer(202, {"model": policy.model, "version": told.version, "period": told.period})
