"""Whoever comes with a token follows what they began by our own URL, and never gets the platform's key."""

import json
from types import SimpleNamespace
from typing import Any

import azure.functions as func
import pytest

from functions.triggers.following import begun
from functions.triggers.status import get_status
from shared import names
from shared.contracts.callbacks import AnswerCallbackInput, Follower
from shared.contracts.release import ReleaseWord, TellReleaseInput
from tests.functions.conftest import App
from tests.shared.interlock.builders import at

_WORD = TellReleaseInput(instance="nobody", word=ReleaseWord(go=True))


class Client:
    """A durable client whose URLs carry the hub's key."""

    def create_check_status_response(self, *_: Any, **__: Any) -> func.HttpResponse:
        """As the SDK does it."""
        return func.HttpResponse('{"sendEventPostUri": "https://app/instances/x?code=SECRET"}', status_code=202)


def _request(instance: str = "x", **params: str) -> func.HttpRequest:
    return func.HttpRequest("GET", "https://app.example/api/x", params=params, route_params={"id": instance}, body=b"")


def test_who_has_a_key_gets_the_platforms_urls() -> None:
    """They are trusted with all of it anyway, and Data Factory polls them."""
    assert b"code=SECRET" in begun(Client(), _request(), "x").get_body()  # type: ignore[arg-type]  # as far as it goes


def test_who_has_a_token_gets_ours_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hub's key would let them answer for an approver."""
    monkeypatch.setattr("functions.triggers.callers.settings", lambda: SimpleNamespace(authentication="entra"))
    answer = begun(Client(), _request(), "x")  # type: ignore[arg-type]  # as above
    assert json.loads(answer.get_body()) == {"id": "x", "statusQueryGetUri": "https://app.example/api/status/x"}
    assert (answer.status_code, answer.headers["Location"]) == (202, "https://app.example/api/status/x")


async def test_the_status_is_told_as_the_platform_tells_it(app: App) -> None:
    """200 with the output at the end, 500 for what failed, 404 for what nobody knows."""
    await app.run(names.TELL_RELEASE, _WORD, "told")
    await app.client.schedule_new_orchestration(names.TELL_RELEASE, input={}, instance_id="failed")
    await app.finish("failed")
    seen = {}
    for instance in ("told", "failed", "nobody"):
        answer = await get_status(_request(instance), app.client)
        seen[instance] = (answer.status_code, json.loads(answer.get_body()).get("runtimeStatus"))
    assert seen == {"told": (200, "Completed"), "failed": (500, "Failed"), "nobody": (404, None)}


async def test_a_web_activity_can_follow_it(app: App) -> None:
    """202 says where to ask again, what was ended from outside is a failure, and 200 is told to who reads it."""
    order = AnswerCallbackInput(follower=Follower(run="r", callback="c", operation="train"), at=at())
    await app.client.schedule_new_orchestration(names.ANSWER_CALLBACK, input=order.to_wire(), instance_id="waits")
    await app.client.wait_for_orchestration_start("waits")
    answer = await get_status(_request("waits"), app.client)
    assert (answer.status_code, answer.headers["Location"]) == (202, "https://app.example/api/x")
    await app.client.terminate_orchestration("waits")
    await app.client.wait_for_orchestration_completion("waits")
    for params, status in (({}, 500), ({"returnInternalServerErrorOnFailure": "false"}, 200)):
        answer = await get_status(_request("waits", **params), app.client)
        assert (answer.status_code, json.loads(answer.get_body())["runtimeStatus"]) == (status, "Terminated")
