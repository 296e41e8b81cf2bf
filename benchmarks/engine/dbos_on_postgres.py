"""DBOS on a PostgreSQL of its own, for as long as the comparison takes; absent where PostgreSQL or uv is."""

import os
import pwd
import queue
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[2]
VERSION = "3.4.0"
START_SECONDS = 300.0  # the first time uv downloads the environment
RUN_SECONDS = 120.0


class Unavailable(Exception):  # noqa: N818 - says what is the case; the comparison is then left out
    """The comparison cannot be made here; the message says why."""


class Dbos:
    """A DBOS process that runs workflows on request."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._lines: queue.Queue[str] = queue.Queue()
        assert process.stdout is not None
        threading.Thread(target=self._read, args=(process.stdout,), daemon=True).start()

    def wait_until_ready(self) -> None:
        """Wait for the first line.

        Raises:
            Unavailable: the process ended, or does not get ready.
        """
        if self._line(START_SECONDS) != "ready":
            raise Unavailable(f"DBOS {VERSION} does not start here: it is not installed, or cannot be downloaded")

    def run(self, count: int) -> float:
        """Seconds for so many workflows of three steps."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{count}\n")
        self._process.stdin.flush()
        line = self._line(RUN_SECONDS)
        if not line:
            raise RuntimeError("DBOS ended in the middle of a measurement; its messages are above.")
        return float(line)

    def _line(self, seconds: float) -> str:
        try:
            return self._lines.get(timeout=seconds)
        except queue.Empty:
            return ""

    def _read(self, output: IO[str]) -> None:
        for line in output:
            self._lines.put(line.strip())
        self._lines.put("")


@contextmanager
def dbos(folder: Path) -> Iterator[Dbos]:
    """DBOS on a fresh PostgreSQL in a folder, with the defaults of both.

    Raises:
        Unavailable: PostgreSQL, uv or DBOS is not to be had.
    """
    programs, uv = _postgres_programs(), _uv()
    with _postgres(programs, folder) as url:
        process = subprocess.Popen(
            [
                *(uv, "run", "--quiet", "--isolated", "--no-project", "--python", sys.executable),
                *("--with", f"dbos=={VERSION}", str(Path(__file__).with_name("dbos_workflows.py")), url),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            running = Dbos(process)
            running.wait_until_ready()
            yield running
        finally:
            _end(process)


@contextmanager
def _postgres(programs: Path, folder: Path) -> Iterator[str]:
    """A PostgreSQL server on a fresh cluster; gives the URL of its database."""
    owner = _owner()
    home = folder / "postgres"
    home.mkdir()
    if owner is not None:
        folder.chmod(0o755)
        shutil.chown(home, owner)
    data, port = home / "data", _free_port()
    made = subprocess.run(
        [programs / "initdb", "--pgdata", data, "--auth=trust", "--username=postgres"],
        capture_output=True, text=True, user=owner, timeout=120, check=False, cwd=home,
    )  # fmt: skip
    if made.returncode:
        raise Unavailable(f"initdb failed: {made.stderr.strip()}")
    server = subprocess.Popen(
        [programs / "postgres", "-D", data, "-p", str(port), "-k", home, "-c", "listen_addresses=127.0.0.1"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, user=owner, cwd=home,
    )  # fmt: skip
    try:
        _wait_for(port, server)
        yield f"postgresql://postgres@127.0.0.1:{port}/dbos"
    finally:
        _end(server)


def _postgres_programs() -> Path:
    """The folder of PostgreSQL's programs; Debian keeps them off the path."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    for folder in reversed(folders):
        if (folder / "postgres").exists():
            return folder
    raise Unavailable("PostgreSQL is not installed; on Debian: apt-get install postgresql")


def _uv() -> str:
    installed = ROOT / ".tools" / "uv" / "bin" / "uv"
    if found := str(installed) if installed.exists() else shutil.which("uv"):
        return found
    raise Unavailable("uv is not installed; run `make setup`")


def _owner() -> str | None:
    """Who runs PostgreSQL: it refuses root. None for whoever we are."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise Unavailable("PostgreSQL does not start here")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _end(process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)
