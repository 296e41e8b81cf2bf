"""Reload on change: notices that a file of the app changed, and puts a fresh process in place of this one.

The worker library and the app's modules live in globals, so nothing less than a new process image loads the new code.
The process keeps its id, its terminal and its port.
"""

import asyncio
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_POLL_SECONDS = 0.5
_WATCHED_NAMES = frozenset({"host.json", "local.settings.json", "requirements.txt"})
_SKIPPED = frozenset({"__pycache__", "node_modules", "site-packages"})

type Stamps = Mapping[Path, tuple[int, int]]


class AppFiles:
    """The files of an app whose change makes a difference to the host.

    Args:
        directory: the app's.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._stamps = self._read()

    async def changed(self, poll_seconds: float = _POLL_SECONDS) -> tuple[Path, ...]:
        """Wait until files have changed, come or gone, and have then been left alone for one look; gives which."""
        # Polled: the standard library has no other way to notice a change of a file.
        while (now := await asyncio.to_thread(self._read)) == self._stamps:  # noqa: ASYNC110 - as said
            await asyncio.sleep(poll_seconds)
        # An editor writes in several steps, and a checkout many files.
        while True:
            await asyncio.sleep(poll_seconds)
            later = await asyncio.to_thread(self._read)
            if later == now:
                break
            now = later
        paths = sorted(path for path in {*self._stamps, *now} if self._stamps.get(path) != now.get(path))
        self._stamps = now
        return tuple(paths)

    def _read(self) -> Stamps:
        return dict(_stamps(self._directory))


@dataclass(frozen=True)
class Beginning:
    """How this process was started: taken before the app adds its settings and becomes the working directory."""

    directory: str = field(default_factory=os.getcwd)
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))

    def repeat(self, arguments: Sequence[str]) -> None:
        """Begin again in this process, with the same command and more ``arguments``; does not return."""
        sys.stdout.flush()
        sys.stderr.flush()
        os.chdir(self.directory)
        # The interpreter finds its environment by its own path, so that must not be relative.
        command = [sys.executable, *sys.orig_argv[1:], *arguments]
        os.execve(sys.executable, command, dict(self.environment))  # noqa: S606 - our own command again


def _stamps(directory: Path) -> Iterator[tuple[Path, tuple[int, int]]]:
    for root, folders, files in os.walk(directory):
        # Hidden folders hold state, environments and version control.
        folders[:] = [name for name in folders if not name.startswith(".") and name not in _SKIPPED]
        if "pyvenv.cfg" in files:
            folders.clear()
            continue
        for name in files:
            if name.endswith(".py") or name in _WATCHED_NAMES:
                path = Path(root, name)
                try:
                    found = path.stat()
                except OSError:
                    continue  # gone since it was listed
                yield path, (found.st_mtime_ns, found.st_size)
