"""Telemetry is off again after each test, and nothing is sent to anywhere but loopback."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from shared.telemetry import azure_monitor, configure
from tests.doubles.ingestion import Ingestion


@pytest.fixture(autouse=True)
def _off(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whoever waits for an answer that does not come, waits for a shorter time."""
    monkeypatch.setattr("shared.telemetry.setup._TIMEOUT", 0.5)
    monkeypatch.setitem(azure_monitor._OPTIONS, "read_timeout", 0.5)
    yield
    configure("off")


@pytest.fixture
def ingestion(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ingestion]:
    """A place that takes telemetry, which the connection string names."""
    with Ingestion() as double:
        monkeypatch.setenv("APPLICATIONINSIGHTS_CONNECTION_STRING", double.connection_string)
        yield double
        configure("off")


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Hosts that somebody asked for or wanted to reach, loopback aside; each is refused."""
    wanted: list[str] = []
    connect, resolve = socket.socket.connect, socket.getaddrinfo

    def refused(host: str) -> bool:
        if host in ("127.0.0.1", "localhost", "::1"):
            return False
        wanted.append(host)
        return True

    def connect_only_here(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and refused(str(address[0])):
            raise OSError("refused by the test")
        connect(self, address)

    def resolve_only_here(host: Any, *args: Any, **more: Any) -> Any:
        if refused(str(host)):
            raise socket.gaierror("refused by the test")
        return resolve(host, *args, **more)

    monkeypatch.setattr(socket.socket, "connect", connect_only_here)
    monkeypatch.setattr(socket, "getaddrinfo", resolve_only_here)
    return wanted
