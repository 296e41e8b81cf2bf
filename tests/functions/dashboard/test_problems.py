"""What goes wrong is a page as well: with its status, what to do, and an id that leads to the reason."""

import base64
import json
import logging
from types import SimpleNamespace
from typing import Any

import azure.functions as func
import pytest

from functions import sight
from functions.dashboard import problems
from functions.triggers import callers
from shared.contracts.holds import FleetHold
from shared.errors import TransientError
from tests.functions.dashboard.builders import NOW, StrictParser, parsed, policy, row
from tests.functions.dashboard.conftest import DOORS, Memory, ask

EVIL = "<script>alert('1')</script>\"é😀\u202e" + "x" * 200


@pytest.fixture
def _by_person(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callers, "settings", lambda: SimpleNamespace(authentication="entra"))


def _as(name: str, **claims: str) -> dict[str, str]:
    told = [{"typ": "name", "val": name}, *({"typ": kind, "val": value} for kind, value in claims.items())]
    return {"X-MS-CLIENT-PRINCIPAL": base64.b64encode(json.dumps({"claims": told}).encode()).decode()}


def _text(page: StrictParser) -> str:
    return " ".join(page.text.split())


def _links(page: StrictParser) -> list[str]:
    return [attributes["href"] for tag, attributes in page.tags if tag == "a"]


def _problem(answer: func.HttpResponse, status: int) -> StrictParser:
    """The page, if it is one that leads on: status and id are on it as they are in the answer."""
    page = parsed(answer)
    assert (answer.status_code, answer.mimetype) == (status, "text/html")
    assert str(status) in page.text
    assert answer.headers["x-correlation-id"] in page.text
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "What to do" in page.text
    assert [one for one in _links(page) if one.partition("?")[0] == "/api/dashboard"]
    return page


@pytest.mark.usefixtures("_by_person")
@pytest.mark.parametrize("door", DOORS)
async def test_whoever_has_not_signed_in_is_told_how(memory: Memory, door: str) -> None:
    """And comes back to the page that was asked for, which names no other host and no key."""
    parts = {"name": "m", "version": "v", "id": "i"}
    page = _problem(await ask(memory, door, parts, {"fleet": EVIL, "code": "a-key"}), 401)
    (sign_in,) = [one for one in _links(page) if one.startswith("/.auth/login/aad?")]
    assert "post_login_redirect_uri=%2Fapi%2Fdashboard%3Ffleet%3D" in sign_in
    assert "a-key" not in sign_in


@pytest.mark.usefixtures("_by_person")
@pytest.mark.parametrize("door", DOORS)
async def test_whoever_may_not_look_is_told_what_to_ask_for(memory: Memory, door: str) -> None:
    """By name, whatever they are called, and without a word of what there is."""
    memory.policies, memory.rows = [policy("hidden", operators=["others"])], [row("hidden")]
    parts = {"name": "hidden", "version": "v", "id": "i"}
    page = _problem(await ask(memory, door, parts, headers=_as(EVIL, groups="nobody")), 403)
    assert EVIL in page.text
    assert "Signalbox.Reader" in page.text
    assert any(one.startswith("/.auth/logout?post_logout_redirect_uri=%2Fapi%2Fdashboard") for one in _links(page))
    assert "hidden" not in page.text


async def test_what_does_not_exist_leads_to_lists_and_to_the_nearest(memory: Memory) -> None:
    """However it is called, and whatever case it is written in."""
    memory.policies = [policy("departures-jfk")]
    page = _problem(await ask(memory, "dashboard_model", {"name": "DEPARTURES-JKF"}), 404)
    assert "/api/dashboard/models/departures-jfk" in _links(page)
    page = _problem(await ask(memory, "dashboard_model", {"name": EVIL}), 404)
    assert EVIL in page.text
    assert "/api/dashboard/runs" in _links(page)


async def test_a_fault_leads_to_its_reason_and_does_not_tell_it(
    memory: Memory, caplog: pytest.LogCaptureFixture
) -> None:
    """It may tell of keys and addresses; the log has it under the id of the page."""
    memory.broken = RuntimeError("AccountKey=secret")
    answer = await ask(memory, "dashboard_models", query={"code": "a-key"})
    page = _problem(answer, 500)
    assert "secret" not in page.text
    assert answer.headers["x-correlation-id"] in caplog.text
    assert f"signalbox trace {answer.headers['x-correlation-id']}" in page.text
    assert "/api/operations/health?code=a-key" in _links(page)


async def test_what_does_not_answer_for_now_says_when_to_ask_again(memory: Memory) -> None:
    """To the browser as well."""
    memory.broken = TransientError("storage is away")
    answer = await ask(memory, "dashboard")
    _problem(answer, 503)
    assert answer.headers["Retry-After"] == "10"


async def test_a_problem_that_cannot_be_shown_is_answered_all_the_same(
    memory: Memory, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As the API answers it, with the same id."""
    memory.broken = TransientError("storage is away")
    monkeypatch.setattr(problems, "make_page", lambda *_, **__: 1 / 0)
    with caplog.at_level(logging.ERROR):
        answer = await ask(memory, "dashboard")
    assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")
    assert "cannot be shown as a page" in caplog.text


async def test_the_first_page_says_what_it_is_shown_without(memory: Memory) -> None:
    """What it cannot do without is there, and nothing is said to be well that nobody could look at."""
    memory.policies, memory.rows = [policy("m")], [row("m")]
    memory.away = TransientError("storage is slow")
    answer = await ask(memory, "dashboard")
    text = _text(parsed(answer))
    assert answer.status_code == 200
    for missing in ("what came in lately", "runs of the fleets", "holds of fleets", "could not be used"):
        assert missing in text
    assert "Nothing does, as far as can be read just now" in text
    assert "whatever came in could be used" not in text
    assert "20.0 % of 45.0 % allowed" in text


@pytest.mark.usefixtures("_by_person")
async def test_holds_of_a_fleet_are_shown_to_those_whose_models_they_hold(memory: Memory) -> None:
    """With the order that lifts them; one that was lifted or is over is none."""
    memory.policies = [policy("mine", labels={"origin": "JFK"}, operators=["ops"]), policy("x", operators=["others"])]
    told: dict[str, Any] = {"fleet": "demo", "by": "ana", "at": NOW}
    memory.held = [
        FleetHold(scope="label:origin=JFK", select={"origin": ("JFK",)}, reason="audit", **told),
        FleetHold(scope="label:origin=LGA", select={"origin": ("LGA",)}, reason="others' business", **told),
        FleetHold(scope="fleet:demo", select={}, reason="was lifted", lifted=True, **told),
        FleetHold(scope="label:a=b", select={}, reason="is over", until=NOW, **told),
    ]
    text = _text(parsed(await ask(memory, "dashboard", headers=_as("bob", groups="ops"))))
    assert "origin=JFK in the fleet demo" in text
    assert "1 model now, and whichever come later" in text
    assert 'signalbox resume --fleet demo --select origin=JFK --reason "…" --app http://app.example' in text
    for other in ("others' business", "was lifted", "is over"):
        assert other not in text


@pytest.mark.usefixtures("_by_person")
async def test_a_hold_of_several_values_tells_each_reader_of_their_own(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the hold nor the order that lifts it names a label's value that no model of theirs has."""
    memory.policies = [policy("mine", labels={"origin": "JFK"}, operators=["ops"])]
    monkeypatch.setattr(sight, "_parts", lambda: (SimpleNamespace(models=memory.policies),))
    hold = FleetHold(
        fleet="demo", scope="label:origin=JFK|SECRET", select={"origin": ("JFK", "SECRET")}, by="ana", reason="audit",
        at=NOW,
    )  # fmt: skip
    memory.held = [hold]
    answer = await ask(memory, "dashboard", headers=_as("bob", groups="ops"))
    assert "origin=JFK in the fleet demo" in _text(parsed(answer))
    assert "SECRET" not in answer.get_body().decode()


@pytest.mark.parametrize("query", [{"after": "-1"}, {"after": "9" * 400}, {"after": "1e5"}, {EVIL: EVIL}, {"": ""}])
@pytest.mark.parametrize("door", ["dashboard", "dashboard_models", "dashboard_datasets", "dashboard_arrivals"])
async def test_nonsense_in_an_address_is_no_fault(memory: Memory, door: str, query: dict[str, str]) -> None:
    """It narrows nothing, and is not shown as anything but text."""
    memory.policies, memory.rows = [policy("m", labels={"only": "one"})], [row("m", mape=None, figures={})]
    answer = await ask(memory, door, query={**query, "rows": EVIL, "columns": EVIL, "outcome": EVIL, "channel": EVIL})
    assert answer.status_code == 200
    parsed(answer)
