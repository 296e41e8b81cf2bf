"""Register our webhook with an MLflow server, over its REST API.

Wire format: ``/api/2.0/mlflow/webhooks`` of MLflow 3; an event is ``{"entity": "MODEL_VERSION", "action": "CREATED"}``.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import httpx

from local.services.mlflow_api import call, mlflow_client

WEBHOOK_NAME = "signalbox"
REGISTRY_EVENTS = (
    "registered_model.created",
    "model_version.created",
    "model_version_tag.set",
    "model_version_tag.deleted",
    "model_version_alias.created",
    "model_version_alias.deleted",
)
PATH = "/webhooks"


def ensure_webhook(
    tracking_uri: str, url: str, secret: str, events: Iterable[str] = REGISTRY_EVENTS, *, name: str = WEBHOOK_NAME
) -> str:
    """Create the webhook of this name, or make the present one say exactly this; return its id.

    ``events`` are written ``entity.action``. The server does not tell a secret, so it is always written again. More
    than one webhook of the name (they are not unique) would double every event: all but the first are deleted.
    """
    body = {"name": name, "url": url, "secret": secret, "status": "ACTIVE", "events": [_event(one) for one in events]}
    with mlflow_client(tracking_uri) as client:
        first, *others = [one["webhook_id"] for one in _webhooks(client) if one["name"] == name] or [None]
        for webhook_id in others:
            call(client, "DELETE", f"{PATH}/{webhook_id}")
        if first is None:
            return str(call(client, "POST", PATH, body)["webhook"]["webhook_id"])
        call(client, "PATCH", f"{PATH}/{first}", body)
        return str(first)


def remove_webhooks(tracking_uri: str, *, name: str = WEBHOOK_NAME) -> int:
    """Delete our webhooks; return how many there were."""
    with mlflow_client(tracking_uri) as client:
        ours = [one["webhook_id"] for one in _webhooks(client) if one["name"] == name]
        for webhook_id in ours:
            call(client, "DELETE", f"{PATH}/{webhook_id}")
    return len(ours)


def _event(text: str) -> dict[str, str]:
    entity, _, action = text.partition(".")
    return {"entity": entity.upper(), "action": action.upper()}


def _webhooks(client: httpx.Client) -> Iterator[dict[str, Any]]:
    token = ""
    while True:
        page = call(client, "GET", PATH, params={"max_results": "100", "page_token": token})
        yield from page.get("webhooks", [])
        token = page.get("next_page_token", "")
        if not token:
            return
