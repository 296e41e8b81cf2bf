"""The URLs by which an instance is managed, and the configuration of a ``durableClient`` binding that carries them."""

import json
from urllib.parse import quote

WEBHOOK_PATH = "/runtime/webhooks/durabletask"
_MAX_MESSAGE_BYTES = 2**31 - 1  # lifts gRPC's own limit of 4 MB; the engine's server has none
_PLACEHOLDER = "INSTANCEID"
_OPERATIONS = {
    "statusQueryGetUri": "",
    "sendEventPostUri": "/raiseEvent/{eventName}",
    "terminatePostUri": "/terminate?reason={text}",
    "suspendPostUri": "/suspend?reason={text}",
    "resumePostUri": "/resume?reason={text}",
    "rewindPostUri": "/rewind?reason={text}",
    "restartPostUri": "/restart",
    "purgeHistoryDeleteUri": "",
}


def management_urls(webhook: str, instance_id: str, code: str = "") -> dict[str, str]:
    """The payload of a check-status response: the instance's id, and a URL for each operation on it.

    Args:
        webhook: URL of the durable extension's webhook.
        instance_id: whose.
        code: the system key that the URLs must carry; empty when none is asked for.
    """
    base = f"{webhook.rstrip('/')}/instances/{quote(instance_id, safe='')}"
    urls = {name: base + rest for name, rest in _OPERATIONS.items()}
    if code:
        urls = {name: f"{url}{'&' if '?' in url else '?'}code={quote(code, safe='')}" for name, url in urls.items()}
    return {"id": instance_id, **urls}


def durable_client_configuration(*, base_url: str, grpc_port: int, hub_name: str, code: str = "") -> str:
    """JSON text that a ``durableClient`` binding receives, with the keys of the durable extension.

    The SDK fills the instance id into the management URLs, and replaces their origin by that of the caller's request.
    Unless keys are enforced (``code``), none is required, and ``requiredQueryStringParameters`` is empty.
    """
    query = f"code={quote(code, safe='')}" if code else ""
    webhook = base_url.rstrip("/") + WEBHOOK_PATH
    creation = f"{webhook}/orchestrators/{{functionName}}[/{{instanceId}}]"
    return json.dumps(
        {
            "taskHubName": hub_name,
            "connectionName": "",
            "rpcBaseUrl": f"127.0.0.1:{grpc_port}",
            "baseUrl": webhook,
            "httpBaseUrl": webhook,
            "requiredQueryStringParameters": query,
            "managementUrls": management_urls(webhook, _PLACEHOLDER, code),
            "creationUrls": {"createNewInstancePostUri": creation + (f"?{query}" if query else "")},
            "maxGrpcMessageSizeInBytes": _MAX_MESSAGE_BYTES,
        }
    )


def for_hub(configuration: str, hub_name: str) -> str:
    """The same configuration for a binding that names a task hub of its own; the engine refuses one it does not serve.

    Args:
        configuration: as ``durable_client_configuration`` gives it.
        hub_name: empty leaves it as it is.
    """
    return json.dumps({**json.loads(configuration), "taskHubName": hub_name}) if hub_name else configuration
