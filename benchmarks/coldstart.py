"""`python -m benchmarks.coldstart`: what `import function_app` costs beside importing the platform alone.

A cold start pays for every module. The two are measured in interleaved pairs of fresh interpreters, since machines are
noisy; the ratio is the median over the pairs. Bytecode is cached for both, as in an installed package.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAIRS = 15
PLATFORM = "import azure.functions, azure.durable_functions"
APP = "import function_app"
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
HEAVY = ("azure.ai.ml", "azure.data.tables", "azure.storage", "mlflow", "pandas", "polars")


def measure() -> dict[str, object]:
    """The result: `ratio`, `heavy_modules`, and the medians in seconds."""
    _seconds(PLATFORM), _seconds(APP)  # bytecode and the file system's cache are warm for both
    pairs = [(_seconds(PLATFORM), _seconds(APP)) for _ in range(PAIRS)]
    return {
        "ratio": round(statistics.median(app / platform for platform, app in pairs), 3),
        "heavy_modules": _heavy_modules(),
        "platform_s": round(statistics.median(platform for platform, _ in pairs), 3),
        "app_s": round(statistics.median(app for _, app in pairs), 3),
        "pairs": PAIRS,
    }


def _seconds(statement: str) -> float:
    started = time.perf_counter()
    # Without a timeout: with one, subprocess looks for the end every 50 ms, and figures come in steps of that size.
    subprocess.run([sys.executable, "-c", statement], cwd=ROOT, env=ENVIRONMENT, check=True)
    return time.perf_counter() - started


def _heavy_modules() -> list[str]:
    code = f"import json, sys; {APP}; print(json.dumps([name for name in {HEAVY} if name in sys.modules]))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True, timeout=60
    )
    found: list[str] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    print(json.dumps(measure()))
