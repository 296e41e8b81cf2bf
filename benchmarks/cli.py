"""`python -m benchmarks.cli`: how long a person waits for the command line, as one JSON object on the last line.

Each figure is the median wall time in milliseconds of whole processes, from start to end, as a shell would run them.
The app is the real one on the real host, with real storage (Azurite): 1,000 models, each with a row of the size that
a year of decisions makes, and one with a ledger of 120 rows.

- `help_ms_p50`: `signalbox --help`.
- `models_1000_ms_p50`: `signalbox models` against 1,000 models; `models_1000_json_ms_p50` with `--json`.
- `model_ms_p50`, `why_ms_p50`: one of them, and its story.
- `python_ms_p50`: an interpreter that does nothing, which is in each of them.
- `…_cpu_ms_p50`: what the command's own process has computed; it hardly depends on what else the machine does.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Literal

from benchmarks.fleet.files import write_fleet
from local.stack import Ports, Stack
from shared.contracts.ledger import LedgerEntry
from shared.contracts.policy import ModelPolicy
from shared.contracts.read_model import DecisionNote, ModelRow
from shared.fleet.loader import load_fleet
from shared.storage.ledger import TableLedger
from shared.storage.read_model import TableReadModel

ROOT = Path(__file__).parents[1]
MODELS: Final = 1000
ROUNDS: Final = 15
_DECISIONS: Final = 20
_LEDGER_ROWS: Final = 120
_WRITERS: Final = 8
_AT: Final = datetime(2026, 11, 20, 9, tzinfo=UTC)
_SERVICES: tuple[Literal["azurite"], Literal["host"]] = ("azurite", "host")
_GATES: Final = ("accuracy: MAPE 31.0 % is at most 45.0 %", "better: RMSE 212 is below that of the baseline, 260")
_PYTHON: Final = (sys.executable, "-c", "pass")
_SIGNALBOX: Final = (sys.executable, "-m", "cli")


def main() -> int:
    """Measure, and print the result."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = write_fleet(folder / "fleet", "demand", MODELS)
        policies = load_fleet(file).models
        settings = {"SIGNALBOX_FLEET": str(file), "SIGNALBOX_ANCHOR_SCHEDULE": "0 0 0 29 2 *"}
        with Stack(folder / "stack", ports=Ports.free(), only=_SERVICES, settings=settings) as stack:
            _fill(stack, policies)
            print(json.dumps(_measure(stack.host_url, policies[0].model)))
    return 0


def _measure(app: str, model: str) -> dict[str, float]:
    commands = {
        "python": _PYTHON,
        "help": (*_SIGNALBOX, "--help"),
        "models_1000": (*_SIGNALBOX, "models", "--app", app),
        "models_1000_json": (*_SIGNALBOX, "models", "--app", app, "--json"),
        "model": (*_SIGNALBOX, "model", model, "--app", app),
        "why": (*_SIGNALBOX, "why", model, "--app", app),
    }
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for number in range(ROUNDS + 1):
        for name, command in commands.items():  # interleaved, since machines are noisy
            seconds = _seconds(command)
            if number:  # the first one compiles
                taken[name].append(seconds)
    walls = {f"{name}_ms_p50": [wall for wall, _ in each] for name, each in taken.items()}
    processors = {f"{name}_cpu_ms_p50": [cpu for _, cpu in each] for name, each in taken.items()}
    return {name: round(1000 * statistics.median(each), 1) for name, each in (walls | processors).items()}


def _seconds(command: tuple[str, ...]) -> tuple[float, float]:
    """The time of a process, and of the processor; bytecode is kept, as in an installed package."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before, started = _computed(), time.perf_counter()
    subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started, _computed() - before


def _computed() -> float:
    """Seconds of the processor that ended processes have taken; the stack's own have not ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _fill(stack: Stack, policies: tuple[ModelPolicy, ...]) -> None:
    """Write what a year has made: a row per model, and the ledger of the first."""
    read_model = TableReadModel(stack.storage)
    with ThreadPoolExecutor(_WRITERS) as pool:
        list(pool.map(lambda one: read_model.put(_row(*one)), enumerate(policies)))
    ledger = TableLedger(stack.storage)
    for number in range(_LEDGER_ROWS):
        ledger.append(_entry(policies[0].model, number))


def _row(number: int, policy: ModelPolicy) -> ModelRow:
    """A model that was decided about often; a few wait for a person."""
    state = {0: "awaiting_approval", 1: "parked", 2: "rejected"}.get(number % 50, "released")
    decisions = tuple(
        DecisionNote(
            at=_AT - timedelta(days=day),
            event="dataset_published",
            decision="train",
            reason=f"Version {day} of its dataset was published: a training begins.",
        )
        for day in range(_DECISIONS)
    )
    figures: dict[str, float | int | None] = {"mape": 0.31, "rmse": 212.4, "rows": 8760}
    return ModelRow(
        fleet=policy.fleet,
        model=policy.model,
        labels=policy.labels,
        revision=number + 1,
        state=state,
        reason="Version 7 is in production: MAPE 31.0 % is at most 45.0 %, and better than the baseline.",
        updated_at=_AT,
        dataset="yearly-2026-0a1b2c3d4e5f",
        version="7",
        champion="7",
        champion_since=_AT,
        verdict="passed",
        gates=_GATES,
        figures={"model": figures, "baseline": figures},
        decisions=decisions,
    )


def _entry(model: str, number: int) -> LedgerEntry:
    effects = ("TrainingStarted", "ModelRegistered", "GatesPassed", "ModelReleased")
    return LedgerEntry(
        model=model,
        effect=effects[number % len(effects)],
        key=f"{model}-{number}",
        at=_AT + timedelta(hours=number),
        by=f"train-{number // len(effects)}",
        reason="As its fleet file says.",
        facts={"version": str(number // len(effects) + 1), "figures": {"mape": 0.31, "rmse": 212.4}},
    )


if __name__ == "__main__":
    sys.exit(main())
