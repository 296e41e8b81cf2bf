"""The directory that a stack keeps everything in, for one stack at a time."""

import fcntl
import os
import time
from pathlib import Path

import psutil

from local.services.process import LocalServiceError
from local.services.secret_files import kept_secret

RELEASE_TIMEOUT_SECONDS = 30.0
POLL_SECONDS = 0.1


class StackRunning(LocalServiceError):  # noqa: N818 - names the condition
    """Another stack uses this state directory."""


class StateDirectory:
    """Paths, secrets and the lock of one stack's state."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.logs = self.root / "logs"
        self.ports_file = self.root / "ports.json"
        self._lock: int | None = None

    def acquire(self) -> int:
        """Take the directory; return the descriptor that holds the lock.

        The guardians of the services hold it too. So it is free only when the last service has ended, also after the
        stack's own process was killed: then this waits for them, up to half a minute.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.root / "stack.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            self._lock_when_free(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        self._lock = descriptor
        return descriptor

    def release(self) -> None:
        """Let the directory go."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def webhook_secret(self) -> str:
        """The secret shared by MLflow's webhook and the app: made once, kept."""
        return kept_secret(self.root / "webhook.secret")

    def _lock_when_free(self, descriptor: int) -> None:
        deadline = time.monotonic() + RELEASE_TIMEOUT_SECONDS
        while not _try_lock(descriptor):
            owner = os.pread(descriptor, 20, 0).decode()
            if owner.isdigit() and psutil.pid_exists(int(owner)):
                raise StackRunning(
                    f"The stack of process {owner} uses {self.root}. Stop it, or choose another state directory."
                )
            if time.monotonic() > deadline:
                raise StackRunning(f"Services of an earlier stack in {self.root} have not ended; see `ps` for them.")
            time.sleep(POLL_SECONDS)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
