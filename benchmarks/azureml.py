"""`python -m benchmarks.azureml`: what the adapter of Azure ML costs, as one JSON object on the last line.

The unmodified SDK talks to the double, which is a process of its own; so is what is measured.

- `import_mib`, `client_mib`, `reads_mib`: resident memory before the SDK is loaded, with its client, and after all.
- `first_read_s`: the first call, the SDK's import included. `first_submit_s`, `next_submit_s`: the example's training.
- `read_ms`: a read of a job's status, of 1,000; `reads_grow_mib`: what they left behind.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final, Literal

from local.stack import Ports, Stack
from tests.doubles.azure_ml import AzureMlDouble

ROOT: Final = Path(__file__).parents[1]
PIPELINE: Final = ROOT / "examples" / "flights" / "pipelines" / "train.yml"
_STORAGE: Final[tuple[Literal["azurite"]]] = ("azurite",)
_READS: Final = 1_000
_CONTAINER: Final = "signalbox"


def main() -> int:
    """Measure in a process of its own, and print the result."""
    if len(sys.argv) > 1:
        print(json.dumps(_measure(*sys.argv[1:])))
        return 0
    with (
        tempfile.TemporaryDirectory() as folder,
        Stack(Path(folder), ports=Ports.free(), only=_STORAGE) as stack,
        AzureMlDouble(stack.storage, _CONTAINER) as double,
    ):
        double.plan("*", hang="Running")
        command = [
            sys.executable,
            "-m",
            "benchmarks.azureml",
            stack.storage,
            double.workspace_id,
            double.url,
            double.ca,
        ]
        environment = {**os.environ, **double.environment}
        done = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    print(done.stdout.splitlines()[-1])
    return 0


def _measure(storage: str, workspace: str, url: str, ca: str) -> dict[str, Any]:
    from shared.platforms.azureml.connection import Connection, Workspace  # noqa: PLC0415 - in the measured process
    from shared.platforms.azureml.platform import AzureMlPlatform  # noqa: PLC0415 - likewise

    before = _resident_mib()
    connection = Connection(
        Workspace.parse(workspace), url=url, ca=ca, datastore=_CONTAINER, container=_CONTAINER, storage=storage
    )
    platform = AzureMlPlatform(connection)
    first_read = _seconds(lambda: platform.read_job("nothing"))
    first_submit = _seconds(lambda: platform.submit_job("train-1", PIPELINE, "bench", {}, {}))
    next_submit = _seconds(lambda: platform.submit_job("train-2", PIPELINE, "bench", {"seed": 2}, {}))
    with_client = _resident_mib()
    reads = _seconds(lambda: [platform.read_job("train-1") for _ in range(_READS)])
    after = _resident_mib()
    platform.close()
    return {
        "import_mib": round(before, 1),
        "client_mib": round(with_client, 1),
        "reads_mib": round(after, 1),
        "reads_grow_mib": round(after - with_client, 1),
        "first_read_s": round(first_read, 2),
        "first_submit_s": round(first_submit, 2),
        "next_submit_s": round(next_submit, 3),
        "read_ms": round(reads * 1000 / _READS, 2),
    }


def _seconds(call: Any) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def _resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


if __name__ == "__main__":
    sys.exit(main())
