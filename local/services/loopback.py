"""Ports of the loopback address: is one free, who has it, does somebody answer there."""

import http.client
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

import psutil

HOST = "127.0.0.1"
PROBE_TIMEOUT_SECONDS = 2.0


class LocalServiceError(Exception):
    """Something is wrong with a local service; the message says what to do."""


@dataclass(frozen=True)
class Port:
    """A TCP port on the loopback address, and the setting that changes it."""

    number: int
    setting: str


class PortInUse(LocalServiceError):  # noqa: N818 - reads as the condition it names, like FileExistsError's siblings
    """A service cannot start since another program listens on its port."""

    def __init__(self, service: str, port: Port, holder: str | None) -> None:
        by = f" by {holder}" if holder else ""
        super().__init__(
            f"{service} cannot start: port {port.number} is already in use{by}. "
            f"Stop that program, or choose another port with {port.setting}."
        )
        self.service = service
        self.port = port


def port_is_free(number: int) -> bool:
    """Whether a service could listen on this loopback port now."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        if probe.connect_ex((HOST, number)) == 0:  # somebody listens, perhaps on the wildcard address only
            return False
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections in TIME_WAIT do not count
        try:
            probe.bind((HOST, number))
        except OSError:
            return False
    return True


def port_holder(number: int) -> str | None:
    """Name the process that listens on a port, where the system lets us know, for an error message."""
    try:
        found = [one for one in psutil.net_connections("tcp") if one.laddr and one.laddr.port == number]
        pids = [one.pid for one in found if one.status == psutil.CONN_LISTEN and one.pid]
        return f"{psutil.Process(pids[0]).name()} (process {pids[0]})" if pids else None
    except (psutil.Error, OSError):
        return None


def answers(url: str) -> bool:
    """Whether a GET on a loopback URL is answered with 2xx; proxies of the environment are not asked."""
    status = probe(url)
    return status is not None and 200 <= status < 300


def probe(url: str) -> int | None:
    """The status that a GET on a loopback URL is answered with; None if there is no answer."""
    target = urlsplit(url)
    connection = http.client.HTTPConnection(target.hostname or HOST, target.port, timeout=PROBE_TIMEOUT_SECONDS)
    try:
        connection.request("GET", f"{target.path or '/'}?{target.query}")
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
