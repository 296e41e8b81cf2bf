"""SIGKILL at the n-th write to a database: a crash at a chosen place, which can be repeated.

``python -m local.testing.kill AT MODULE [ARGUMENTS]`` runs a module, as ``python -m`` would, and kills its process just
before the statement number AT that writes to any SQLite file: inside a transaction, before its commit, or between two.
`until_it_ends` does that again and again, at places drawn from a seed, and then lets the program finish.
"""

import os
import runpy
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

_WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE", "COMMIT")


@dataclass(frozen=True)
class Ending:
    """How a program came to its end.

    Attributes:
        seed: where the kills were drawn from.
        kills: at which write each run was killed, in order.
        output: what the last run printed.
    """

    seed: int
    kills: tuple[int, ...]
    output: str


def until_it_ends(
    arguments: Sequence[str],
    *,
    seed: int,
    kills: int = 3,
    earliest: int = 1,
    latest: int = 60,
    environment: Mapping[str, str] | None = None,
    seconds: float = 60.0,
) -> Ending:
    """Run ``python -m`` ARGUMENTS, kill it so often at its n-th write, and let it end.

    Args:
        arguments: the module, and what it is given.
        seed: where the places of the kills are drawn from.
        kills: how often to kill; fewer when a run ends before its n-th write.
        earliest: the smallest n.
        latest: the greatest n.
        environment: added to this process's environment.
        seconds: what each run gets.

    Raises:
        AssertionError: a run failed by itself; the message has the seed, the kills and what was printed.
    """
    draw = Random(seed)  # noqa: S311 - faults, no secrets
    killed: list[int] = []
    for at in [*(draw.randint(earliest, latest) for _ in range(kills)), 0]:
        command = [sys.executable, "-m", "local.testing.kill", str(at), *arguments]
        done = subprocess.run(
            command, env={**os.environ, **(environment or {})}, capture_output=True, text=True,
            timeout=seconds, check=False,
        )  # fmt: skip
        if done.returncode == 0:
            return Ending(seed, tuple(killed), done.stdout)
        killed.append(at)
        if done.returncode != -signal.SIGKILL:
            break
    raise AssertionError(
        f"{' '.join(arguments)} failed with exit code {done.returncode} after kills at the writes {killed[:-1]} "
        f"(seed {seed}; 0 stands for none):\n{done.stdout}{done.stderr}"
    )


def arm(at: int) -> None:
    """From now on count what this process writes to SQLite files, and kill it at the n-th write."""
    left = at

    def count(statement: str) -> None:
        nonlocal left
        if statement.lstrip()[:7].upper().startswith(_WRITES):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    connect = sqlite3.connect

    def connect_and_count(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*arguments, **options)
        connection.set_trace_callback(count)
        return connection

    # The one thing patched, in a process that is made to be killed: an engine needs no hook for its own murder.
    sqlite3.connect = connect_and_count  # type: ignore[assignment]  # it has overloads


def main() -> None:
    """Arm, unless the number is 0, and become the module."""
    at, module = int(sys.argv[1]), sys.argv[2]
    if at:
        arm(at)
    sys.argv = sys.argv[2:]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
