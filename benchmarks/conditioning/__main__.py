"""`python -m benchmarks.conditioning [--quick]`: what a large messy CSV costs, as one JSON object on the last line.

Each side is a process of its own that reads a blob from Azurite and writes to it; the sides of a round follow each
other, and what counts of both ratios is the median of the rounds. A round before them does not count: Azurite is a
program that its runtime compiles as it runs, and for half a minute it takes up to a third more of the processors that
it shares with each side. No side has a library that only the local stack needs. The larger file and each `mb_per_s_N`
are one run.

- `vs_pandas`: our rows per second over those of a pandas program that reads in chunks and keeps the same account.
- `cpu_vs_polars_native`: our CPU seconds over those of polars from blob to blob, which tells of no rejected row.
- `peak_mib`, `peak_growth`: our largest resident memory with the larger file, and over that with the smaller one.
- `mb_per_s_N`: with N ranges at once, with the smaller file; `s_per_gib_*` says how time grows with size.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from azure.storage.blob import BlobBlock, BlobServiceClient

from benchmarks.conditioning.containers import LANDING, OUT
from benchmarks.conditioning.messy import RECIPE, messy_csv
from local.stack import Ports, Stack

MIB = 1 << 20
ROOT = Path(__file__).parents[2]
_ROUNDS = 5
_BLOCK = 8 * MIB
_FLEET = "bench"
_FLEET_FILE = f"""\
fleet: {_FLEET}
matrix: {{batch: ["64"]}}
sources: {{sales: {{files: "sales-{{batch}}.csv", recipe: recipe.yaml}}}}
datasets: {{sales: {{from: [sales], per: [batch]}}}}
models:
  sales-{{batch}}:
    train: {{pipeline: train.yml, data: sales}}
    serve: {{online: "sales-{{batch}}"}}
gates: {{accuracy: {{metric: mape, max: 45%}}}}
release: {{golden: golden.csv}}
"""
_STORAGE: tuple[Literal["azurite"]] = ("azurite",)


def main() -> int:
    """Measure, and print the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="64 and 256 MiB, one round that counts")
    quick = parser.parse_args().quick
    small, large, rounds = (64, 256, 1) if quick else (256, 2048, _ROUNDS)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fleet = _write_fleet(folder / "fleet")
        with Stack(folder / "stack", ports=Ports.free(), only=_STORAGE) as stack:
            result = measure(_Sides(stack.storage, fleet, stack.settings()), small, large, rounds)
    print(json.dumps(result))
    return 0


def measure(sides: "_Sides", small: int, large: int, rounds: int) -> dict[str, float]:
    """All figures."""
    sides.land(small)
    every = [
        (sides.peer("pandas", small), sides.peer("polars", small), sides.ours(small, 2)) for _ in range(1 + rounds)
    ]
    pandas, polars, ours = zip(*every[1:], strict=True)
    kept = {key: ours[0][key] - pandas[0][key] for key in ("rows_in", "rows_out")}
    if any(kept.values()):
        raise AssertionError(f"the sides disagree about the rows: {kept}")
    sides.land(large)  # not before: what Azurite and the disk have to do with it would slow the first round
    much = sides.ours(large, 2)
    pairs = list(zip(ours, pandas, polars, strict=True))
    return {
        "vs_pandas": _median(theirs["wall_s"] / mine["wall_s"] for mine, theirs, _ in pairs),
        "cpu_vs_polars_native": _median(mine["cpu_s"] / native["cpu_s"] for mine, _, native in pairs),
        "peak_mib": round(much["peak_mib"]),
        "peak_growth": round(much["peak_mib"] / statistics.median(one["peak_mib"] for one in ours), 3),
        "rows_per_s": round(statistics.median(one["rows_in"] / one["wall_s"] for one in ours)),
        "guessed_wrong": much["guessed_wrong"],
        **{f"cpu_s_per_gib_{size}": _per_gib(one["cpu_s"], size) for size, one in ((small, ours[-1]), (large, much))},
        **{f"s_per_gib_{size}": _per_gib(one["wall_s"], size) for size, one in ((small, ours[-1]), (large, much))},
        "pandas_peak_mib": round(pandas[-1]["peak_mib"]),
        "polars_peak_mib": round(polars[-1]["peak_mib"]),
        **{f"mb_per_s_{many}": round(small * MIB / 1e6 / sides.ours(small, many)["wall_s"], 1) for many in (1, 2, 4)},
    }


class _Sides:
    """Starts each side as a process of its own."""

    def __init__(self, storage: str, fleet: Path, settings: dict[str, str]) -> None:
        self._storage = storage
        self._settings = {**os.environ, **settings, "SIGNALBOX_FLEET": str(fleet)}

    def land(self, size: int) -> None:
        """A file of so many MiB."""
        _land(self._storage, f"sales-{size}.csv", size * MIB)

    def ours(self, size: int, at_once: int) -> dict[str, Any]:
        """The app's activities."""
        settings = {**self._settings, "SIGNALBOX_CONDITIONING_AT_ONCE": str(at_once)}
        return _run(["benchmarks.conditioning.ours", _FLEET, f"sales-{size}.csv"], settings)

    def peer(self, name: str, size: int) -> dict[str, Any]:
        """Another one."""
        return _run(["benchmarks.conditioning.peers", name, self._storage, f"sales-{size}.csv"], self._settings)


def _run(module: list[str], environment: dict[str, str]) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", *module], cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    sys.stderr.write(f"{' '.join(module[:2])}: {json.dumps(result)}\n")
    return result


def _write_fleet(folder: Path) -> Path:
    folder.mkdir()
    (folder / "recipe.yaml").write_text(RECIPE)
    (folder / "train.yml").write_text("$schema: https://azuremlschemas.azureedge.net/latest/pipelineJob.schema.json\n")
    (folder / "golden.csv").write_text("a\n1\n")
    (folder / "fleet.yaml").write_text(_FLEET_FILE)
    return folder / "fleet.yaml"


def _land(storage: str, name: str, size: int) -> None:
    service = BlobServiceClient.from_connection_string(storage)
    for container in (LANDING, OUT):
        if not service.get_container_client(container).exists():
            service.create_container(container)
    blob, waiting = service.get_blob_client(LANDING, name), bytearray()
    blocks: list[str] = []
    for content in messy_csv(size):
        waiting += content
        if len(waiting) >= _BLOCK:
            blocks.append(f"{len(blocks):06d}")
            blob.stage_block(blocks[-1], bytes(waiting))
            waiting.clear()
    blocks.append(f"{len(blocks):06d}")
    blob.stage_block(blocks[-1], bytes(waiting))
    blob.commit_block_list([BlobBlock(block) for block in blocks])


def _median(values: Iterable[float]) -> float:
    return round(statistics.median(values), 2)


def _per_gib(seconds: float, size: int) -> float:
    return round(seconds * 1024 / size, 1)


if __name__ == "__main__":
    sys.exit(main())
