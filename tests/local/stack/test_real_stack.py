"""A stack of real services around a stand-in for the Functions host."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from azure.storage.blob import BlobBlock, BlobServiceClient, ContainerClient

from local.stack.plan import REPOSITORY
from local.stack.ports import Ports
from local.stack.stack import ServiceName, Stack
from tests.local.services.polling import eventually
from tests.local.services.receiver import Receiver, receiving

STORAGE: tuple[ServiceName, ...] = ("azurite", "blob_events")
KILLED = """
import sys
from pathlib import Path
from local.stack import Ports, Stack
stack = Stack(Path(sys.argv[1]), ports=Ports.free(), only=("azurite", "blob_events")).up()
print("up", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """Azurite and the blob events."""
    with Stack(tmp_path, ports=Ports.free(), only=STORAGE) as one:
        yield one


@pytest.fixture
def landing(stack: Stack) -> Iterator[ContainerClient]:
    """The landing container, which the stack has made."""
    with BlobServiceClient.from_connection_string(stack.storage) as service:
        yield service.get_container_client("landing")


def seen(receiver: Receiver) -> list[tuple[str, str]]:
    """Blob name and operation of every delivered event, in the order of their sequencers."""
    events = sorted(receiver.events, key=lambda event: event["data"]["sequencer"])
    return [(event["subject"].rpartition("/blobs/")[2], event["data"]["api"]) for event in events]


def health(stack: Stack) -> dict[str, object]:
    """What the blob events report."""
    answer: dict[str, object] = httpx.get(f"{stack.blob_events_url}/health", trust_env=False).json()
    return answer


@pytest.mark.stack
def test_arrivals_reach_the_host_as_event_grid_sends_them(stack: Stack, landing: ContainerClient) -> None:
    """Every way of making a blob, replacements, a host and a service that are down, loss on demand."""
    landing.upload_blob("early.csv", b"before the host is up")
    assert eventually(lambda: health(stack)["pending"] == 1)
    with receiving(stack.ports.host) as host:
        assert eventually(lambda: seen(host) == [("early.csv", "PutBlob")])
        assert host.requests[0].path == "/runtime/webhooks/eventgrid?functionName=storage_events"
        blocks = landing.get_blob_client("dir/ä b.csv")
        blocks.stage_block("MDAw", b"1,2\n")
        blocks.commit_block_list([BlobBlock("MDAw")])
        assert eventually(lambda: len(host.events) == 2)
        assert host.events[1]["data"]["url"] == blocks.url
        assert host.events[1]["data"]["eTag"] == blocks.get_blob_properties().etag.strip('"')
        landing.get_blob_client("copy.csv").start_copy_from_url(blocks.url)
        assert eventually(lambda: len(host.events) == 3)
        # Killed between delivery and its record, it would deliver again: at least once is what Event Grid promises.
        assert eventually(lambda: health(stack)["delivered"] == 3)
        stack.kill("blob_events")
        landing.upload_blob("early.csv", b"replaced while the events are down", overwrite=True)
        stack.restart("blob_events")
        assert eventually(lambda: len(host.events) == 4)
        httpx.post(f"{stack.blob_events_url}/pause", params={"drop": "true"}, trust_env=False)
        landing.upload_blob("lost.csv", b"")
        httpx.post(f"{stack.blob_events_url}/resume", trust_env=False)
        landing.upload_blob("late.csv", b"")
        assert eventually(lambda: len(host.events) == 5)
        expected = [("early.csv", "PutBlob"), ("dir/ä b.csv", "PutBlockList"), ("copy.csv", "CopyBlob")]
        assert seen(host) == [*expected, ("early.csv", "PutBlob"), ("late.csv", "PutBlob")]
    report = health(stack)
    assert (report["delivered"], report["pending"], report["dead"], report["lost"]) == (5, 0, 0, 1)


@pytest.mark.stack
def test_a_stack_whose_process_was_killed_leaves_nothing_behind(tmp_path: Path) -> None:
    """After SIGKILL of its process its services end, and a new stack on the same state starts at once."""
    command = [sys.executable, "-c", KILLED, str(tmp_path)]
    first = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=REPOSITORY)
    assert first.stdin
    assert first.stdout
    with first.stdin, first.stdout:
        assert first.stdout.readline() == b"up\n"
        first.kill()
        first.wait(10)
        with Stack(tmp_path, only=STORAGE) as second:
            second.check()
            assert health(second)["status"] == "ok"
