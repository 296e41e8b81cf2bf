"""Queue and blob triggers and bindings, through a running host on a real Azurite."""

import base64
import contextlib
import json
import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

from tests.local.host.running_host import RunningHost, copy_app, eventually

pytestmark = pytest.mark.stack
TIMEOUTS: dict[str, Any] = {"connection_timeout": 5, "read_timeout": 20}
BLOBS_HOOK = "/runtime/webhooks/blobs"
NOTIFICATION = {"aeg-event-type": "Notification"}


@pytest.fixture(scope="module")
def queues(azurite: str) -> Iterator[QueueServiceClient]:
    """Azurite's queues."""
    with QueueServiceClient.from_connection_string(azurite, **TIMEOUTS) as client:
        yield client


@pytest.fixture(scope="module")
def blobs(azurite: str) -> Iterator[BlobServiceClient]:
    """Azurite's blobs, with the containers that the app watches."""
    with BlobServiceClient.from_connection_string(azurite, **TIMEOUTS) as client:
        for name in ("landing", "poisoned", "pushed", "inbox"):
            try:
                client.create_container(name)
            except ResourceExistsError:
                continue
        yield client


@pytest.fixture(scope="module")
def storage(azurite: str, blobs: BlobServiceClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHost]:
    """The app ``storage`` on Azurite."""
    app = copy_app("storage", tmp_path_factory.mktemp("host"))
    with RunningHost(app, environment={"AzureWebJobsStorage": azurite}) as host:
        yield host


def put(queues: QueueServiceClient, queue: str, body: bytes) -> None:
    """Send a message as .NET and Python clients of Functions do: in base64."""
    client = queues.get_queue_client(queue)
    with contextlib.suppress(ResourceExistsError):
        client.create_queue()
    client.send_message(base64.b64encode(body).decode())


def taken(queues: QueueServiceClient, queue: str, count: int = 1) -> list[bytes]:
    """Wait for messages in a queue, and take them out."""
    client, found = queues.get_queue_client(queue), list[bytes]()

    def look() -> bool:
        try:
            for message in client.receive_messages(max_messages=32):
                found.append(base64.b64decode(message.content))
                client.delete_message(message)
        except ResourceNotFoundError:
            return False
        return len(found) >= count

    eventually(look, f"{count} messages in {queue}")
    return found


def left(queues: QueueServiceClient, queue: str) -> int:
    """How many messages a queue holds, also hidden ones."""
    return int(queues.get_queue_client(queue).get_queue_properties().approximate_message_count or 0)


def seen(host: RunningHost, **like: Any) -> list[dict[str, Any]]:
    """What the app recorded that is like this."""
    records: list[dict[str, Any]] = host.client.get("/api/seen").json()
    return [record for record in records if all(record.get(k) == v for k, v in like.items())]


def test_a_message_is_one_invocation_and_then_gone(storage: RunningHost, queues: QueueServiceClient) -> None:
    """The body arrives decoded, with id, dequeue count and times; afterwards the queue is empty."""
    body = f"order {uuid.uuid4()}"
    put(queues, "orders", body.encode())
    (record,) = eventually(lambda: seen(storage, body=body), "the message")
    assert (record["tries"], record["times"], bool(record["id"])) == (1, [True, True], True)
    eventually(lambda: left(queues, "orders") == 0, "an empty queue")


def test_bytes_that_are_no_text_arrive_as_they_are(storage: RunningHost, queues: QueueServiceClient) -> None:
    """A body that is no UTF-8 is passed as bytes."""
    put(queues, "orders", bytes([0, 255, 254]) + b"raw")
    eventually(lambda: seen(storage, body="\x00\xff\xferaw"), "the message")


def test_a_failed_message_comes_again(storage: RunningHost, queues: QueueServiceClient) -> None:
    """At once, with a higher dequeue count."""
    body = f"once {uuid.uuid4()}"
    put(queues, "orders", body.encode())
    eventually(lambda: len(seen(storage, body=body)) == 2, "the second try")
    assert [record["tries"] for record in seen(storage, body=body)] == [1, 2]


def test_a_message_that_fails_too_often_goes_to_the_poison_queue(
    storage: RunningHost, queues: QueueServiceClient
) -> None:
    """After ``maxDequeueCount`` tries (here 3), unchanged; the queue itself is then empty."""
    body = f"fail {uuid.uuid4()}"
    put(queues, "orders", body.encode())
    assert taken(queues, "orders-poison") == [body.encode()]
    assert [record["tries"] for record in seen(storage, body=body)] == [1, 2, 3]
    eventually(lambda: left(queues, "orders") == 0, "an empty queue")


def test_a_message_in_another_encoding_is_poison(storage: RunningHost, queues: QueueServiceClient) -> None:
    """What is not base64 was sent by a client with other settings: it is kept, and the function does not run."""
    queues.get_queue_client("orders").send_message("plain text!")
    client = queues.get_queue_client("orders-poison")

    def poison() -> list[str]:
        try:
            return [m.content for m in client.receive_messages(max_messages=32) if m.content == "plain text!"]
        except ResourceNotFoundError:
            return []

    eventually(poison, "the poison message")
    assert seen(storage, body="plain text!") == []


def test_an_output_binding_writes_to_a_queue_which_is_read_at_once(storage: RunningHost) -> None:
    """From HTTP through the queue to the trigger; the listener does not wait for its next poll."""
    body = f"through {uuid.uuid4()}"
    assert storage.client.post("/api/order", content=body).status_code == 202
    (record,) = eventually(lambda: seen(storage, body=body), "the message")
    assert record["tries"] == 1


def test_bindings_read_and_write_blobs_and_messages(
    storage: RunningHost, queues: QueueServiceClient, blobs: BlobServiceClient
) -> None:
    """Paths are filled from the message's JSON; the container of the output is made; a list is several messages."""
    blobs.get_blob_client("inbox", "alpha.txt").upload_blob(b"some text", overwrite=True)
    put(queues, "jobs", json.dumps({"job": {"name": "alpha"}}).encode())
    assert sorted(taken(queues, "notes", 2)) == [b"and done", b"copied alpha"]
    target = blobs.get_blob_client("outbox", "alpha.txt")
    eventually(target.exists, "the output blob")
    assert target.download_blob().readall() == b"SOME TEXT"


def test_a_blob_that_is_not_there_is_no_value(storage: RunningHost, blobs: BlobServiceClient) -> None:
    """An input binding gives None, and what is there is given whole."""
    blobs.get_blob_client("inbox", "beta.txt").upload_blob(b"beta", overwrite=True)
    assert storage.client.get("/api/read/beta").content == b"beta"
    assert storage.client.get("/api/read/nobody").status_code == 404


def test_a_scan_finds_each_version_of_a_blob_once(storage: RunningHost, blobs: BlobServiceClient) -> None:
    """A blob that matches the path runs the function, and again when it changes; others do not."""
    name = f"{uuid.uuid4()}.csv"
    blob = blobs.get_blob_client("landing", f"a/{name}")
    blobs.get_blob_client("landing", name).upload_blob(b"not in a folder")
    blob.upload_blob(b"one", metadata={"kind": "test"})
    (first,) = eventually(lambda: seen(storage, name=f"landing/a/{name}"), "the blob")
    assert (first["content"], first["length"], first["metadata"]) == ("one", 3, {"kind": "test"})
    assert first["uri"].endswith(f"/landing/a/{name}")
    blob.upload_blob(b"two", overwrite=True)
    eventually(lambda: len(seen(storage, name=f"landing/a/{name}")) == 2, "the new version")
    assert seen(storage, name=f"landing/{name}") == []


def test_blobs_do_not_come_again_after_a_restart(azurite: str, storage: RunningHost, blobs: BlobServiceClient) -> None:
    """Receipts are in the storage account: a second host of the same app takes only what is new."""
    old, new = f"{uuid.uuid4()}.csv", f"{uuid.uuid4()}.csv"
    blobs.get_blob_client("landing", f"b/{old}").upload_blob(b"old")
    eventually(lambda: seen(storage, name=f"landing/b/{old}"), "the old blob")
    with RunningHost(storage.app, environment={"AzureWebJobsStorage": azurite}) as again:
        blobs.get_blob_client("landing", f"b/{new}").upload_blob(b"new")
        eventually(
            lambda: seen(storage, name=f"landing/b/{new}") or seen(again, name=f"landing/b/{new}"), "the new blob"
        )
        assert seen(again, name=f"landing/b/{old}") == []


def test_a_blob_that_fails_too_often_is_told_in_the_poison_queue(
    storage: RunningHost, queues: QueueServiceClient, blobs: BlobServiceClient
) -> None:
    """After ``poisonBlobThreshold`` tries (here 2), with function, container, name and ETag."""
    name = f"{uuid.uuid4()}"
    blobs.get_blob_client("poisoned", name).upload_blob(b"x")
    told = json.loads(taken(queues, "webjobs-blobtrigger-poison")[0])
    etag = blobs.get_blob_client("poisoned", name).get_blob_properties().etag
    assert (told["FunctionId"], told["ContainerName"], told["BlobName"]) == (
        "Host.Functions.on_poison",
        "poisoned",
        name,
    )
    assert told["ETag"].strip('"') == etag.strip('"')
    assert len(seen(storage, function="on_poison", name=f"poisoned/{name}")) == 2


def created(container: str, name: str, etag: str) -> dict[str, Any]:
    """Event Grid's event for a blob."""
    return {
        "id": str(uuid.uuid4()),
        "topic": "/subscriptions/x",
        "subject": f"/blobServices/default/containers/{container}/blobs/{name}",
        "eventType": "Microsoft.Storage.BlobCreated",
        "eventTime": "2026-11-20T10:00:00Z",
        "data": {"api": "PutBlob", "eTag": etag, "url": f"http://127.0.0.1/devstoreaccount1/{container}/{name}"},
        "dataVersion": "1",
        "metadataVersion": "1",
    }


def test_event_grid_tells_of_a_blob(storage: RunningHost, blobs: BlobServiceClient) -> None:
    """With ``source=EventGrid``: 202, and the function runs; without an event, nothing does."""
    told, untold = str(uuid.uuid4()), str(uuid.uuid4())
    for name in (told, untold):
        blobs.get_blob_client("pushed", name).upload_blob(b"content")
    etag = blobs.get_blob_client("pushed", told).get_blob_properties().etag
    answer = storage.client.post(
        BLOBS_HOOK,
        params={"functionName": "Host.Functions.on_event"},
        json=[created("pushed", told, etag), created("elsewhere", told, etag)],
        headers=NOTIFICATION,
    )
    assert answer.status_code == 202
    eventually(lambda: seen(storage, name=f"pushed/{told}"), "the blob")
    assert seen(storage, name=f"pushed/{untold}") == []


def test_an_event_of_an_old_version_is_passed_over(storage: RunningHost, blobs: BlobServiceClient) -> None:
    """The blob has changed since: its new version has an event of its own."""
    name = str(uuid.uuid4())
    blob = blobs.get_blob_client("pushed", name)
    blob.upload_blob(b"new")
    params = {"functionName": "Host.Functions.on_event"}
    old, now = created("pushed", name, "0x1"), created("pushed", name, blob.get_blob_properties().etag)
    for event in (old, now):
        storage.client.post(BLOBS_HOOK, params=params, json=event, headers=NOTIFICATION)
    eventually(lambda: seen(storage, name=f"pushed/{name}"), "the blob")
    assert len(seen(storage, name=f"pushed/{name}")) == 1
    assert f"the blob pushed/{name} has changed since" in storage.output


def test_the_blob_webhook_answers_as_event_grid_expects(storage: RunningHost) -> None:
    """The handshake, an unknown function, and one that is not told by events."""
    hook = {"functionName": "Host.Functions.on_event"}
    shake = storage.client.post(
        BLOBS_HOOK,
        params=hook,
        json=[{"data": {"validationCode": "c0de"}}],
        headers={"aeg-event-type": "SubscriptionValidation"},
    )
    assert shake.json() == {"validationResponse": "c0de"}
    for name in ("Host.Functions.nobody", "Host.Functions.on_blob"):
        answer = storage.client.post(BLOBS_HOOK, params={"functionName": name}, json=[], headers=NOTIFICATION)
        assert answer.status_code == 404


def test_a_connection_that_does_not_exist_is_told_and_the_others_run(storage: RunningHost) -> None:
    """The message names function, setting and remedy."""
    line = next(line for line in storage.output.splitlines() if "NoSuchConnection" in line)
    assert "function on_lost: the connection NoSuchConnection names a setting that does not exist" in line
    assert 'add "NoSuchConnection": "UseDevelopmentStorage=true"' in line
    assert "on_lost: queueTrigger lost" in storage.output


def test_a_storage_that_is_down_is_told_once_and_read_again(
    azurite: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Without Azurite the host starts, serves HTTP, and says what to start."""
    down = re.sub(r"QueueEndpoint=http://127\.0\.0\.1:\d+", "QueueEndpoint=http://127.0.0.1:1", azurite)
    app = copy_app("storage", tmp_path_factory.mktemp("down"))
    with RunningHost(app, environment={"AzureWebJobsStorage": down}) as host:
        eventually(lambda: "function on_order: the queue orders at" in host.output, "the message")
        assert "Is the storage (Azurite) running?" in host.output
        assert host.client.get("/api/seen").status_code == 200
        assert host.stop() == 0
    assert host.output.count("function on_order: the queue orders at") == 1
