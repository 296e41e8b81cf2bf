"""Hands a scoring request to a deployment's process."""

import time
from dataclasses import dataclass

import httpx

from local.services.scoring.definitions import Deployment
from local.services.scoring.store import ScoringStore
from local.services.web import HOST, ServiceError

_TIMEOUT = httpx.Timeout(75, connect=5)  # MLflow itself gives up after 60 s, with a clear answer


@dataclass(frozen=True)
class Question:
    """A scoring request as it came in, and the client that talks to the deployments' processes."""

    client: httpx.AsyncClient
    body: bytes
    content_type: str


def make_client() -> httpx.AsyncClient:
    """The client that talks to the deployments' processes."""
    return httpx.AsyncClient(timeout=_TIMEOUT, trust_env=False, limits=httpx.Limits(max_connections=None))


async def timed(store: ScoringStore, deployment: Deployment, port: int | None, question: Question) -> httpx.Response:
    """The answer of a deployment's process, as `ask`, noted with its time; one that is no success counts as failed."""
    begun, ok = time.perf_counter(), False
    try:
        answer = await ask(deployment.name, port, question)
        ok = answer.is_success
        return answer
    finally:
        store.note_answer(deployment.id, time.perf_counter() - begun, ok=ok)


async def ask(deployment: str, port: int | None, question: Question) -> httpx.Response:
    """The answer of a deployment's process, whatever its status is.

    Args:
        deployment: its name, for messages.
        port: where its process listens; None while it does not.
        question: the request.

    Raises:
        ServiceError: 503 when it cannot answer now, 504 when it takes too long.
    """
    if port is None:
        raise ServiceError(503, "NotReady", f"deployment {deployment!r} is not running and cannot answer")
    url, headers = f"http://{HOST}:{port}/invocations", {"content-type": question.content_type}
    try:
        return await question.client.post(url, content=question.body, headers=headers)
    except httpx.TimeoutException as error:
        raise ServiceError(504, "Timeout", f"deployment {deployment!r} did not answer in time") from error
    except httpx.HTTPError as error:
        raise ServiceError(503, "NotReady", f"deployment {deployment!r} ended during the request") from error
