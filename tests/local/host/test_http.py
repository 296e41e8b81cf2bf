"""HTTP triggers, through a running host."""

import asyncio
import re
import socket
from typing import Any

import httpx
import pytest

from tests.local.host.running_host import RunningHost, eventually


def test_a_function_sees_the_whole_request(web: RunningHost) -> None:
    """Method, full URL, headers, query, route parameters and the raw bytes of the body arrive unchanged."""
    body = bytes(range(256))
    answer = web.client.put("/api/echo/alice/7?a=1&b=x%20y", content=body, headers={"X-Mine": "yes"})
    seen = answer.json()
    assert answer.status_code == 200
    assert seen["method"] == "PUT"
    assert seen["url"] == f"{web.url}/api/echo/alice/7?a=1&b=x%20y"
    assert seen["headers"]["x-mine"] == "yes"
    assert seen["query"] == {"a": "1", "b": "x y"}
    assert seen["route"] == {"name": "alice", "count": "7"}
    assert seen["body"].encode("latin-1") == body


def test_repeated_query_values_are_joined_and_empty_ones_left_out(web: RunningHost) -> None:
    """The host joins repeated parameters by commas and drops empty ones, as the real one does."""
    assert web.client.get("/api/echo/a?x=1&x=2&empty=").json()["query"] == {"x": "1,2"}


def test_an_optional_route_parameter_may_be_absent(web: RunningHost) -> None:
    """Without the optional parameter the route matches and the parameter is not there."""
    assert web.client.get("/api/echo/alice").json()["route"] == {"name": "alice"}


def test_route_values_are_decoded_but_for_slashes(web: RunningHost) -> None:
    """Percent-encoding is undone in a route value, except that of a slash, which would split the segment."""
    assert web.client.get("/api/echo/caf%C3%A9%20au%2Flait").json()["route"]["name"] == "café au%2Flait"


def test_a_constraint_that_does_not_hold_is_no_match(web: RunningHost) -> None:
    """``{count:int?}`` refuses text."""
    assert web.client.get("/api/echo/alice/seven").status_code == 404


def test_a_literal_route_wins_over_a_parameter(web: RunningHost) -> None:
    """``echo/fixed`` is served by the more literal of two routes that match."""
    assert web.client.get("/api/echo/fixed").json() == "literal"
    assert web.client.post("/api/echo/fixed").json()["route"] == {"name": "fixed"}


def test_a_catch_all_takes_the_rest_of_the_path(web: RunningHost) -> None:
    """``{*path}`` matches over slashes, and nothing at all."""
    assert web.client.get("/api/files/a/b/c.txt").json() == "a/b/c.txt"
    assert web.client.get("/api/files").json() is None


def test_literals_match_without_case(web: RunningHost) -> None:
    """``/API/Greeting`` reaches ``greeting``."""
    assert web.client.get("/API/Greeting").text == "hello from the settings"


def test_text_becomes_a_plain_response(web: RunningHost) -> None:
    """A function that returns a string answers 200 as text; local.settings.json reached its environment."""
    answer = web.client.get("/api/greeting")
    assert (answer.status_code, answer.text) == (200, "hello from the settings")
    assert answer.headers["content-type"].startswith("text/plain")


def test_status_headers_cookies_and_bytes_come_back(web: RunningHost) -> None:
    """Everything that a function puts into its HttpResponse reaches the caller."""
    answer = web.client.post("/api/teapot")
    assert answer.status_code == 418
    assert answer.headers["x-kind"] == "tea"
    assert answer.headers["content-type"] == "application/x-tea"
    assert answer.content == bytes(range(256))
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith("cup=full;")
    assert {"path=/", "httponly", "samesite=lax"} <= {part.strip() for part in cookie.split(";")[1:]}


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/api/nothing"), ("GET", "/greeting"), ("POST", "/api/greeting"), ("HEAD", "/api/greeting"), ("GET", "/")],
)
def test_what_no_route_takes_is_404(web: RunningHost, method: str, path: str) -> None:
    """An unknown path, a missing prefix, and a method that the route does not take: 404, as on Azure."""
    assert web.client.request(method, path).status_code == 404


def test_a_route_without_methods_takes_all_of_them(web: RunningHost) -> None:
    """HEAD and OPTIONS reach a function that names no methods; HEAD has no body."""
    head = web.client.head("/api/echo/alice")
    assert (head.status_code, head.content) == (200, b"")
    assert web.client.options("/api/echo/alice").json()["method"] == "OPTIONS"


def test_a_body_up_to_the_limit_passes_and_a_larger_one_is_413(web: RunningHost) -> None:
    """The limit holds with a content length and for a chunked body, and the answer names the setting."""
    assert len(web.client.post("/api/echo/a", content=b"x" * 100_000).json()["body"]) == 100_000
    announced = httpx.post(f"{web.url}/api/echo/a", content=b"x" * 100_001)
    chunked = httpx.post(f"{web.url}/api/echo/a", content=(b"x" * 1000 for _ in range(101)))
    assert (announced.status_code, chunked.status_code) == (413, 413)
    assert "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT" in announced.text


def test_a_function_that_raises_answers_500_and_is_logged(web: RunningHost) -> None:
    """The caller gets an empty 500; the log has the exception's type and text."""
    answer = web.client.get("/api/fail")
    assert (answer.status_code, answer.content) == (500, b"")
    eventually(lambda: "ValueError: no tea left (" in web.output, "the log line")
    line = next(line for line in web.output.splitlines() if "no tea left" in line)
    assert "WARNING" in line
    assert "fail failed (id=" in line
    assert re.search(r"web/function_app\.py:\d+\)$", line)


def test_a_function_cannot_end_the_host(web: RunningHost) -> None:
    """``sys.exit()`` in a function, or its own cancellation, fails that invocation only."""
    assert web.client.get("/api/leave").status_code == 500
    assert web.client.get("/api/cancels").status_code == 500
    assert web.client.get("/api/greeting").status_code == 200


def test_a_binding_that_is_not_served_fails_loudly(web: RunningHost) -> None:
    """A function with a table output is named at start and fails when it runs, instead of losing rows."""
    assert "to_table: the local host does not serve table" in web.output
    assert web.client.post("/api/table").status_code == 500
    eventually(lambda: "UnservedBinding" in web.output, "the log line")


def test_a_connection_that_no_setting_describes_fails_loudly(web: RunningHost) -> None:
    """Told at the start, and again by each invocation; nothing is lost silently."""
    assert "binding message: the connection NoSuchSetting names a setting that does not exist" in web.output
    assert web.client.post("/api/queue").status_code == 500
    eventually(lambda: "to_queue failed (id=" in web.output, "the log line")


def test_a_return_that_cannot_be_sent_is_told_with_its_remedy(web: RunningHost) -> None:
    """500, and the log names function, type and what it may return."""
    assert web.client.get("/api/unsendable").status_code == 500
    eventually(lambda: "unsendable failed (id=" in web.output, "the log line")
    line = next(line for line in web.output.splitlines() if "unsendable failed" in line)
    assert "dict" in line
    assert (
        "What function unsendable returned, or set an output to, cannot be sent: it must be func.HttpResponse" in line
    )


async def test_requests_run_side_by_side(web: RunningHost) -> None:
    """While slow requests wait, a quick one is answered: the quick one ends first."""
    order: list[str] = []

    async def ask(client: httpx.AsyncClient, path: str) -> None:
        assert (await client.get(path)).status_code == 200
        order.append(path)

    async with httpx.AsyncClient(base_url=web.url, timeout=20) as client:
        slow = [asyncio.create_task(ask(client, "/api/slow?seconds=1")) for _ in range(5)]
        await ask(client, "/api/greeting")
        await asyncio.gather(*slow)
    assert order[0] == "/api/greeting"


def test_the_health_check_says_running(web: RunningHost) -> None:
    """GET /admin/host/status is what others wait for."""
    status: dict[str, Any] = web.client.get("/admin/host/status").json()
    assert status["state"] == "Running"


def test_the_callers_trace_context_reaches_the_function(web: RunningHost) -> None:
    """A W3C traceparent and tracestate are handed on; a malformed one is left out."""
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    good = web.client.get("/api/trace", headers={"traceparent": parent, "tracestate": "a=1"})
    bad = web.client.get("/api/trace", headers={"traceparent": "nonsense"})
    assert (good.json(), bad.json()) == ([parent, "a=1"], ["", ""])


def test_a_caller_that_goes_away_harms_nothing(web: RunningHost) -> None:
    """A connection that closes in the middle of a body leaves no traceback in the log."""
    port = int(web.url.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(b"POST /api/echo/a HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhalf")
    assert web.client.get("/api/greeting").status_code == 200
    assert "Traceback" not in web.output
