"""`python -m benchmarks.demo`: seconds until the local stack is ready, and until raw data are released models.

Each run is a process of its own on a state of its own. The goals are limits, not comparisons: 30 s for the stack, five
minutes for the demo of twelve models with everything installed, in 4 GB.
"""

import contextlib
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from local.stack import Ports, Stack

ROOT = Path(__file__).parents[1]
TIMEOUT_SECONDS = 600.0


def measure() -> dict[str, float]:
    """Seconds until the stack is ready and for the demo, first from nothing, then again on the same state.

    `demo_peak_mb` is what all processes of the first demo used together.
    """
    with tempfile.TemporaryDirectory() as folder:
        stack = _stack(Path(folder) / "stack")
        first, peak = _demo(Path(folder) / "demo")
        again, _ = _demo(Path(folder) / "demo")
        return {"stack_ready_s": stack, "demo_s": first, "demo_again_s": again, "demo_peak_mb": peak}


def _stack(state: Path) -> float:
    started = time.perf_counter()
    with Stack(state, ports=Ports.free()):
        return round(time.perf_counter() - started, 1)


def _demo(state: Path) -> tuple[float, float]:
    """Seconds, and the most memory (MB of 10^6 bytes) that was seen in use at one moment."""
    started, peak = time.perf_counter(), 0.0
    command = [sys.executable, "-m", "local.demo", "--state", str(state)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as demo:
        while demo.poll() is None:
            peak = max(peak, _memory(psutil.Process(demo.pid)))
            if time.perf_counter() - started > TIMEOUT_SECONDS:
                demo.terminate()
                raise TimeoutError(f"the demo had not ended after {TIMEOUT_SECONDS:.0f} s")
            time.sleep(0.5)
    if demo.returncode:
        raise subprocess.CalledProcessError(demo.returncode, command)
    return round(time.perf_counter() - started, 1), round(peak / 1e6)


def _memory(process: psutil.Process) -> float:
    """Bytes of a process and all beneath it; what several share counts once (PSS)."""
    total = 0.0
    for one in (process, *process.children(recursive=True)):
        with contextlib.suppress(psutil.Error):  # it has just ended
            total += one.memory_full_info().pss
    return total


if __name__ == "__main__":
    print(json.dumps(measure()))
