"""A local host in its own process, since the worker library keeps its app in globals: no test loads one in its own."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

import httpx

from tests.local.host import apps

REPOSITORY = Path(__file__).parents[3]
APPS = Path(apps.__path__[0])
START_SECONDS = 40.0


def eventually[T](probe: Callable[[], T | None], what: str, seconds: float = 60.0) -> T:
    """Poll until ``probe`` gives something other than None or False."""
    deadline = time.monotonic() + seconds
    while not (found := probe()):
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds} s"
        time.sleep(0.02)
    return found


def copy_app(name: str, directory: Path) -> Path:
    """A copy of the test app ``name`` in ``directory``, to run and to leave files in."""
    target = directory / name
    shutil.copytree(APPS / name, target, ignore=shutil.ignore_patterns("__pycache__"))
    return target


class RunningHost:
    """``python -m local.host`` on a free port, with everything that it prints.

    Args:
        app: directory of the app.
        arguments: more arguments.
        environment: more environment variables.
    """

    def __init__(self, app: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
        self.app = app
        handle, log = tempfile.mkstemp(suffix=".log", dir=app.parent)
        self._log = Path(log)
        self._last_words: str | None = None
        with open(handle, "w") as output:  # noqa: PTH123 - it is a file descriptor
            self.process = subprocess.Popen(
                self.command(*arguments),
                cwd=self.directory(),
                env={**os.environ, **(environment or {})},
                stdout=output,
                stderr=output,
            )
        self.url = ""

    def command(self, *arguments: str) -> list[str]:
        """The command line."""
        return [sys.executable, "-m", "local.host", "--app", str(self.app), "--port", "0", *arguments]

    def directory(self) -> Path:
        """Where the command runs."""
        return REPOSITORY

    @property
    def output(self) -> str:
        """Everything printed and logged so far."""
        return self._log.read_text() if self._last_words is None else self._last_words

    def __enter__(self) -> Self:
        eventually(self._is_ready, "the start of the host", START_SECONDS)
        self.client = httpx.Client(base_url=self.url, timeout=20, trust_env=False)
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        try:
            if self.process.poll() is None:
                self.stop()
        finally:
            # The app may lie in the repository: no file is left beside it.
            self._last_words = self.output
            self._log.unlink()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Signal the process and give its exit code."""
        self.process.send_signal(number)
        try:
            return self.process.wait(25)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)
            raise

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, self.output
        found = re.findall(r"Ready on http://localhost:(\d+)", self.output)
        if found:
            self.url = f"http://127.0.0.1:{found[-1]}"
        return bool(found)
