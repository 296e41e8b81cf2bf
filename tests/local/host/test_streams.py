"""Large bodies, and apps that stream HTTP themselves."""

import hashlib
import os
from collections.abc import Iterator

import httpx
import psutil
import pytest

from tests.local.host.running_host import RunningHost, copy_app, eventually

MEGABYTE = 1024 * 1024
CHUNK = os.urandom(MEGABYTE)


@pytest.fixture(scope="module")
def streams(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHost]:
    """The app ``streams``."""
    environment = {"FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": str(MEGABYTE)}
    with RunningHost(copy_app("streams", tmp_path_factory.mktemp("host")), environment=environment) as host:
        yield host


def test_a_body_of_80_megabytes_goes_there_and_back(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Without a length beforehand, within the usual limit of 100 MB."""
    app = copy_app("web", tmp_path_factory.mktemp("host"))
    with RunningHost(app, environment={"GREETING": "hi", "TICK_SCHEDULE": "0 0 0 1 1 *"}) as host:
        answer = httpx.post(f"{host.url}/api/big", content=(CHUNK for _ in range(80)), timeout=60)
    assert answer.headers["x-length"] == str(80 * MEGABYTE)
    assert hashlib.sha256(answer.content).digest() == hashlib.sha256(CHUNK * 80).digest()


def test_a_streamed_request_is_never_in_memory_as_a_whole(streams: RunningHost) -> None:
    """200 MB pass an app that streams, over a limit that holds for others, while the process grows by far less."""
    process = psutil.Process(streams.process.pid)
    before = process.memory_info().rss
    answer = httpx.post(f"{streams.url}/api/digest/mine", content=(CHUNK for _ in range(200)), timeout=60)
    expected = hashlib.sha256()
    for _ in range(200):
        expected.update(CHUNK)
    assert answer.text == f"mine {200 * MEGABYTE} {expected.hexdigest()}"
    assert answer.headers["x-kind"] == "digest"
    assert process.memory_info().rss - before < 100 * MEGABYTE


def test_a_streamed_response_arrives_piece_by_piece(streams: RunningHost) -> None:
    """64 MB, of which the beginning can be read before the end was made."""
    size = 0
    with httpx.stream("GET", f"{streams.url}/api/count/1024", timeout=60) as answer:
        for piece in answer.iter_raw():
            size += len(piece)
    assert size == 64 * MEGABYTE


def test_a_streaming_function_that_raises_is_500(streams: RunningHost) -> None:
    """And the log has the reason."""
    assert streams.client.get("/api/broken").status_code == 500
    eventually(lambda: "ValueError: no stream today" in streams.output, "the log line")


def test_invocations_of_an_app_that_streams_are_logged(streams: RunningHost) -> None:
    """With id and duration, as all others."""
    streams.client.post("/api/digest/logged", content=b"x")
    eventually(lambda: "digest succeeded (id=" in streams.output, "the log line")
