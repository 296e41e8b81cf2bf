"""Function timeouts, retry policies, HTTP limits and what is told of host.json, through a running host."""

import asyncio
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.local.host.running_host import RunningHost, copy_app, eventually


@pytest.fixture(scope="module")
def limits(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHost]:
    """The app ``limits``, whose functions may take one second."""
    app = copy_app("limits", tmp_path_factory.mktemp("host"))
    (app / "gate").touch()
    with RunningHost(app) as host:
        yield host


def logged(host: RunningHost) -> list[Any]:
    """What the app noted."""
    notes: list[Any] = host.client.get("/api/log").json()
    return notes


def test_a_coroutine_over_the_function_timeout_is_cancelled(limits: RunningHost) -> None:
    """500 to the caller, the real host's message in the log, and the function is told by a CancelledError."""
    assert limits.client.get("/api/patient").status_code == 500
    assert "cancelled" in logged(limits)
    text = "FunctionTimeoutException: Timeout value of 00:00:01 was exceeded by function: Functions.patient"
    eventually(lambda: text in limits.output, "the message")
    assert "Timeout value of 00:00:01 exceeded by function 'Functions.patient' (Id: '" in limits.output


def test_a_thread_over_the_function_timeout_is_left_behind(limits: RunningHost) -> None:
    """The caller does not wait for it, and the log says that it goes on; its end does no harm."""
    assert limits.client.get("/api/blocking").status_code == 500
    assert "thread ended" not in logged(limits)
    assert "Its thread cannot be stopped, and is left behind." in limits.output
    eventually(lambda: "thread ended" in logged(limits), "the end of the thread")
    assert "Traceback" not in limits.output


def test_a_fixed_delay_policy_runs_the_function_again(limits: RunningHost) -> None:
    """Two retries after the first try; the context tells which one it is; then it is over."""
    eventually(lambda: "stubborn is tried again in 0.0 s (retry 2)" in limits.output, "the last retry")
    eventually(lambda: limits.output.count("stubborn failed") == 3, "three failures")
    assert [entry for entry in logged(limits) if entry[0] == "stubborn"] == [["stubborn", n, 2] for n in range(3)]


def test_an_exponential_policy_ends_with_the_first_success(limits: RunningHost) -> None:
    """It succeeds at the third try, and is not run again."""
    eventually(lambda: "hopeful succeeded" in limits.output, "the success")
    assert [entry for entry in logged(limits) if entry[0] == "hopeful"] == [["hopeful", n] for n in range(3)]


def test_a_policy_that_has_no_effect_is_told(limits: RunningHost) -> None:
    """Event Grid sends again by itself: the host runs the function once, and said so at the start."""
    assert "on_event: its retry policy has no effect, since a eventGridTrigger does not" in limits.output
    event = {"id": "1", "topic": "t", "subject": "s", "eventType": "T", "eventTime": "2026-11-20T10:00:00Z",
             "data": {}, "dataVersion": "1"}  # fmt: skip
    hook = "/runtime/webhooks/eventgrid?functionName=on_event"
    answer = limits.client.post(hook, json=event, headers={"aeg-event-type": "Notification"})
    assert answer.status_code == 500
    assert logged(limits).count("event") == 1


async def test_more_requests_than_host_json_allows_are_429(tmp_path: Path) -> None:
    """Three may be outstanding, of which two run: of five at once two are refused, and three succeed in the end."""
    app = copy_app("limits", tmp_path)
    document = json.loads((app / "host.json").read_text())
    (app / "host.json").write_text(json.dumps({**document, "functionTimeout": "-1"}))
    with RunningHost(app) as host:
        async with httpx.AsyncClient(base_url=host.url, timeout=30, trust_env=False) as client:
            calls = [asyncio.create_task(client.get("/api/nap")) for _ in range(5)]
            refused = [await call for call in itertools.islice(asyncio.as_completed(calls), 2)]
            assert [answer.status_code for answer in refused] == [429, 429]
            eventually(lambda: host.output.count("napping") == 2, "two naps")
            (app / "gate").touch()
            answers = await asyncio.gather(*calls)
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 429, 429]


def test_custom_headers_are_added(limits: RunningHost) -> None:
    """``extensions.http.customHeaders`` are in each response of a function."""
    assert limits.client.get("/api/log").headers["x-content-type-options"] == "nosniff"


def test_unknown_settings_are_told_with_the_nearest_known_one(limits: RunningHost) -> None:
    """A mistyped key would otherwise silently have no effect."""
    assert "host.json: functionTimout is not a known setting and has no effect; did you mean functionTimeout?" in (
        limits.output
    )
    assert "extensions.durableTask.maxConcurrentActivityFunction is not" in limits.output
    assert "did you mean maxConcurrentActivityFunctions?" in limits.output


def test_what_a_function_logs_bears_its_invocation(limits: RunningHost) -> None:
    """The id in front of the text is that of the line that ends the invocation."""
    limits.client.get("/api/nap")
    line = next(line for line in limits.output.splitlines() if line.endswith("napping"))
    short = line.rsplit("[", 1)[1].split("]")[0]
    eventually(lambda: f"nap succeeded (id={short}" in limits.output, "the end of the invocation")
