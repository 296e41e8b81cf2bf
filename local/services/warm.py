"""Processes that start in hundredths of a second, because what they need has been imported before.

One *forkserver* per service imports the heavy modules once (scikit-learn, pandas and MLflow take 5-8 s); each process
is then a fork of it: warm, and with nothing shared afterwards. Every process is the leader of its own session, so
that it can be ended together with all that it started, and it ends when the service ends, however that happens:

* it waits for the end of the pipe that only the service holds open (works everywhere), and
* on Linux it is killed with the forkserver (``PR_SET_PDEATHSIG``), so that none runs on unseen.
"""

import asyncio
import contextlib
import ctypes
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

LOST = 255
"""Exit code that multiprocessing reports for a process whose end nobody could observe."""

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_ROOT = Path(__file__).resolve().parents[2]
_PACKAGE = __name__.partition(".")[0]


class WarmProcess:
    """A running process of a :class:`WarmPool`."""

    def __init__(self, process: ForkServerProcess, starter: ThreadPoolExecutor) -> None:
        self._process = process
        self._starter = starter
        self._ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().add_reader(process.sentinel, self._on_end)

    @property
    def pid(self) -> int:
        """The process id, which is also the id of its process group."""
        assert self._process.pid is not None, "a started process has an id"
        return self._process.pid

    def _on_end(self) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._process.sentinel)
        # Starting a process also collects ended ones: both in one thread, since an exit code can be read only once.
        with contextlib.suppress(RuntimeError):  # the pool is closed
            self._starter.submit(self._collect, loop)

    def _collect(self, loop: asyncio.AbstractEventLoop) -> None:
        self._process.join()
        code = self._process.exitcode
        with contextlib.suppress(RuntimeError):  # the loop has ended: nobody waits any more
            loop.call_soon_threadsafe(self._ended.set_result, LOST if code is None else code)

    async def wait(self) -> int:
        """Wait for the end; return the exit code, negative when a signal ended the process."""
        return await asyncio.shield(self._ended)

    async def stop(self, grace: float = 3.0) -> int:
        """End the process and all of its group: SIGTERM, and SIGKILL after ``grace`` seconds; return the exit code."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self._ended.done():
                break
            self._signal(number)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.wait(), grace)
        return await self.wait()

    def _signal(self, number: signal.Signals) -> None:
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:  # it has not made its session yet, or has just ended
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


class WarmPool:
    """Starts processes from a forkserver that has imported ``preload``.

    Set ``OMP_NUM_THREADS`` and other environment variables before the first start: the forkserver inherits them.
    """

    def __init__(self, preload: Sequence[str]) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(list(preload))
        self._starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="start-process")

    async def warm_up(self) -> None:
        """Start the forkserver and wait until its imports are done."""
        await (await self.start(_nothing)).wait()

    async def start(self, target: Callable[..., None], *args: Any, log: Path | None = None) -> WarmProcess:
        """Run ``target(*args)`` in a new process, whose output is appended to ``log``.

        ``target`` is a module-level function. The process ends with 0, with 1 after an exception, or as it exits.
        """
        process = self._context.Process(target=_live, args=(target, args, log))
        # Starting blocks while the forkserver still imports, and multiprocessing is not made for several threads.
        starting = asyncio.get_running_loop().run_in_executor(self._starter, process.start)
        try:
            await asyncio.shield(starting)
        except asyncio.CancelledError:
            await starting
            await WarmProcess(process, self._starter).stop(grace=0)
            raise
        return WarmProcess(process, self._starter)

    def close(self) -> None:
        """Free the starting thread. The forkserver ends with the service."""
        self._starter.shutdown(wait=False, cancel_futures=True)


def forget_service() -> None:
    """Hide the service's own packages from what is imported next: code of a user finds what it finds in the cloud."""
    sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != _ROOT]
    for name in [name for name in sys.modules if name.partition(".")[0] == _PACKAGE]:
        del sys.modules[name]


def _nothing() -> None:
    """Do nothing: the process is started only to wait for the forkserver's imports."""


def _live(target: Callable[..., None], args: tuple[Any, ...], log: Path | None) -> None:
    """Prepare this process, then call ``target``: the first code of every warm process."""
    os.setsid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    threading.Thread(target=_end_with_parent, daemon=True, name="end-with-parent").start()
    if log is not None:
        _redirect_output(log)
    target(*args)


def _end_with_parent() -> None:
    """Kill this process and its group as soon as the service is gone; nobody is left who would want its work."""
    parent = multiprocessing.parent_process()
    assert parent is not None, "a forked process has a parent"
    parent.join()
    os.killpg(0, signal.SIGKILL)


def _redirect_output(log: Path) -> None:
    """Send the output of this process, and of what it starts, to ``log``, line by line."""
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)
    sys.stdout = open(1, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115 - for the life of the process
    sys.stderr = open(2, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115 - for the life of the process
