"""What the doors for people answer about deliveries and fleets, and what they refuse."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import azure.functions as func
import pytest

from functions import adapters
from functions.triggers import fleets, operations
from shared.contracts.deliveries import Channel, Delivery
from tests.functions.fleet_in_memory import make_fleet
from tests.shared.interlock.builders import at


class Inbox:
    """The inbox; remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[Channel | None, int]] = []

    def recent(self, channel: Channel | None = None, limit: int = 100) -> list[Delivery]:
        """One delivery."""
        self.asked.append((channel, limit))
        return [Delivery(channel="schedule", key="k", subject="s", received_at=at(), outcome="done", reason="r")]


@pytest.fixture
def inbox(monkeypatch: pytest.MonkeyPatch) -> Inbox:
    """An inbox that is asked."""
    made = Inbox()
    monkeypatch.setattr(adapters, "inbox", lambda: made)
    return made


async def _get(
    door: Callable[[func.HttpRequest], Awaitable[func.HttpResponse]], **params: str
) -> tuple[int, dict[str, Any]]:
    request = func.HttpRequest("GET", "http://app/api", params=params, body=b"")
    answer = await door(request)
    return answer.status_code, json.loads(answer.get_body())


@pytest.mark.parametrize(
    ("params", "asked"),
    [({}, (None, 100)), ({"channel": "schedule"}, ("schedule", 100)), ({"limit": "1000"}, (None, 1000))],
)
async def test_deliveries_are_narrowed_by_channel_and_limit(
    inbox: Inbox, params: dict[str, str], asked: tuple[Channel | None, int]
) -> None:
    """The inbox is asked for no more than is wanted, a hundred unless told."""
    status, told = await _get(operations.list_deliveries, **params)
    assert (status, [one["key"] for one in told["deliveries"]]) == (200, ["k"])
    assert inbox.asked == [asked]


@pytest.mark.parametrize(
    ("params", "right"),
    [
        ({"channel": "mail"}, "there are mlflow, storage, conditioning"),
        ({"channel": ""}, "there are mlflow, storage, conditioning"),
        ({"limit": "0"}, "from 1 to 1000"),
        ({"limit": "1e3"}, "from 1 to 1000"),
        ({"limit": "1001"}, "from 1 to 1000"),
    ],
)
async def test_a_channel_or_a_limit_that_is_none_is_refused(inbox: Inbox, params: dict[str, str], right: str) -> None:
    """The answer says what there is, and the inbox is not asked."""
    status, problem = await _get(operations.list_deliveries, **params)
    assert (status, inbox.asked) == (400, [])
    assert right in problem["detail"]


async def test_every_fleet_is_told_at_one_glance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also of models that nothing has happened to."""
    make_fleet(tmp_path, monkeypatch, ("JFK",))
    status, told = await _get(fleets.list_fleets)
    assert status == 200
    (one,) = told["fleets"]
    assert (one["fleet"], one["models"], one["at_once"], one["next"]) == ("demo", {"waiting": 3}, None, {})
