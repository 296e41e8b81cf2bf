"""The endpoints over an engine that is in trouble, or has given something up, without a host."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from cli import stuck
from cli.failures import CommandError
from local.durable.engine import Engine
from local.durable.errors import StorageError
from local.durable.records import NewInstance, Parked, Status, Stuck
from local.host.durable_admin import DurableAdmin
from local.host.keys import HostKeys
from local.host.status import DurableWebhook

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)


class TroubledEngine:
    """As much of the engine as is asked."""

    async def start_instance(self, new: NewInstance, replaceable: frozenset[Status]) -> str:
        """Find the disk full."""
        raise StorageError("The durable database x.db is full. Free some space", full=True)

    def stuck(self, older_than: timedelta) -> list[Stuck]:
        """One that waits for what cannot come."""
        assert older_than == timedelta(minutes=5)
        return [Stuck("i-1", "train", Status.RUNNING, AT, ("activity 'fit'",), hopeless=True)]

    def parked(self) -> list[Parked]:
        """An activity."""
        return [Parked(AT, "Activity", "i-2", "score", "the worker [died] 5 times")]


ENGINE = cast("Engine", TroubledEngine())


async def ask(routes: Sequence[BaseRoute], method: str, path: str, **more: Any) -> httpx.Response:
    """One request to an application of these routes."""
    transport = httpx.ASGITransport(app=Starlette(routes=list(routes)))
    async with httpx.AsyncClient(transport=transport, base_url="http://host") as client:
        return await client.request(method, path, **more)


async def test_trouble_with_the_storage_is_a_503_with_its_remedy() -> None:
    """It passes once there is space, so a caller may try again; it is no error of the request."""
    answer = await ask(DurableWebhook(ENGINE, 1000).routes(), "POST", "/orchestrators/train", json=1)
    assert answer.status_code == 503
    assert "Free some space" in answer.json()["Message"]


async def test_what_was_given_up_is_told() -> None:
    """With kind, owner, function and reason."""
    answer = await ask(DurableAdmin(ENGINE).routes(), "GET", "/admin/durable/parked")
    assert answer.json() == [
        {"at": "2026-11-20T12:00:00.000000Z", "kind": "Activity", "owner": "i-2", "name": "score",
         "reason": "the worker [died] 5 times"}
    ]  # fmt: skip


async def test_the_master_key_is_asked_for() -> None:
    """Where keys are enforced, as for the rest of /admin."""
    keys = HostKeys(master="m")
    routes = DurableAdmin(ENGINE, keys).routes()
    assert (await ask(routes, "GET", "/admin/durable/stuck")).status_code == 401
    found = await ask(routes, "GET", "/admin/durable/stuck", headers={"x-functions-key": "m"})
    assert [row["hopeless"] for row in found.json()] == [True]


def test_the_command_prints_tables(monkeypatch: Any, capsys: Any) -> None:
    """What cannot come is marked, and brackets in a reason are text."""
    answers = {
        "/admin/durable/stuck": [{"instanceId": "i-1", "name": "train", "runtimeStatus": "Running", "since": "t",
                                  "waitsFor": ["activity fit"], "hopeless": True}],
        "/admin/durable/parked": [{"at": "t", "kind": "Activity", "owner": "i-2", "name": "score",
                                   "reason": "[died]"}],
    }  # fmt: skip
    monkeypatch.setattr(stuck, "_fetch", lambda _client, path, _query: answers[path])
    assert stuck.tell("http://localhost:1", 300) == 0
    shown = capsys.readouterr().out
    assert all(text in shown for text in ("i-1", "cannot come", "score", "[died]"))


def test_the_command_says_when_nobody_answers() -> None:
    """With what to do."""
    with pytest.raises(CommandError, match=r"no app answers at http://127\.0\.0\.1:1") as caught:
        stuck.tell("http://127.0.0.1:1", 300)
    assert caught.value.remedy
