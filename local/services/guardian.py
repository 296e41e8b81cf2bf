"""Keep one service from outliving the process that started it, however that process ends.

A parent that is killed with SIGKILL cannot clean up, and neither Linux nor macOS ends its children for it. So each
service is started through this small program, which holds the read end of a pipe (its standard input) whose write
end only the parent has. The kernel closes the write end when the parent ends, for whatever reason; the guardian reads
end of file and ends the service: SIGTERM to its process group, and after the grace period SIGKILL to all of its
descendants, also those that made a session of their own. An orderly stop is the same thing: the parent closes the pipe.

Run as a plain file (``python -I guardian.py REPORT_FD GRACE_SECONDS COMMAND …``) so that it starts in a few hundredths
of a second: standard library only, ``psutil`` at the very end and only where it is installed. It writes the service's
process id to ``REPORT_FD``, and its own exit code is the service's (128 + n for a service ended by signal n).
"""

import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable

COMMAND_NOT_STARTED = 127
POLL_SECONDS = 0.05


def _family(pid: int) -> tuple[Callable[[], bool], Callable[[], None]]:
    """Two functions over all present descendants of ``pid``: does one still run, and kill them.

    Without psutil they do nothing: the process group, which nearly all of them are in, gets its signals anyway.
    """
    try:
        import psutil  # noqa: PLC0415 - only at the end of a life, to keep the start fast

        members = psutil.Process(pid).children(recursive=True)
    except Exception:  # noqa: BLE001 - no psutil (ImportError) or its own errors: the group is what is left to us
        return (lambda: False), (lambda: None)

    def running() -> bool:
        with contextlib.suppress(psutil.Error):
            return any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in members)
        return False

    def kill() -> None:
        for one in members:
            with contextlib.suppress(psutil.Error):
                one.kill()

    return running, kill


def _signal_group(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def end(service: subprocess.Popen[bytes], grace: float) -> None:
    """Ask the service's group to end, wait at most ``grace`` seconds, then kill what is left of its whole family."""
    family_runs, kill_family = _family(service.pid)
    _signal_group(service.pid, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while time.monotonic() < deadline and (service.poll() is None or family_runs()):
        time.sleep(POLL_SECONDS)
    _signal_group(service.pid, signal.SIGKILL)
    kill_family()


def _on_signal() -> int:
    """Make SIGTERM readable: the returned descriptor reports it, so that one thread can wait for both causes."""
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    signal.set_wakeup_fd(writable)
    signal.signal(signal.SIGTERM, lambda _number, _frame: None)
    return readable


def guard(command: list[str], report: int, grace: float) -> int:
    """Run ``command`` until it ends or the parent goes away; return the exit code to end with."""
    try:
        service = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    except OSError as error:
        sys.stderr.write(f"cannot start {command[0]}: {error}\n")
        return COMMAND_NOT_STARTED
    os.write(report, f"{service.pid}\n".encode())
    os.close(report)
    ending = threading.Event()
    terminated = _on_signal()

    def watch() -> None:
        select.select([0, terminated], [], [])  # the parent's pipe is at its end, or we are asked to stop
        ending.set()
        end(service, grace)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    code = service.wait()
    if ending.is_set():
        watcher.join()
    _signal_group(service.pid, signal.SIGKILL)  # helpers of a service that crashed must not keep its port
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(guard(sys.argv[3:], int(sys.argv[1]), float(sys.argv[2])))
