"""`python -m benchmarks.demo`: seconds until the local stack is ready, and until raw data are released models.

Each run is a process of its own on a state of its own. The goals are limits, not comparisons: 30 s for the stack, four
minutes for the demo with everything installed.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from local.stack import Ports, Stack

ROOT = Path(__file__).parents[1]


def measure() -> dict[str, float]:
    """Seconds: `stack_ready_s`, `demo_s` from nothing, `demo_again_s` on the state of the run before."""
    with tempfile.TemporaryDirectory() as folder:
        return {
            "stack_ready_s": _stack(Path(folder) / "stack"),
            "demo_s": _demo(Path(folder) / "demo"),
            "demo_again_s": _demo(Path(folder) / "demo"),
        }


def _stack(state: Path) -> float:
    started = time.perf_counter()
    with Stack(state, ports=Ports.free()):
        return round(time.perf_counter() - started, 1)


def _demo(state: Path) -> float:
    started = time.perf_counter()
    command = [sys.executable, "-m", "local.demo", "--state", str(state)]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, timeout=600)
    return round(time.perf_counter() - started, 1)


if __name__ == "__main__":
    print(json.dumps(measure()))
