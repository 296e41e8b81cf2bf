"""The real host in a process that is killed and started again, and an account of what each kill cut off."""

import asyncio
import json
import os
import random
import re
import shutil
import socket
import sqlite3
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

REPOSITORY = Path(__file__).parents[2]
APP = Path(__file__).parent / "app"
START_SECONDS = 90.0
STOP_SECONDS = 30.0
LIFE_SECONDS = (0.5, 1.5)
"""How long a process lives once it serves: about a second."""
KILLED_WHILE_STARTING = 0.1
"""Share of the processes that are killed before they serve."""


class KilledHost:
    """`python -m local.host`, on one port and one database over all its processes.

    Attributes:
        kills: how many processes were killed, and of these while they started: `early_kills`.
        cut_off: by key, how often an activity had left its trace when its process was killed, and was not committed.
        damage: what SQLite's check said of the file after a kill, if it found anything.
    """

    def __init__(self, folder: Path, rng: random.Random) -> None:
        self.database = folder / "durable.db"
        self.traces = folder / "traces.log"
        self.log = folder / "host.log"
        self.kills = 0
        self.early_kills = 0
        self.cut_off: Counter[str] = Counter()
        self.damage: list[str] = []
        self._rng = rng
        self._port = _free_port()
        self._processes = 0
        self._process: asyncio.subprocess.Process | None = None
        self.traces.touch()

    @property
    def url(self) -> str:
        """Base of the app's URLs; nobody may be there."""
        return f"http://127.0.0.1:{self._port}"

    async def kill_again_and_again(self, done: asyncio.Event) -> None:
        """Start a process and kill it after about a second, until `done`; a process then serves."""
        await self._start()
        while not done.is_set():
            early = self._rng.random() < KILLED_WHILE_STARTING
            pause = self._rng.uniform(0.1, 1.0) if early else self._rng.uniform(*LIFE_SECONDS)
            if not early:
                await self._until_ready()
            if await _is_set_within(done, pause):
                break
            await self._kill()
            self.early_kills += early
            await self._start()
        await self._until_ready()

    async def stop(self) -> int:
        """End the process as a user does; gives its exit code."""
        assert self._process is not None
        self._process.terminate()
        return await asyncio.wait_for(self._process.wait(), STOP_SECONDS)

    async def destroy(self) -> None:
        """Leave no process behind."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    def runs(self) -> Counter[str]:
        """By key, how often an activity left its trace."""
        return Counter(key for _, key in self._traced())

    def last_errors(self) -> str:
        """The last lines that the host logged as errors."""
        found = [line for line in self.log.read_text().splitlines() if re.search(r"\] (ERROR|CRITICAL) ", line)]
        return "; ".join(found[-3:]) or "none"

    async def _start(self) -> None:
        self._processes += 1
        environment = {**os.environ, "SOAK_TRACES": str(self.traces), "SOAK_PROCESS": str(self._processes)}
        self._start_of_log = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("a") as output:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "local.host", "--app", str(APP)),
                *("--port", str(self._port), "--state", str(self.database)),
                cwd=REPOSITORY,
                env=environment,
                stdout=output,
                stderr=output,
            )

    async def _until_ready(self) -> None:
        assert self._process is not None
        async with asyncio.timeout(START_SECONDS):
            while not re.search(r"^Ready on ", self._own_log(), re.MULTILINE):
                assert self._process.returncode is None, f"The host ended by itself:\n{self._own_log()}"
                await asyncio.sleep(0.02)

    def _own_log(self) -> str:
        """What the present process printed."""
        with self.log.open() as file:
            file.seek(self._start_of_log)
            return file.read()

    async def _kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        await self._process.wait()
        self.kills += 1
        uncommitted = self._look_at_file()
        begun = {key for process, key in self._traced() if process == self._processes}
        self.cut_off.update(begun & uncommitted)

    def _look_at_file(self) -> set[str]:
        """Check the file, and give the keys of the activities that it says are not finished.

        It looks at a copy: opening the file itself would do the recovery that the next process has to do.
        """
        with TemporaryDirectory() as folder:
            for file in self.database.parent.glob(self.database.name + "*"):
                shutil.copy(file, folder)
            connection = sqlite3.connect(Path(folder) / self.database.name)
            try:
                verdict = connection.execute("PRAGMA quick_check").fetchone()[0]
                if verdict != "ok":
                    self.damage.append(f"after kill {self.kills}: {verdict}")
                made = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'tasks'").fetchone()
                rows = connection.execute("SELECT input FROM tasks").fetchall() if made else []
            finally:
                connection.close()
        return {json.loads(row[0]) for row in rows}

    def _traced(self) -> list[tuple[int, str]]:
        lines = (line.split(" ", 1) for line in self.traces.read_text().splitlines())
        return [(int(process), key) for process, key in lines]


async def _is_set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
