"""A commit is told of when it takes the place of another one, each time, and once."""

from datetime import UTC, datetime, timedelta
from typing import Any

import azure.functions as func
import pytest

from functions import adapters
from functions.triggers import timers
from shared import names
from shared.contracts.monitoring import AnnounceCodeInput
from tests.functions.stores import Deliveries

START = datetime(2026, 1, 5, 9, tzinfo=UTC)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The commit of each instance that was begun; minute by minute, as the settings said."""
    begun: dict[str, str] = {}
    inbox = Deliveries()
    minutes = iter(START + timedelta(minutes=minute) for minute in range(99))

    async def start(_client: Any, name: str, order: AnnounceCodeInput, instance: str) -> bool:
        assert name == names.ANNOUNCE_CODE
        begun.setdefault(instance, order.commit)
        return True

    async def no_runs(*_: Any) -> None:
        return None

    monkeypatch.setattr(adapters, "inbox", lambda: inbox)
    monkeypatch.setattr(timers, "start_until_done", start)
    monkeypatch.setattr(timers, "begin_due_runs", no_runs)
    monkeypatch.setattr(timers, "utc_now", lambda: next(minutes))
    monkeypatch.setattr("functions.tracing._configure", lambda: None)
    return begun


async def _look(monkeypatch: pytest.MonkeyPatch, commit: str) -> None:
    monkeypatch.setattr(timers, "deployed_commit", lambda: commit)
    await timers.begin_scheduled_runs(_Timer(), None)  # type: ignore[arg-type]  # the client is not used


class _Timer(func.TimerRequest):
    @property
    def past_due(self) -> bool:
        return False


async def test_a_commit_that_comes_back_is_told_again(told: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A, then B, then A: three times; while nothing changes, it is the same instance at every look."""
    for commit in ("a" * 40, "a" * 40, "b" * 40, "a" * 40, "a" * 40):
        await _look(monkeypatch, commit)
    assert [commit[0] for commit in told.values()] == ["a", "b", "a"]


async def test_without_a_commit_nobody_is_told(told: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The deployment has not said which one it is."""
    await _look(monkeypatch, "")
    assert told == {}
