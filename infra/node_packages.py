"""Packages from npm that a check needs: installed from a lock file, once, below `.tools`.

The hash of the lock file is kept beside what was installed from it. npm's install scripts do not run.
"""

import fcntl
import hashlib
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from local.services.azurite.install import DEFAULT_TOOLS, AzuriteMissing, find_node, npm_command

_TIMEOUT_SECONDS: Final = 600.0
_OPTIONS: Final = ("ci", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund")


class PackagesMissing(Exception):  # noqa: N818 - names the condition
    """They are not installed, or could not be."""


@dataclass(frozen=True)
class NodePackages:
    """What a `package-lock.json` pins.

    Attributes:
        name: Of the folder below `tools`.
        source: The folder that holds `package.json` and `package-lock.json`.
        install_with: The command that installs them, for messages.
        tools: Where tools are installed.
    """

    name: str
    source: Path
    install_with: str
    tools: Path = DEFAULT_TOOLS

    def ensure(self) -> Path:
        """Install them unless they are there; the folder `node_modules`.

        Safe to run from several processes at once, and after an interrupted run.

        Raises:
            PackagesMissing: npm could not install them, or there is no npm.
        """
        self.tools.mkdir(parents=True, exist_ok=True)
        with one_at_a_time(self.tools / f"{self.name}.lock"):
            if not self._is_current():
                self._install()
        return self.installed()

    def installed(self) -> Path:
        """The folder `node_modules`; `PackagesMissing` if it is absent or not what the lock file says."""
        if not self._is_current():
            raise PackagesMissing(f"{self.name} is not installed in {self.tools}. Run `{self.install_with}` once.")
        return self.home / "node_modules"

    @property
    def home(self) -> Path:
        """The folder of the installation."""
        return self.tools / self.name

    @property
    def _lock_hash(self) -> str:
        return hashlib.sha256((self.source / "package-lock.json").read_bytes()).hexdigest()

    def _is_current(self) -> bool:
        stamp = self.home / "installed.sha256"
        return stamp.exists() and stamp.read_text() == self._lock_hash

    def _install(self) -> None:
        aside = self.tools / f"{self.name}.partial"
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir()
        for file in ("package.json", "package-lock.json"):
            shutil.copy(self.source / file, aside)
        _run_npm(aside, self.name)
        (aside / "installed.sha256").write_text(self._lock_hash)
        shutil.rmtree(self.home, ignore_errors=True)
        aside.rename(self.home)


def _run_npm(folder: Path, name: str) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - npm, with arguments of our own
            [*npm_command(find_node()), *_OPTIONS],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    except AzuriteMissing as error:  # there is no Node or no npm, and the message says what to install
        raise PackagesMissing(str(error)) from error
    except subprocess.TimeoutExpired as error:
        told = f"npm did not finish in {_TIMEOUT_SECONDS:g} s; is its registry reachable?"
        raise PackagesMissing(told) from error
    if done.returncode:
        raise PackagesMissing(f"npm could not install {name} (exit code {done.returncode}):\n{done.stderr[-2000:]}")


@contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """Hold a lock between processes, kept in the file `path`."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
