"""`POST /api/webhooks/mlflow`: what the model registry tells."""

import time
from typing import Any, Final

import azure.durable_functions as df
import azure.functions as func

from functions import adapters, tracing
from functions.triggers.http import BadRequestError, answer, parse_object, problem, read_body
from functions.triggers.signatures import refuse_mlflow
from functions.triggers.starting import signal_interlock, utc_now
from shared import names
from shared.blocking import run_blocking
from shared.contracts.deliveries import Delivery, Outcome
from shared.contracts.events import InterlockEvent
from shared.contracts.interlock import RegistryChanged, VersionRegistered
from shared.contracts.policy import ModelPolicy
from shared.settings import settings

_CHANGES: Final = {
    "model_version_alias.created": "alias_set",
    "model_version_alias.deleted": "alias_removed",
    "model_version_tag.set": "tag_set",
    "model_version_tag.deleted": "tag_removed",
}


async def mlflow_webhook(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """Authenticate, parse, hand on to the model's interlock, record.

    Answers 200 when the event is taken or leads to nothing, 401 when it is not believed, 400 and 413 when it cannot be
    used; MLflow repeats none of these. Anything else fails with 500, and MLflow sends it again.
    """
    try:
        body = read_body(req)
        headers = {name.lower(): value for name, value in req.headers.items()}
        refusal = refuse_mlflow(
            headers,
            body,
            settings().webhook_secret,
            now=time.time(),
            max_age=settings().webhook_max_age_seconds,
        )
        if refusal is not None:
            return problem(401, "not-believed", refusal)
        envelope = parse_object(body)
    except BadRequestError as error:
        return error.answer
    with tracing.span("mlflow_webhook", headers.get("traceparent")):
        return await _hand_on(client, envelope, body)


async def _hand_on(client: df.DurableFunctionsClient, envelope: dict[str, Any], body: bytes) -> func.HttpResponse:
    kind = f"{envelope.get('entity')}.{envelope.get('action')}"
    data = envelope.get("data")
    if not isinstance(data, dict) or not isinstance(data.get("name"), str):
        return problem(400, "not-an-event", "The body lacks `entity`, `action` or `data.name` of an MLflow webhook.")
    model, version = data["name"], str(data.get("version") or "")
    key = _key(kind, model, version, data, str(envelope.get("timestamp", "")))
    before = await run_blocking(adapters.inbox().get, "mlflow", key)
    if before is not None and before.outcome != "ignored":
        return answer(200, {"status": "duplicate", "reason": f"This event was {before.outcome} before."})

    policy = adapters.fleets().model(model)
    event = _event(kind, policy, version, data) if policy is not None else None
    if event is not None:
        await signal_interlock(client, event)
    outcome, reason = _outcome(kind, model, policy, event)
    # Recorded after it was handed on: a crash in between makes MLflow send it again, and the interlock knows twins.
    delivery = Delivery(
        channel="mlflow",
        key=key,
        subject=" ".join(part for part in (model, version, kind) if part),
        received_at=utc_now(),
        outcome=outcome,
        reason=reason,
        body=body.decode(errors="replace")[:16_000],
    )
    await run_blocking(adapters.inbox().record, delivery)
    return answer(200, {"status": outcome, "reason": reason})


def _key(kind: str, model: str, version: str, data: dict[str, Any], timestamp: str) -> str:
    """Two webhooks on one event have different delivery ids, so the content is the key."""
    if kind == "model_version.created":
        return names.version_key(model, version)
    return f"{kind}:{names.content_hash(data, timestamp)}"


def _event(kind: str, policy: ModelPolicy, version: str, data: dict[str, Any]) -> InterlockEvent | None:
    at, trace = utc_now(), tracing.traceparent()
    if kind == "model_version.created" and version:
        return VersionRegistered(
            model=policy.model, at=at, trace=trace, policy=policy, version=version, seen_by="webhook"
        )
    if kind not in _CHANGES:
        return None
    return RegistryChanged.model_validate(
        {
            "model": policy.model,
            "at": at,
            "trace": trace,
            "version": version,
            "change": _CHANGES[kind],
            "name": str(data.get("alias") or data.get("key") or ""),
            "value": None if data.get("value") is None else str(data["value"])[:200],
        }
    )


def _outcome(kind: str, model: str, policy: ModelPolicy | None, event: InterlockEvent | None) -> tuple[Outcome, str]:
    if event is not None:
        return "accepted", "Handed to the model's interlock."
    if policy is not None:
        return "ignored", f"Events of kind {kind} start nothing."
    if any(one.baseline is not None and one.baseline.model == model for one in adapters.policies()):
        return "done", f"{model} is a baseline: nothing to release."
    return "ignored", f"No fleet of this app has a model {model}. If it should, add it to the fleet file."
