"""`POST /api/webhooks/mlflow` and `/databricks`: what the model registry tells."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import azure.durable_functions as df
import azure.functions as func

from functions import adapters, metering, tracing
from functions.triggers.http import BadRequestError, answer, parse_object, problem, read_body
from functions.triggers.registry_events import Webhook, events_of, outcome_of, read_databricks, read_mlflow
from functions.triggers.signatures import refuse_databricks, refuse_mlflow
from functions.triggers.starting import signal_interlock, utc_now
from shared.blocking import run_blocking
from shared.contracts.deliveries import Delivery
from shared.settings import settings

type _Refuse = Callable[[Mapping[str, str], bytes], str | None]


async def mlflow_webhook(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """Authenticate, parse, hand on to the model, record.

    Answers 200 when the event is taken or leads to nothing, 401 when it is not believed, 400 and 413 when it cannot be
    used; MLflow repeats none of these. Anything else fails with 500 or 503, and MLflow sends it again.
    """

    def refuse(headers: Mapping[str, str], body: bytes) -> str | None:
        known = settings()
        return refuse_mlflow(
            headers, body, known.webhook_secret, now=time.time(), max_age=known.webhook_max_age_seconds
        )

    return await _take("mlflow_webhook", req, client, refuse, read_mlflow)


async def databricks_webhook(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """The same for the webhooks of Databricks' workspace registry; Unity Catalog has none, so it is searched.

    Answers as for MLflow.
    """

    def refuse(headers: Mapping[str, str], body: bytes) -> str | None:
        known = settings()
        return refuse_databricks(
            headers, body, known.webhook_secret, now=time.time(), max_age=known.webhook_max_age_seconds
        )

    return await _take("databricks_webhook", req, client, refuse, read_databricks)


async def _take(
    door: str,
    req: func.HttpRequest,
    client: df.DurableFunctionsClient,
    refuse: _Refuse,
    read: Callable[[Mapping[str, Any]], Webhook],
) -> func.HttpResponse:
    try:
        body = read_body(req)
        refusal = refuse({name.lower(): value for name, value in req.headers.items()}, body)
        if refusal is not None:
            return problem(401, "not-believed", refusal)
        told = read(parse_object(body))
    except BadRequestError as error:
        return error.answer
    with tracing.span(door, told.trace):
        return await _hand_on(client, told, body)


async def _hand_on(client: df.DurableFunctionsClient, told: Webhook, body: bytes) -> func.HttpResponse:
    before = await run_blocking(adapters.inbox().get, "mlflow", told.key)
    if before is not None and before.outcome != "ignored":
        return answer(200, {"status": "duplicate", "reason": f"This event was {before.outcome} before."})

    policy = adapters.fleets().model(told.model)
    events = events_of(told, policy) if policy is not None else ()
    for event in events:
        await signal_interlock(client, event)
    outcome, reason = outcome_of(told, policy, handed_on=bool(events))
    # Recorded after it was handed on: a crash in between makes the registry send it again, and the model knows twins.
    delivery = Delivery(
        channel="mlflow",
        key=told.key,
        subject=" ".join(part for part in (told.model, told.version, told.kind) if part),
        received_at=utc_now(),
        outcome=outcome,
        reason=reason,
        body=body.decode(errors="replace")[:16_000],
        trace=tracing.traceparent(),
    )
    if await run_blocking(adapters.inbox().record, delivery):
        metering.count_delivery(delivery)
    return answer(200, {"status": outcome, "reason": reason})
