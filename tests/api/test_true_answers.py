"""What the running app answers is what its description says."""

import re
from functools import partial
from typing import Any

import httpx
import pytest

from functions.index import Route
from tests.api.description import EVERY_ROUTE, check_answer
from tests.api.seeded import GONE, MODEL, PLACES
from tests.local.host.running_host import eventually

pytestmark = pytest.mark.stack

_ASKED = [route for route in EVERY_ROUTE if route.method == "GET"]


@pytest.mark.parametrize("route", _ASKED, ids=lambda route: route.name)
def test_what_is_there_is_told_as_described(api: httpx.Client, route: Route) -> None:
    """Every question about what is there is answered in the described form."""
    places = PLACES.get(route.name, {})
    path = re.sub(r"\{\*?(\w+)\}", lambda found: places.get(found[1], "nothing-of-this-name"), route.path)
    answer = api.get(f"/api/{path}")
    check_answer(answer)
    assert answer.status_code == (404 if "nothing-of-this-name" in path else 200), answer.text


_ORDER: dict[str, Any] = {"reason": "a test", "by": "ana"}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (f"models/{MODEL}/hold", _ORDER, 200),
        (f"models/{MODEL}/release", {**_ORDER, "version": "9"}, 409),
        (f"models/{MODEL}/hold", {}, 400),
        (f"models/{MODEL}s/hold", _ORDER, 404),
        ("orders/hold", {**_ORDER, "fleet": "flights", "select": {"origin": "JFK"}}, 202),
        ("orders/hold", {**_ORDER, "fleet": "fligths"}, 404),
        ("datafactory/train", {"request_id": "1", "model": MODEL}, 202),
        ("datafactory/score", {"request_id": "1", "select": {"origin": "JFK"}}, 202),
        ("datafactory/condition", {"request_id": "1", "prefix": "raw/nothing/"}, 400),
        (f"observations/{MODEL}", {"version": "1", "period": "2026-W47", "figures": {"mape": 0.3}}, 202),
        (f"models/{MODEL}/versions/1/reproduce", None, 202),
        ("jobs/ivory_kite/watch", None, 202),
        ("jobs/-/watch", None, 400),
        ("events/explain", [{"operation": "train", "request_id": "2", "model": MODEL}], 200),
        ("events/explain", {"what": "is this"}, 400),
        ("operations/reconcile", None, 202),
        ("operations/retention", {"dry_run": True}, 202),
        ("operations/retire", {"models": [GONE], "confirm": True, "requested_by": "ana"}, 202),
        ("operations/retire", {"models": [MODEL], "confirm": True, "requested_by": "ana"}, 409),
        ("webhooks/mlflow", {"entity": "model_version"}, 401),
    ],
)
def test_what_is_asked_for_is_answered_as_described(api: httpx.Client, path: str, body: Any, status: int) -> None:
    """Orders, requests and what is wrong with them are answered in the described form."""
    answer = api.post(f"/api/{path}", json=body) if body is not None else api.post(f"/api/{path}")
    assert answer.status_code == status, answer.text
    check_answer(answer)
    if status == 202 and "statusQueryGetUri" in answer.text:
        check_answer(api.get(f"/api/status/{answer.json()['id']}"))


def test_the_id_of_an_answer_leads_to_its_trace(api: httpx.Client) -> None:
    """Whoever asked, and whoever was refused, finds the request under the correlation id, with what it led to."""
    caller = "4bf92f3577b34da6a3ce929d0e0e4736"
    for body, status in (({"request_id": "traced", "model": MODEL}, 202), ({"request_id": 1}, 400)):
        headers = {"traceparent": f"00-{caller}-00f067aa0ba902b7-01"}
        answer = api.post("/api/datafactory/train", json=body, headers=headers)
        assert (answer.status_code, answer.headers["x-correlation-id"]) == (status, caller)
    for correlation in (caller, api.get("/api/models/nonsense").json()["correlation_id"]):
        path = f"/api/traces/{correlation}"
        eventually(partial(_is_there, api, path), path)
        check_answer(api.get(path))
    assert "train_on_request" in api.get(f"/api/traces/{caller}").text


def _is_there(api: httpx.Client, path: str) -> bool:
    return api.get(path).status_code == 200


@pytest.mark.parametrize("asked", [("GET", "/api/nothing/here"), ("DELETE", "/api/models"), ("PUT", "/api/")])
def test_what_no_function_takes_is_the_hosts_to_answer(api: httpx.Client, asked: tuple[str, str]) -> None:
    """404 without an id, on Azure without a body as well; the local host says what is wrong."""
    answer = api.request(*asked)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert "x-correlation-id" not in answer.headers
    assert answer.json()["detail"].startswith(f"No function takes {asked[0]} {asked[1]}")
