"""Commands that wait for an orchestration: a restart of the app meanwhile is no end, and a refusal is one."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import httpx
import pytest

from cli import following
from cli.failures import FAILED, UNANSWERED
from tests.cli.played import run

STATUS = "http://localhost:9/runtime/x"
DONE = {
    "runtimeStatus": "Completed",
    "output": {"model": "m", "version": "3", "figures_same": True, "bytes_same": True, "figures": [], "files": [],
               "caveats": []},
}  # fmt: skip
AWAY = httpx.ConnectError("refused")


@pytest.fixture
def statuses(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the status URL answers, one after the other, the last one for ever: an error, a status, or an answer."""
    found: list[Any] = []

    def reply(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(202, json={"id": "r1", "statusQueryGetUri": STATUS})
        told = found.pop(0) if len(found) > 1 else found[0]
        if isinstance(told, Exception):
            raise told
        return told if isinstance(told, httpx.Response) else httpx.Response(200, json=told)

    client: Callable[..., httpx.Client] = partial(httpx.Client, transport=httpx.MockTransport(reply))
    monkeypatch.setattr("cli.asking.httpx.Client", client)
    monkeypatch.setattr(following, "_LOOKS_EVERY", 0.0)
    return found


def test_a_restart_of_the_app_is_waited_out(statuses: list[Any]) -> None:
    """Nobody answers, then a gateway does; the training goes on meanwhile, and must not be asked for again."""
    statuses += [{"runtimeStatus": "Running"}, AWAY, AWAY, httpx.Response(503, text="starting"), DONE]
    result = run("reproduce", "m@3", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["figures_same"] is True
    assert result.stderr.count(following.SILENT) == 1


def test_an_app_that_stays_away_is_told(statuses: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """After some minutes, as of any question."""
    monkeypatch.setattr(following, "_SILENCE", 0.0)
    statuses.append(AWAY)
    assert run("reproduce", "m@3").exit_code == UNANSWERED


def test_a_refusal_ends_it_at_once(statuses: list[Any]) -> None:
    """The app answers, and will not tell."""
    statuses.append(httpx.Response(401))
    result = run("reproduce", "m@3")
    assert (result.exit_code, "does not know who asks" in result.stderr) == (FAILED, True)


def test_an_orchestration_that_failed_has_ended(statuses: list[Any]) -> None:
    """The app answers with 500 then, and with its status."""
    statuses.append(httpx.Response(500, json={"runtimeStatus": "Failed", "output": "no quota"}))
    result = run("reproduce", "m@3")
    assert (result.exit_code, "was not made again: no quota" in result.stderr) == (FAILED, True)
