"""The Event Grid webhook, through a running host."""

import json
from typing import Any

import httpx
import pytest

from tests.local.host.running_host import RunningHost

HOOK = "/runtime/webhooks/eventgrid"
NOTIFICATION = {"aeg-event-type": "Notification"}


def an_event(event_id: str, **data: Any) -> dict[str, Any]:
    """An event in the Event Grid schema."""
    return {
        "id": event_id,
        "topic": "/subscriptions/x",
        "subject": "things/1",
        "eventType": "Thing.Happened",
        "eventTime": "2026-11-20T10:00:00Z",
        "data": data,
        "dataVersion": "1",
        "metadataVersion": "1",
    }


def send(web: RunningHost, body: Any, name: str = "on_event", headers: dict[str, str] = NOTIFICATION) -> httpx.Response:
    """POST a body to the webhook."""
    return web.client.post(HOOK, params={"functionName": name}, content=json.dumps(body), headers=headers)


def recorded(web: RunningHost, *ids: str) -> list[dict[str, Any]]:
    """What the function recorded of these events."""
    events: list[dict[str, Any]] = web.client.get("/api/events").json()
    return [event for event in events if event["id"] in ids]


def test_one_event_is_one_invocation(web: RunningHost) -> None:
    """An object is an event: 202, and the function ran with it."""
    assert send(web, an_event("single", n=1)).status_code == 202
    assert [(e["kind"], e["data"]) for e in recorded(web, "single")] == [("EventGridEvent", {"n": 1})]


def test_the_events_of_an_array_run_in_parallel(web: RunningHost) -> None:
    """Each event of a batch is an invocation of its own: here each one waits until all three have begun."""
    ids = [f"batch-{n}" for n in range(3)]
    answer = send(web, [an_event(i, meet=True) for i in ids])
    assert answer.status_code == 202, answer.text
    assert len(recorded(web, *ids)) == 3


def test_a_cloud_event_arrives_as_one(web: RunningHost) -> None:
    """CloudEvents 1.0 reaches the same function as a func.CloudEvent."""
    event = {"specversion": "1.0", "id": "cloud", "source": "/s", "type": "t", "time": "2026-11-20T10:00:00Z"}
    assert send(web, {**event, "data": {"n": 2}}).status_code == 202
    assert [(e["kind"], e["data"]) for e in recorded(web, "cloud")] == [("CloudEvent", {"n": 2})]


def test_one_failure_fails_the_batch_after_all_have_run(web: RunningHost) -> None:
    """500 makes Event Grid send the batch again; the good event ran nevertheless."""
    answer = send(web, [an_event("bad", fail=True), an_event("good")])
    assert answer.status_code == 500
    assert "cannot take this event" in answer.text
    assert len(recorded(web, "good")) == 1


def test_the_validation_handshake_echoes_the_code(web: RunningHost) -> None:
    """Event Grid's schema: an array with one event. As a CloudEvent: an object whose data is JSON text."""
    headers = {"aeg-event-type": "SubscriptionValidation"}
    plain = send(web, [{"data": {"validationCode": "c0de"}}], headers=headers)
    cloud = send(web, {"data": json.dumps({"validationCode": "c1oud"})}, headers=headers)
    assert plain.json() == {"validationResponse": "c0de"}
    assert cloud.json() == {"validationResponse": "c1oud"}


def test_the_cloud_events_handshake_allows_the_origin(web: RunningHost) -> None:
    """OPTIONS with WebHook-Request-Origin is answered with WebHook-Allowed-Origin."""
    params, headers = {"functionName": "on_event"}, {"WebHook-Request-Origin": "eventgrid.azure.net"}
    answer = web.client.options(HOOK, params=params, headers=headers)
    assert answer.status_code == 200
    assert answer.headers["webhook-allowed-origin"] == "eventgrid.azure.net"


@pytest.mark.parametrize("name", ["nobody", "", "greeting"])
def test_an_unknown_function_is_404(web: RunningHost, name: str) -> None:
    """No such function, no name, or a function with another trigger."""
    assert send(web, an_event("x"), name=name).status_code == 404


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ("not json", NOTIFICATION),
        ("[1, 2]", NOTIFICATION),
        ('"text"', NOTIFICATION),
        ("{}", {"aeg-event-type": "SubscriptionValidation"}),
        ("[]", {"aeg-event-type": "SubscriptionValidation"}),
        ("{}", {"aeg-event-type": "Something"}),
        ("{}", {}),
    ],
)
def test_what_is_malformed_is_400_with_a_reason(web: RunningHost, body: str, headers: dict[str, str]) -> None:
    """Event Grid does not retry a 400, so the answer says what was wrong."""
    answer = web.client.post(HOOK, params={"functionName": "on_event"}, content=body, headers=headers)
    assert answer.status_code == 400
    assert len(answer.text) > 10


def test_an_unsubscription_is_accepted(web: RunningHost) -> None:
    """Event Grid says good-bye; nothing runs."""
    assert send(web, {}, headers={"aeg-event-type": "Unsubscribe"}).status_code == 202


def test_a_batch_over_the_limit_is_413(web: RunningHost) -> None:
    """The body limit holds for events too."""
    assert send(web, an_event("large", text="x" * 100_000)).status_code == 413
