"""Deliver events as Event Grid does: at least once, in no particular order, with a growing pause after a failure.

Success is a status from 200 to 204. 400, 401 and 413 are final: the event is buried. Everything else, and no answer
within 30 seconds, is tried again on Event Grid's schedule (10 s, 30 s, 1 min, 5 min, …), here run faster.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus

import httpx

from local.services.blob_events.event import NOTIFICATION_HEADERS
from local.services.blob_events.outbox import Outbox, Pending

SCHEDULE_SECONDS = (10, 30, 60, 300, 600, 1800, 3600, 10_800, 21_600, 43_200)
FINAL_STATUSES = frozenset({400, 401, 413})
ANSWER_TIMEOUT_SECONDS = 30.0
LARGEST_FETCH = 100
IDLE_SECONDS = 0.1

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class RetryPolicy:
    """When to try again and when to stop.

    ``scale`` multiplies Event Grid's schedule, ``longest`` caps one pause, in seconds. Event Grid gives up after a day
    or 30 attempts; a laptop's target is often down for minutes, and the pauses are short, so there are more of them.
    """

    scale: float = 0.025
    longest: float = 5.0
    attempts: int = 300

    def pause(self, attempts: int) -> float | None:
        """Seconds to wait after this many failed attempts; None when it was the last."""
        if attempts >= self.attempts:
            return None
        return min(SCHEDULE_SECONDS[min(attempts, len(SCHEDULE_SECONDS)) - 1] * self.scale, self.longest)


class Delivery:
    """Posts due events of an outbox to one target, several at once."""

    def __init__(
        self,
        outbox: Outbox,
        target: str,
        policy: RetryPolicy | None = None,
        *,
        batch: int = 1,
        concurrency: int = 8,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._outbox = outbox
        self._target = target
        self._policy = policy or RetryPolicy()
        self._batch = batch
        self._concurrency = concurrency
        self._now = now
        self._under_way: set[int] = set()
        self.paused = False

    async def run(self) -> None:
        """Deliver until cancelled."""
        async with self.client() as client, asyncio.TaskGroup() as attempts:
            slots = asyncio.Semaphore(self._concurrency)
            while True:
                for group in self._next_groups():
                    attempts.create_task(self._attempt_in_slot(client, group, slots))
                await asyncio.sleep(IDLE_SECONDS)

    async def deliver_due(self, client: httpx.AsyncClient) -> None:
        """Try each due event once."""
        for group in self._next_groups():
            await self.attempt(client, group)

    def client(self) -> httpx.AsyncClient:
        """A client for the target, with Event Grid's headers; proxies of the environment are not asked."""
        return httpx.AsyncClient(headers=NOTIFICATION_HEADERS, timeout=ANSWER_TIMEOUT_SECONDS, trust_env=False)

    async def attempt(self, client: httpx.AsyncClient, events: Sequence[Pending]) -> None:
        """Post a batch of events as one array, and record what came of it."""
        try:
            made = max(one.attempts for one in events)
            answer = await client.post(
                self._target, json=[one.event for one in events], headers={"aeg-delivery-count": str(made)}
            )
            self._settle(events, answer.status_code)
        except httpx.TransportError as error:
            self._retry(events, type(error).__name__)
        finally:
            self._under_way.difference_update(one.sequence for one in events)

    async def _attempt_in_slot(
        self, client: httpx.AsyncClient, events: Sequence[Pending], slots: asyncio.Semaphore
    ) -> None:
        async with slots:
            await self.attempt(client, events)

    def _next_groups(self) -> list[list[Pending]]:
        if self.paused:
            return []
        due = self._outbox.due(self._now(), LARGEST_FETCH)
        waiting = [one for one in due if one.sequence not in self._under_way]
        self._under_way.update(one.sequence for one in waiting)
        return [waiting[start : start + self._batch] for start in range(0, len(waiting), self._batch)]

    def _settle(self, events: Sequence[Pending], status: int) -> None:
        if 200 <= status <= 204:
            self._outbox.delivered(events)
        elif status in FINAL_STATUSES:
            self._bury(events, f"Undeliverable: the target answered {status}", HTTPStatus(status).phrase)
        else:
            self._retry(events, f"Status {status}")

    def _bury(self, events: Sequence[Pending], reason: str, outcome: str) -> None:
        for one in events:
            logger.warning("%s is a dead letter: %s (%s)", one.event["subject"], reason, outcome)
        self._outbox.bury(events, reason, outcome)

    def _retry(self, events: Sequence[Pending], outcome: str) -> None:
        for one in events:
            pause = self._policy.pause(one.attempts + 1)
            if pause is None:
                self._bury([one], "MaxDeliveryAttemptsExceeded", outcome)
            else:
                if not one.attempts:  # the first failure is worth a line, not each of hundreds
                    logger.warning("%s is not taken (%s); trying again", one.event["subject"], outcome)
                self._outbox.postpone([one], self._now() + pause, outcome)
