"""Signatures of registry webhooks (wire contracts, sections 1 and 2)."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping


def mlflow_signature(secret: str, delivery_id: str, timestamp: str, body: bytes) -> str:
    """`v1,` and the base64 HMAC-SHA256 of `delivery_id.timestamp.body`, as MLflow sends it."""
    message = f"{delivery_id}.{timestamp}.".encode() + body
    digest = hmac.new(secret.encode(), message, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def refuse_mlflow(headers: Mapping[str, str], body: bytes, secret: str, *, now: float, max_age: int) -> str | None:
    """Why a delivery is not believed; `None` when it is.

    A retry keeps its delivery id, timestamp and signature, so the age bound has to be longer than MLflow's retries.

    Args:
        headers: The request's headers, by lower-case name.
        body: The raw body, as it was signed.
        secret: Shared with the webhook.
        now: Unix seconds.
        max_age: Seconds.
    """
    delivery_id = headers.get("x-mlflow-delivery-id", "")
    timestamp = headers.get("x-mlflow-timestamp", "")
    given = headers.get("x-mlflow-signature", "")
    if not (delivery_id and timestamp and given):
        return "The delivery is not signed: MLflow's headers for delivery id, timestamp and signature are needed."
    expected = mlflow_signature(secret, delivery_id, timestamp, body)
    if not hmac.compare_digest(expected.encode(), given.encode()):
        return "The signature does not match. Does the webhook in MLflow have the secret of SIGNALBOX_WEBHOOK_SECRET?"
    if not (timestamp.isascii() and timestamp.isdecimal()) or abs(now - float(timestamp)) > max_age:
        return f"The delivery's timestamp {timestamp:.20} is more than {max_age} s from now."
    return None


def databricks_signature(secret: str, body: bytes) -> str:
    """The hexadecimal HMAC-SHA256 of the body, as Databricks sends it."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def refuse_databricks(headers: Mapping[str, str], body: bytes, secret: str, *, now: float, max_age: int) -> str | None:
    """Why a delivery is not believed; `None` when it is.

    Databricks sends neither a delivery id nor a timestamp beside the body, so the event's own time, which is signed
    with it, bounds how old it may be.

    Args:
        headers: The request's headers, by lower-case name.
        body: The raw body, as it was signed.
        secret: Shared with the webhook.
        now: Unix seconds.
        max_age: Seconds.
    """
    given = headers.get("x-databricks-signature", "")
    if not given:
        return "The delivery is not signed: the header X-Databricks-Signature is needed. Give the webhook a secret."
    if not hmac.compare_digest(databricks_signature(secret, body).encode(), given.encode()):
        return "The signature does not match. Has the webhook in Databricks the secret of SIGNALBOX_WEBHOOK_SECRET?"
    try:
        at = json.loads(body)["event_timestamp"] / 1000
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return "The delivery has no `event_timestamp` in milliseconds, so nobody can tell how old it is."
    if not abs(now - at) <= max_age:  # no number is no time, either
        return f"The event's time {at:.0f} is more than {max_age} s from now."
    return None
