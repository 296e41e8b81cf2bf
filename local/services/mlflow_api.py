"""MLflow's REST API, as far as the local run needs it (importing the client takes seconds, this does not)."""

from typing import Any

import httpx

from local.services.process import LocalServiceError

ROOT = "/api/2.0/mlflow"
TIMEOUT_SECONDS = 15.0


class MlflowRefused(LocalServiceError):  # noqa: N818 - names the condition
    """The server answered with an error; ``error_code`` is MLflow's name for it."""

    def __init__(self, method: str, path: str, status: int, answer: dict[str, Any]) -> None:
        super().__init__(f"MLflow refused {method} {path} with status {status}: {answer.get('message', answer)}")
        self.error_code: str | None = answer.get("error_code")


def mlflow_client(tracking_uri: str) -> httpx.Client:
    """An HTTP client for one server; proxies of the environment are not asked."""
    return httpx.Client(base_url=f"{tracking_uri}{ROOT}", timeout=TIMEOUT_SECONDS, trust_env=False)


def call(
    client: httpx.Client,
    method: str,
    path: str,
    body: dict[str, Any] | None = None,
    params: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Send one request and return the answer's JSON object; ``LocalServiceError`` if it fails."""
    try:
        answer = client.request(method, path, json=body, params=params)
    except httpx.TransportError as error:
        raise LocalServiceError(f"The MLflow server at {client.base_url} does not answer: {error!r}") from error
    content: dict[str, Any] = (
        answer.json() if answer.headers.get("content-type", "").startswith("application/json") else {}
    )
    if not answer.is_success:
        raise MlflowRefused(method, path, answer.status_code, content)
    return content
