"""One of our services as a real process of its own, to talk to and to kill."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil

from tests.local.services.polling import eventually

ROOT = Path(__file__).resolve().parents[3]


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class LiveService:
    """A service that can be started again on the same port and state."""

    def __init__(self, module: str, folder: Path, *arguments: str) -> None:
        self.port = free_port()
        self.state = folder / "state"
        self.log = folder / "service.log"
        options = ["--port", str(self.port), "--state", str(self.state), *arguments]
        self._command = [sys.executable, "-m", module, *options]
        self._process: subprocess.Popen[bytes] | None = None
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=60, trust_env=False)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(self._command, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
        assert eventually(self._answers), self.log.read_text()

    def _answers(self) -> bool:
        with contextlib.suppress(httpx.TransportError):
            return self.http.get("/health").status_code == 200
        assert self._process is not None
        assert self._process.poll() is None, self.log.read_text()
        return False

    @property
    def pid(self) -> int:
        """The process id of the service."""
        assert self._process is not None
        return self._process.pid

    def family(self) -> list[psutil.Process]:
        """All processes that the service has started, also those that its forkserver has."""
        return psutil.Process(self.pid).children(recursive=True)

    def kill(self) -> None:
        """End it as a power cut would: only the service itself gets the signal."""
        os.kill(self.pid, signal.SIGKILL)
        self._wait()

    def stop(self) -> int:
        """Ask it to end; return the exit code."""
        os.kill(self.pid, signal.SIGTERM)
        return self._wait()

    def _wait(self) -> int:
        assert self._process is not None
        code = self._process.wait(timeout=20)
        self._process = None
        return code

    def close(self) -> None:
        """Leave nothing behind."""
        self.http.close()
        if self._process is not None:
            self.stop()


@contextmanager
def living(service: LiveService) -> Iterator[LiveService]:
    """Start it, and end it afterwards."""
    service.start()
    try:
        yield service
    finally:
        service.close()
