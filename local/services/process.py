"""Start, watch and end one local service: a real process with a port, a health check and a log file of its own.

All processes of the local stack are supervised by this module and nothing else. Each is ended with its parent however
the parent ends (see ``guardian``). What can go wrong at a start is told apart and named: ``PortInUse`` before anything
is started, ``ServiceFailed`` when the process ends or does not become ready, with the end of its log.
"""

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from local.services.loopback import HOST, LocalServiceError, Port, PortInUse, answers, port_holder, port_is_free

__all__ = [
    "HOST",
    "LocalServiceError",
    "Port",
    "PortInUse",
    "RunningService",
    "Service",
    "ServiceFailed",
    "check_ports",
    "describe_exit",
    "local_environment",
    "port_is_free",
]

GUARDIAN = Path(__file__).with_name("guardian.py")
LOG_LIMIT_BYTES = 5_000_000
LOG_LINES_SHOWN = 15
POLL_SECONDS = 0.1
REPORT_TIMEOUT_SECONDS = 15.0

type HealthCheck = str | Callable[[], bool]


class ServiceFailed(LocalServiceError):  # noqa: N818 - names the condition
    """A service ended, or was not ready in time; carries the exit code (None: still running) and the log's end."""

    def __init__(self, service: "Service", reason: str, exit_code: int | None, tail: str) -> None:
        shown = f"\n--- last lines of {service.log}\n{tail}\n---" if tail else " (the log is empty)"
        super().__init__(f"{service.name} {reason}. {service.remedy} Log file: {service.log}{shown}")
        self.service = service.name
        self.exit_code = exit_code
        self.log = service.log


@dataclass(frozen=True)
class Service:
    """How to run one service.

    ``health`` is a URL that answers 2xx, or a function that says whether the service is ready. ``env`` is added to
    this process's environment. ``grace`` is how long it may take to end itself before it is killed, in seconds.
    ``holds`` are descriptors kept open by its guardian until the service has really ended (the stack's lock).
    """

    name: str
    argv: tuple[str, ...]
    log: Path
    health: HealthCheck
    ports: tuple[Port, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    ready_timeout: float = 60.0
    grace: float = 10.0
    holds: tuple[int, ...] = ()
    remedy: str = "See the end of its log."


def check_ports(service: Service) -> None:
    """Raise ``PortInUse`` for the first port of a service that is taken."""
    for port in service.ports:
        if not port_is_free(port.number):
            raise PortInUse(service.name, port, port_holder(port.number))


class RunningService:
    """One service and its present process; can be started again after it has ended."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._guardian: subprocess.Popen[bytes] | None = None
        self._pid: int | None = None
        self._log_start = 0

    @property
    def alive(self) -> bool:
        """Whether the service's process runs."""
        return self._guardian is not None and self._guardian.poll() is None

    @property
    def pid(self) -> int | None:
        """The process id of the service itself (not of its guardian); None before its first start."""
        return self._pid

    @property
    def exit_code(self) -> int | None:
        """The exit code of the last process (128 + n: ended by signal n); None while it runs or before a start."""
        return None if self._guardian is None else self._guardian.poll()

    def start(self) -> None:
        """Start the process and return at once; ``PortInUse`` if a port is taken. A running service stays as it is."""
        if self.alive:
            return
        self._close_pipe()
        check_ports(self.service)
        with self._open_log() as log:
            self._launch(log)

    def wait_ready(self) -> None:
        """Wait until the health check succeeds; ``ServiceFailed`` if the process ends first, or takes too long."""
        deadline = time.monotonic() + self.service.ready_timeout
        while True:
            if not self.alive:
                raise self.failure(f"ended before it was ready ({describe_exit(self.exit_code)})")
            if self.healthy():
                return
            if time.monotonic() > deadline:
                raise self.failure(f"was not ready after {self.service.ready_timeout:g} s")
            time.sleep(POLL_SECONDS)

    def healthy(self) -> bool:
        """Ask the health check once."""
        check = self.service.health
        return answers(check) if isinstance(check, str) else check()

    def stop(self) -> None:
        """End the service in an orderly way, after the grace period by force; returns when it has ended."""
        self._close_pipe()
        if self.alive:
            self._await_end(self.service.grace + 5.0)

    def kill(self) -> None:
        """Kill the service's process group with SIGKILL, as a crash would, and wait until it has gone."""
        if self._pid is not None and self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._pid, signal.SIGKILL)
            self._await_end(10.0)
        self._close_pipe()

    def restart(self) -> None:
        """Stop if it runs, start, and wait until it is ready."""
        self.stop()
        self.start()
        self.wait_ready()

    def failure(self, reason: str) -> ServiceFailed:
        """The error that says what happened to this service, with the end of the log of its present run."""
        return ServiceFailed(self.service, reason, self.exit_code, self.log_tail())

    def log_tail(self, lines: int = LOG_LINES_SHOWN) -> str:
        """The last lines that this run has written to its log."""
        with contextlib.suppress(FileNotFoundError), self.service.log.open("rb") as log:
            size = log.seek(0, os.SEEK_END)
            log.seek(max(self._log_start, size - 16_384))
            return "\n".join(log.read().decode(errors="replace").splitlines()[-lines:])
        return ""

    def _open_log(self) -> IO[bytes]:
        """Open the log for appending; one that has grown too large is set aside as ``<name>.1`` first."""
        path = self.service.log
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size > LOG_LIMIT_BYTES:
            path.replace(path.with_name(f"{path.name}.1"))
        log = path.open("ab")
        self._log_start = log.tell()
        return log

    def _launch(self, log: IO[bytes]) -> None:
        readable, writable = os.pipe()
        with os.fdopen(readable, "rb") as report:
            try:
                self._guardian = self._spawn_guardian(writable, log)
            finally:
                os.close(writable)
            self._pid = self._read_pid(report)

    def _spawn_guardian(self, report: int, log: IO[bytes]) -> subprocess.Popen[bytes]:
        service = self.service
        return subprocess.Popen(
            [sys.executable, "-I", str(GUARDIAN), str(report), str(service.grace), *service.argv],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=service.cwd,
            env=local_environment() | dict(service.env),
            pass_fds=(report, *service.holds),
            start_new_session=True,  # Ctrl-C in the terminal reaches the stack, which stops things in order
        )

    def _read_pid(self, report: IO[bytes]) -> int | None:
        ready, _, _ = select.select([report], [], [], REPORT_TIMEOUT_SECONDS)
        line = report.readline() if ready else b""
        return int(line) if line.strip() else None  # empty: the command could not be started; wait_ready tells why

    def _await_end(self, timeout: float) -> None:
        assert self._guardian is not None
        try:
            self._guardian.wait(timeout)
        except subprocess.TimeoutExpired:
            if self._pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._pid, signal.SIGKILL)
            self._guardian.kill()
            self._guardian.wait(5.0)

    def _close_pipe(self) -> None:
        """Let go of the pipe that keeps the service running."""
        if self._guardian is not None and self._guardian.stdin is not None:
            self._guardian.stdin.close()


def describe_exit(code: int | None) -> str:
    """An exit code in words."""
    if code is not None and code > 128 and code - 128 in set(signal.Signals):
        return f"killed by {signal.Signals(code - 128).name}"
    return f"exit code {code}"


def local_environment() -> dict[str, str]:
    """This process's environment for services: unbuffered logs, and no proxy between programs of one machine."""
    environment = dict(os.environ)
    for name in ("SIGNALBOX_APP", "SIGNALBOX_KEY", "SIGNALBOX_TOKEN", "SIGNALBOX_ENTRA"):
        environment.pop(name, None)  # the command line's, for another app: no service needs to know a token
    environment.pop("AZUREML_CURRENT_CLOUD", None)  # azure-ai-ml leaves it behind, and cannot be imported with it
    present = [entry for entry in environment.get("NO_PROXY", environment.get("no_proxy", "")).split(",") if entry]
    bypass = ",".join(dict.fromkeys([*present, HOST, "localhost"]))
    return environment | {"NO_PROXY": bypass, "no_proxy": bypass, "PYTHONUNBUFFERED": "1"}
