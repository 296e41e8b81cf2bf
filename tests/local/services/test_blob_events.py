"""Events of blobs: their exact form, their delivery, and what is kept over restarts; no service is started."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from azure.core.exceptions import ServiceRequestError
from azure.storage.blob import BlobProperties

from local.services.blob_events.app import BlobEvents
from local.services.blob_events.arrivals import is_arrival
from local.services.blob_events.delivery import Delivery, RetryPolicy
from local.services.blob_events.event import Arrival, blob_created
from local.services.blob_events.outbox import Outbox, Seen
from tests.local.services.polling import eventually
from tests.local.services.receiver import Receiver, receiving

MOMENT = datetime(2026, 11, 20, 13, 44, 10, tzinfo=UTC)
ARRIVAL = Arrival(
    container="landing",
    name="dir/f.csv",
    url="http://127.0.0.1:10000/devstoreaccount1/landing/dir/f.csv",
    etag="0x8D1",
    api="PutBlob",
    content_type="text/csv",
    content_length=524288,
    blob_type="BlockBlob",
    modified=MOMENT,
    created=MOMENT.isoformat(),
    content_md5="aa",
)


class Shelf:
    """A source of blobs in memory; raises instead while ``away``."""

    def __init__(self) -> None:
        self.blobs: dict[str, Arrival] = {}
        self.away = False

    def put(self, name: str, etag: str = "0x1") -> None:
        """Store a blob."""
        self.blobs[name] = replace(ARRIVAL, name=name, etag=etag)

    def arrivals(self, seen: Mapping[str, Seen]) -> list[Arrival]:
        """Blobs whose ETag is not the seen one."""
        if self.away:
            raise ServiceRequestError("connection refused\nand more")
        return [blob for blob in self.blobs.values() if blob.name not in seen or seen[blob.name].etag != blob.etag]


class Clock:
    """A time that moves when told."""

    def __init__(self) -> None:
        self.now = 2e9

    def __call__(self) -> float:
        """The present moment."""
        return self.now


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    """An empty outbox."""
    box = Outbox(tmp_path / "state" / "events.db")
    yield box
    box.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A target that takes everything."""
    with receiving() as one:
        yield one


async def deliver(delivery: Delivery) -> None:
    """Try every due event once."""
    async with delivery.client() as client:
        await delivery.deliver_due(client)


async def test_an_event_is_exactly_what_event_grid_sends(outbox: Outbox, receiver: Receiver) -> None:
    """Body and headers as documented: an array with one event in the Event Grid schema."""
    outbox.record([ARRIVAL])
    await deliver(Delivery(outbox, receiver.url))
    (request,) = receiver.requests
    headers = {name.lower(): value for name, value in request.headers.items()}
    assert headers["aeg-event-type"] == "Notification"
    assert headers["aeg-delivery-count"] == "0"
    assert headers["content-type"] == "application/json; charset=utf-8"
    (event,) = request.json
    generated = [event.pop("id"), event["data"].pop("clientRequestId"), event["data"].pop("requestId")]
    generated.append(event["data"].pop("storageDiagnostics").pop("batchId"))
    assert len({*generated}) == 4
    assert event == {
        "topic": "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/local"
        "/providers/Microsoft.Storage/storageAccounts/devstoreaccount1",
        "subject": "/blobServices/default/containers/landing/blobs/dir/f.csv",
        "eventType": "Microsoft.Storage.BlobCreated",
        "eventTime": "2026-11-20T13:44:10.0000000Z",
        "data": {
            "api": "PutBlob",
            "eTag": "0x8D1",
            "contentType": "text/csv",
            "contentLength": 524288,
            "blobType": "BlockBlob",
            "url": "http://127.0.0.1:10000/devstoreaccount1/landing/dir/f.csv",
            "sequencer": "00000000000000000000000000000001",
        },
        "dataVersion": "",
        "metadataVersion": "1",
    }


def test_sequencers_order_as_strings() -> None:
    """A later event has the greater sequencer in string comparison, over powers of ten and sixteen."""
    sequencers = [blob_created(ARRIVAL, number)["data"]["sequencer"] for number in (1, 9, 10, 15, 16, 99, 100, 4096)]
    assert sequencers == sorted(sequencers)


async def test_several_events_can_travel_in_one_array(outbox: Outbox, receiver: Receiver) -> None:
    """With a batch size, one request carries several events."""
    outbox.record([replace(ARRIVAL, name=name) for name in "abc"])
    await deliver(Delivery(outbox, receiver.url, batch=2))
    assert [len(request.json) for request in receiver.requests] == [2, 1]


async def test_a_failed_delivery_is_repeated_with_the_same_event(outbox: Outbox, receiver: Receiver) -> None:
    """After a 500 the same id comes again when the pause is over, not before, and the count grows."""
    clock, policy = Clock(), RetryPolicy(scale=0.1)
    delivery = Delivery(outbox, receiver.url, policy, now=clock)
    outbox.record([ARRIVAL])
    receiver.statuses = [500]
    await deliver(delivery)
    await deliver(delivery)
    assert len(receiver.requests) == 1
    clock.now += 1.1
    await deliver(delivery)
    assert [event["id"] for event in receiver.events] == [receiver.events[0]["id"]] * 2
    assert receiver.requests[1].headers["aeg-delivery-count"] == "1"
    assert outbox.counts() == {"pending": 0, "delivered": 1, "dead": 0, "lost": 0}


async def test_events_wait_while_the_target_is_down(outbox: Outbox) -> None:
    """A refused connection is a failed attempt like others; the event arrives when the target is back."""
    clock = Clock()
    with receiving() as first:
        port = first.port
    delivery = Delivery(outbox, first.url, now=clock)
    outbox.record([ARRIVAL])
    await deliver(delivery)
    assert outbox.counts()["pending"] == 1
    with receiving(port) as second:
        clock.now += 60
        await deliver(delivery)
        assert len(second.events) == 1
    assert outbox.counts()["delivered"] == 1


@pytest.mark.parametrize(("status", "outcome"), [(400, "Bad Request"), (401, "Unauthorized")])
async def test_some_answers_are_final(outbox: Outbox, receiver: Receiver, status: int, outcome: str) -> None:
    """400 and 401 are not tried again; the event is kept as a dead letter with the reason."""
    receiver.status = status
    outbox.record([ARRIVAL])
    await deliver(Delivery(outbox, receiver.url))
    (letter,) = outbox.dead_letters()
    assert letter["deadLetterReason"] == f"Undeliverable: the target answered {status}"
    assert letter["lastDeliveryOutcome"] == outcome
    assert letter["deliveryAttempts"] == 1
    assert letter["subject"].endswith("/blobs/dir/f.csv")


async def test_attempts_end(outbox: Outbox, receiver: Receiver) -> None:
    """After the last attempt an event is a dead letter, and the target is left alone."""
    receiver.status = 503
    delivery = Delivery(outbox, receiver.url, RetryPolicy(scale=0.0, attempts=3))
    outbox.record([ARRIVAL])
    for _ in range(5):
        await deliver(delivery)
    assert len(receiver.requests) == 3
    (letter,) = outbox.dead_letters()
    assert (letter["deadLetterReason"], letter["deliveryAttempts"]) == ("MaxDeliveryAttemptsExceeded", 3)


def test_pauses_grow_on_event_grids_schedule() -> None:
    """10 s, 30 s, 1 min, … scaled, and no longer than the cap."""
    policy = RetryPolicy(scale=0.1, longest=20.0, attempts=6)
    assert [policy.pause(attempt) for attempt in range(1, 7)] == [1.0, 3.0, 6.0, 20.0, 20.0, None]


def test_an_outbox_remembers_over_a_restart(tmp_path: Path) -> None:
    """What was seen and what is pending are in the file."""
    path = tmp_path / "events.db"
    first = Outbox(path)
    first.record([ARRIVAL])
    first.close()
    second = Outbox(path)
    assert second.seen()["dir/f.csv"].etag == "0x8D1"
    assert [one.event["data"]["eTag"] for one in second.due(2e9, 10)] == ["0x8D1"]
    second.close()


async def test_pausing_delays_and_dropping_loses(outbox: Outbox, receiver: Receiver) -> None:
    """What arrives while paused comes after resuming; what arrives while dropping never comes."""
    shelf, delivery = Shelf(), Delivery(outbox, receiver.url)
    events = BlobEvents(shelf, outbox, delivery)
    await events.pause(drop=False)
    shelf.put("delayed")
    await events.poll()
    await deliver(delivery)
    assert receiver.events == []
    await events.pause(drop=True)
    shelf.put("lost")
    await events.resume()
    shelf.put("later")
    await events.poll()
    await deliver(delivery)
    assert sorted(event["subject"].rpartition("/")[2] for event in receiver.events) == ["delayed", "later"]
    assert events.health() == {
        "status": "ok",
        "paused": False,
        "dropping": False,
        "pending": 0,
        "delivered": 2,
        "dead": 0,
        "lost": 1,
    }


async def test_a_replaced_blob_is_another_event_with_a_greater_sequencer(outbox: Outbox, receiver: Receiver) -> None:
    """One event per version: none for a blob that stays, one more for a new ETag."""
    shelf, delivery = Shelf(), Delivery(outbox, receiver.url)
    events = BlobEvents(shelf, outbox, delivery)
    for etag in ("0x1", "0x1", "0x2"):
        shelf.put("f", etag)
        await events.poll()
        await deliver(delivery)
    assert [event["data"]["eTag"] for event in receiver.events] == ["0x1", "0x2"]
    first, second = (event["data"]["sequencer"] for event in receiver.events)
    assert first < second


async def test_storage_that_is_away_is_reported_and_asked_again(outbox: Outbox) -> None:
    """A failed poll shows in the health report, and the next one that succeeds clears it."""
    shelf = Shelf()
    events = BlobEvents(shelf, outbox, Delivery(outbox, "http://127.0.0.1:9/"))
    shelf.away = True
    await events.poll()
    assert events.health()["status"] == "connection refused"
    shelf.away = False
    shelf.put("f")
    await events.poll()
    assert (events.health()["status"], events.health()["pending"]) == ("ok", 1)


async def test_poller_and_deliverer_run_together(outbox: Outbox, receiver: Receiver) -> None:
    """The running service delivers an arrival without being told."""
    shelf = Shelf()
    shelf.put("f")
    events = BlobEvents(shelf, outbox, Delivery(outbox, receiver.url), poll_seconds=0.01)
    running = asyncio.create_task(events.run())
    assert await asyncio.to_thread(eventually, lambda: bool(receiver.events))
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


def listed(**changes: Any) -> BlobProperties:
    """A blob as Azurite lists it, one second after it was put."""
    fields: dict[str, Any] = {
        "etag": "0x1",
        "kind": "BlockBlob",
        "md5": b"\xaa",
        "created": MOMENT,
        "modified": MOMENT,
    } | changes
    blob = SimpleNamespace(
        etag=fields["etag"],
        blob_type=SimpleNamespace(value=fields["kind"]),
        content_settings=SimpleNamespace(content_md5=bytearray(fields["md5"])),
        creation_time=fields["created"],
        last_modified=fields["modified"],
    )
    return cast("BlobProperties", blob)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, False),
        ({"etag": "0x2", "modified": MOMENT + timedelta(seconds=1)}, False),  # metadata were set
        ({"etag": "0x2", "created": MOMENT + timedelta(seconds=1), "modified": MOMENT + timedelta(seconds=1)}, True),
        ({"etag": "0x2", "md5": b"\xbb"}, True),
        ({"etag": "0x2", "md5": b"", "modified": MOMENT + timedelta(seconds=1)}, True),  # committed from blocks
        ({"etag": "0x2", "kind": "AppendBlob"}, False),  # appended to
    ],
)
def test_only_new_content_is_an_arrival(changes: dict[str, Any], expected: bool) -> None:
    """Another ETag is a new version unless only metadata changed, or an append blob grew."""
    assert is_arrival(listed(**changes), Seen("0x1", MOMENT.isoformat(), "aa")) is expected
    assert is_arrival(listed(**changes), None)
