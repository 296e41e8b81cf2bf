"""Sends copies of requests to the deployment that is mirrored to; its answers are counted and dropped."""

import asyncio
import random

from local.services.scoring.asking import Question, timed
from local.services.scoring.control import Control
from local.services.scoring.definitions import Deployment, Endpoint
from local.services.scoring.store import ScoringStore
from local.services.scoring.supervisor import Supervisor
from local.services.web import ServiceError

_AT_ONCE = 32
"""Copies under way; what comes on top of them counts as failed, so that a slow model holds no memory."""


class Mirror:
    """Copies in the background: the request itself neither waits for its copy nor learns what became of it."""

    def __init__(self, store: ScoringStore, control: Control, supervisor: Supervisor) -> None:
        self._store = store
        self._control = control
        self._supervisor = supervisor
        self._under_way: set[asyncio.Task[None]] = set()

    def copy(self, endpoint: Endpoint, question: Question) -> None:
        """Send a copy, if this request is one of the endpoint's share."""
        for name, share in endpoint.mirror.items():
            if random.uniform(0, 100) < share:  # noqa: S311 - a load split
                self._start(endpoint.name, name, question)

    async def stop(self) -> None:
        """Give up what is under way."""
        tasks = list(self._under_way)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self, endpoint: str, name: str, question: Question) -> None:
        deployment = self._control.deployment(endpoint, name)
        if len(self._under_way) >= _AT_ONCE:
            self._store.count_mirrored(deployment.id, answered=False)
            return
        task = asyncio.create_task(self._send(deployment, question), name=f"mirror {endpoint}/{name}")
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _send(self, deployment: Deployment, question: Question) -> None:
        try:
            answer = await timed(self._store, deployment, self._supervisor.port(deployment.id), question)
            answered = answer.is_success
        except ServiceError:
            answered = False
        self._store.count_mirrored(deployment.id, answered=answered)
