"""`python -m benchmarks.fleet [--quick]`: what many models cost, as one JSON object on the last line.

- `load_1000_s`: a file of 1,000 models read, validated and expanded; the median of five.
- `s_per_100_models_N`: a raw file lands that concerns N models; seconds per 100 models until each is trained, judged
  and registered, and the read model says so. The real app on the embedded engine with real storage (Azurite); jobs and
  registry answer at once. Small fleets are run several times, and their median counts.
- `cost_1000_over_10`: the cost per model with 1,000 models over that with 10; flat is 1. `cost_1000_over_100` leaves
  out what a small fleet spends on the dataset itself.
- `at_once_cost_1000`: the cost per model of 1,000 models that take turns, eight at once, over that without a limit.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Literal

from benchmarks.fleet.files import write_fleet
from benchmarks.fleet.training import load_app, say, train
from local.stack import Ports, Stack
from local.testing.app import TestApp
from shared.fleet.loader import load_fleet

_ROUNDS = {10: 5, 100: 3, 1000: 1}
_QUICK = {10: 2, 100: 1}
_AT_ONCE = 8
_STORAGE: tuple[Literal["azurite"]] = ("azurite",)
_WARM_UP = "warm-up"
_LIMITED = "limited"


def main() -> int:
    """Measure, and print the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="up to 100 models")
    rounds = _QUICK if parser.parse_args().quick else _ROUNDS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        result: dict[str, float] = {"load_1000_s": load_seconds(folder / "load", 1000)}
        say(f"1,000 models loaded in {result['load_1000_s']} s")
        per_model, limited = train_seconds(folder, rounds)
    result |= {f"s_per_100_models_{size}": round(100 * seconds, 2) for size, seconds in per_model.items()}
    largest = max(per_model)
    for size in sorted(per_model)[:-1]:
        result[f"cost_{largest}_over_{size}"] = round(per_model[largest] / per_model[size], 2)
    result[f"at_once_cost_{largest}"] = round(limited / per_model[largest], 2)
    print(json.dumps(result))
    return 0


def load_seconds(folder: Path, models: int) -> float:
    """Seconds to load a file of so many models; each round reads a file that it has not seen before."""
    rounds = []
    for number in range(5):
        path = write_fleet(folder / str(number), "demand", models)
        started = time.perf_counter()
        fleet = load_fleet(path)
        rounds.append(time.perf_counter() - started)
        assert len(fleet.models) == models, f"{len(fleet.models)} models instead of {models}"
    return round(statistics.median(rounds), 3)


def train_seconds(folder: Path, rounds: dict[int, int]) -> tuple[dict[int, float], float]:
    """Seconds per model by the size of the fleet, and those of the largest when its models take turns.

    Each is the median of its rounds, and each round has a fleet of its own.
    """
    sizes = {f"n{size}-{number}": size for size, count in rounds.items() for number in range(count)}
    largest = max(rounds)
    files = [write_fleet(folder / name, name, size) for name, size in {_WARM_UP: 10, **sizes}.items()]
    files.append(write_fleet(folder / _LIMITED, _LIMITED, largest, at_once=_AT_ONCE))
    with Stack(
        folder / "stack",
        ports=Ports.free(),
        only=_STORAGE,
        settings={"SIGNALBOX_FLEET": ";".join(map(str, files)), "SIGNALBOX_BURST_SECONDS": "0"},
    ) as stack:
        os.environ.update(stack.settings())
        seconds = asyncio.run(_train_all({**sizes, _LIMITED: largest}, folder / "durable.db"))
    taken = {size: [seconds[name] / size for name in sizes if sizes[name] == size] for size in rounds}
    return {size: statistics.median(each) for size, each in taken.items()}, seconds[_LIMITED] / largest


async def _train_all(names: dict[str, int], database: Path) -> dict[str, float]:
    seconds = {}
    async with TestApp(load_app(), clock="real", database=database, synchronous="FULL") as app:
        await train(app, _WARM_UP, 10)  # the first conditioning loads polars
        for name, size in names.items():
            seconds[name] = await train(app, name, size)
            say(f"{name}: {size} models in {seconds[name]:.1f} s")
    return seconds


if __name__ == "__main__":
    sys.exit(main())
