"""Whatever a room does, the caller gets an answer with the id of the request, and the log has the rest."""

import json
import logging
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import azure.functions as func
import grpc
import pytest

from functions import tracing
from functions.index import Route
from functions.triggers.door import answer_request
from functions.triggers.http import BadRequestError, Fault, answer, problem
from functions.triggers.observations import Observation
from functions.triggers.order_requests import OrderRequest
from functions.triggers.retention import RetentionRequest
from functions.triggers.retirement import RetireRequest
from functions.triggers.run_requests import RunRequest, read_body_as
from shared.errors import ConfigurationError, PermanentError, TransientError
from tests.api.description import faults

ROUTE = Route("GET", "models/{name}", "get_model", by_model=True)
TRACE = "0af7651916cd43dd8448eb211c80319c"


class _AwayError(grpc.aio.AioRpcError):  # type: ignore[misc]  # grpc has no types
    """The durable backend, as it is when it cannot be reached."""

    def __init__(self) -> None:
        super().__init__(grpc.StatusCode.UNAVAILABLE, grpc.aio.Metadata(), grpc.aio.Metadata())


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where spans would go is not looked at, and callers have a key."""
    monkeypatch.setattr(tracing, "_configure", lambda: None)
    monkeypatch.setattr("functions.triggers.callers.settings", lambda: SimpleNamespace(authentication="keys"))


async def ask(room: Any, **headers: str) -> func.HttpResponse:
    """What comes of a request for a model whose room does that."""
    url = "https://app/api/models/m?code=a-key-that-nobody-may-see"
    request = func.HttpRequest("GET", url, headers=headers, params={"code": "…"}, body=b"")

    async def run() -> func.HttpResponse:
        if isinstance(room, Exception):
            raise room
        made: func.HttpResponse = room
        return made

    return await answer_request(ROUTE, request, run)


def told(answered: func.HttpResponse) -> dict[str, Any]:
    """The problem, if it is a right one."""
    body: dict[str, Any] = json.loads(answered.get_body())
    assert answered.mimetype == "application/problem+json"
    assert not faults({"$ref": "#/components/schemas/Problem"}, body)
    assert body["correlation_id"] == answered.headers["x-correlation-id"]
    return body


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (RuntimeError("AccountKey=secret"), 500, "internal-error"),
        (KeyError("secret"), 500, "internal-error"),
        (PermanentError("Odd", "secret"), 500, "internal-error"),
        (ConfigurationError("SIGNALBOX_STORAGE: secret"), 500, "internal-error"),
        (TransientError("storage at secret is away"), 503, "unavailable"),
        (_AwayError(), 503, "unavailable"),
    ],
)
async def test_whatever_a_room_raises_is_answered(
    error: Exception, status: int, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A problem tells nothing of what is inside; the log has it under the id that the answer names."""
    with caplog.at_level(logging.ERROR):
        answered = await ask(error)
    body = told(answered)
    assert (answered.status_code, body["type"]) == (status, f"urn:signalbox:{kind}")
    assert body["instance"] == "/api/models/m"
    assert "secret" not in answered.get_body().decode()
    assert "nobody-may-see" not in answered.get_body().decode()
    assert body["correlation_id"] in body["detail"]
    assert body["correlation_id"] in caplog.text
    assert caplog.records[0].exc_info is not None


async def test_one_may_come_again_when_a_service_has_said_so() -> None:
    """What the service asked for is passed on, or else ten seconds."""
    assert (await ask(TransientError("busy", retry_after=90))).headers["Retry-After"] == "90"
    assert (await ask(TransientError("away"))).headers["Retry-After"] == "10"


async def test_what_a_room_refuses_is_told_with_its_place() -> None:
    """A refusal that leaves the room is an answer as well, with a pointer to each thing that is wrong."""
    faulty = [Fault(("select", "a/b ~ü", 0), "odd"), Fault((), "all of it")]
    body = told(await ask(BadRequestError(400, "not-json", "The body is odd", faulty)))
    assert body["title"] == "Not JSON"
    assert [one["pointer"] for one in body["errors"]] == ["#/select/a~1b%20~0%C3%BC/0", "#"]


@pytest.mark.parametrize(
    ("kind", "body", "pointers"),
    [
        (RunRequest, {"request_id": "", "colour": 1}, {"#/request_id", "#/colour"}),
        (RunRequest, {"request_id": "r", "select": {"a": [1]}}, {"#/select/a/0"}),
        (OrderRequest, {"until": "yesterday"}, {"#/reason", "#/until"}),
        (OrderRequest, {"reason": "r", "until": 1900000000, "replace": "no"}, {"#/until", "#/replace"}),
        (RunRequest, {"request_id": "r", "again": "true", "fail_on": 1}, {"#/again", "#/fail_on"}),
        (RetentionRequest, {"dry_run": "false"}, {"#/dry_run"}),
        (RetentionRequest, {"dry_run": 0}, {"#/dry_run"}),
        (RetireRequest, {"models": "m", "confirm": "yes", "requested_by": "a"}, {"#/models", "#/confirm"}),
        (
            Observation,
            {"version": 7, "period": "p", "figures": {"a": "1", "b": True}},
            {"#/version", "#/figures/a", "#/figures/b"},
        ),
    ],
)
def test_a_body_that_does_not_fit_is_told_field_by_field(kind: Any, body: dict[str, Any], pointers: set[str]) -> None:
    """Every field that is wrong is named, missing and unknown ones too; a text is not taken for a number or a no."""
    with pytest.raises(BadRequestError) as caught:
        read_body_as(kind, body, "Needed: something else.")
    assert {one["pointer"] for one in json.loads(caught.value.answer.get_body())["errors"]} == pointers


def test_a_body_that_fits_is_read() -> None:
    """Times are texts, one value may stand without a list, and a number may be whole."""
    run = read_body_as(RunRequest, {"request_id": "r", "select": {"a": ["b", "c"], "d": "e"}, "again": True}, "")
    assert (run.select, run.again) == ({"a": ("b", "c"), "d": ("e",)}, True)
    order = read_body_as(OrderRequest, {"reason": "r", "until": "2027-01-01T00:00:00Z"}, "")
    assert order.until == datetime(2027, 1, 1, tzinfo=UTC)
    seen = read_body_as(Observation, {"version": "7", "period": "p", "figures": {"mape": 1}}, "")
    assert seen.figures == {"mape": 1.0}


async def test_every_answer_leads_to_its_trace() -> None:
    """Success or not, the answer has the trace that the request came with; what is no traceparent counts as none."""
    for room in (answer(200, {}), problem(404, "unknown-model", "?"), RuntimeError()):
        answered = await ask(room, traceparent=f"00-{TRACE}-b7ad6b7169203331-01")
        assert answered.headers["x-correlation-id"] == TRACE
        assert answered.headers["traceresponse"].split("-")[1] == TRACE
    for odd in ("", "00-0-0-0", "x" * 5000, f"00-{'0' * 32}-{'0' * 16}-00"):
        fresh = (await ask(answer(200, {}), traceparent=odd)).headers["x-correlation-id"]
        assert len(fresh) == 32
        assert int(fresh, 16)


@pytest.mark.parametrize(
    ("room", "kind"),
    [
        (problem(404, "unknown-model", "AccountKey=secret"), "404 urn:signalbox:unknown-model"),
        (BadRequestError(400, "bad-request", "AccountKey=secret"), "400 urn:signalbox:bad-request"),
        (func.HttpResponse("<p>secret", status_code=404, mimetype="text/html"), "404"),
    ],
)
async def test_what_is_refused_is_in_the_log_under_its_id(
    room: Any, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """One line of the route, the problem and the id, and nothing of what the caller sent; success writes none."""
    with caplog.at_level(logging.INFO, "functions.triggers.door"):
        answered = await ask(room)
        await ask(answer(200, {}))
    (line,) = [one.getMessage() for one in caplog.records if one.name == "functions.triggers.door"]
    assert line == f"GET models/{{name}} is refused: {kind} (x-correlation-id {answered.headers['x-correlation-id']})"


async def test_an_answer_is_otherwise_as_the_room_gave_it() -> None:
    """Status, body, form and headers stay."""
    given = func.HttpResponse("<svg/>", status_code=202, mimetype="image/svg+xml", headers={"Location": "/x"})
    answered = await ask(given)
    assert (answered.status_code, answered.get_body(), answered.mimetype) == (202, b"<svg/>", "image/svg+xml")
    assert answered.headers["Location"] == "/x"


async def test_who_may_not_is_told_so_before_the_room_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal has the id as well, and nothing has happened."""
    monkeypatch.setattr("functions.triggers.callers.settings", lambda: SimpleNamespace(authentication="entra"))
    asked: list[str] = []

    async def run() -> func.HttpResponse:
        asked.append("room")
        return answer(200, {})

    request = func.HttpRequest("GET", "https://app/api/models", body=b"")
    answered = await answer_request(Route("POST", "operations/retire", "retire"), request, run)
    assert (answered.status_code, told(answered)["type"], asked) == (401, "urn:signalbox:unknown-caller", [])


@pytest.mark.parametrize(
    ("method", "site", "anonymous", "status"),
    [
        ("POST", "cross-site", False, 403),
        ("POST", "same-site", False, 403),
        ("DELETE", "Cross-Site", False, 403),
        ("POST", "same-origin", False, 200),
        ("POST", "none", False, 200),
        ("POST", None, False, 200),
        ("POST", "cross-site", True, 200),
        ("GET", "cross-site", False, 200),
        ("HEAD", "cross-site", False, 200),
    ],
)
async def test_a_page_of_another_site_changes_nothing(
    method: str, site: str | None, anonymous: bool, status: int
) -> None:
    """A browser would bring the cookie of whoever is signed in; programs, webhooks and links go on."""
    asked: list[str] = []

    async def run() -> func.HttpResponse:
        asked.append("room")
        return answer(200, {})

    headers = {"Origin": "https://evil.example", "Content-Type": "text/plain"} | (
        {"Sec-Fetch-Site": site} if site else {}
    )
    request = func.HttpRequest(method, "https://app/api/models/m/approve", headers=headers, body=b"{}")
    route = Route(method, "models/{name}/{order}", "order_model", by_model=not anonymous, anonymous=anonymous)
    answered = await answer_request(route, request, run)
    assert (answered.status_code, asked) == (status, [] if status == 403 else ["room"])
    if status == 403:
        assert told(answered)["type"] == "urn:signalbox:cross-site"
