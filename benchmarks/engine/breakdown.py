"""Where the time of one step goes: in a single sequence nothing overlaps, so the parts add up."""

import statistics
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.engine.sides import Side, embedded
from local.durable.worker import FunctionWorker, TraceContext

STEPS, SEQUENCES = 20, 5
"""Short sequences, one after another: in a long one replay outgrows the rest."""


@dataclass(frozen=True, slots=True)
class Lap:
    """Seconds of the sequences: inside the worker's turns, inside its activities, and all the rest."""

    turns: float
    activities: float
    engine: float


class Stopwatch:
    """A worker that also notes how long its calls took, in seconds."""

    def __init__(self, worker: FunctionWorker) -> None:
        self._worker = worker
        self.turns = 0.0
        self.activities = 0.0

    async def run_orchestrator(self, name: str, request: str) -> str:
        """One turn, timed."""
        began = time.perf_counter()
        try:
            return await self._worker.run_orchestrator(name, request)
        finally:
            self.turns += time.perf_counter() - began

    async def run_activity(self, name: str, payload: str, trace: TraceContext | None) -> str | None:
        """One activity, timed."""
        began = time.perf_counter()
        try:
            return await self._worker.run_activity(name, payload, trace)
        finally:
            self.activities += time.perf_counter() - began

    async def run_entity(self, name: str, request: str) -> str:
        """A batch of operations."""
        return await self._worker.run_entity(name, request)


async def step_parts(worker: FunctionWorker, folder: Path, rounds: int) -> dict[str, int]:
    """Microseconds per step: in turns and in activities (the worker's), in the engine, and waiting for the disk.

    The wait for the disk is what FULL costs more than NORMAL.
    """
    watch = Stopwatch(worker)
    async with (
        embedded(watch, folder / "parts-full.db", "FULL") as full,
        embedded(watch, folder / "parts-normal.db", "NORMAL") as normal,
    ):
        for side in (full, normal):
            await side.finish(await side.start("in_sequence", 3))
        pairs = [(await _lap(watch, full), await _lap(watch, normal)) for _ in range(rounds)]
    with_disk, without = _medians([pair[0] for pair in pairs]), _medians([pair[1] for pair in pairs])
    return {
        "worker_turn": _per_step(without.turns),
        "worker_activity": _per_step(without.activities),
        "engine": _per_step(without.engine),
        "disk": _per_step(with_disk.engine - without.engine),
    }


def told(parts: dict[str, int]) -> str:
    """The parts as a sentence."""
    return (
        f"One step of a sequence, alone: {parts['worker_turn']} µs in the worker library's turn (replay in a "
        f"thread), {parts['worker_activity']} µs in its activity, {parts['engine']} µs in the engine, and "
        f"{parts['disk']} µs waiting for the disk, which NORMAL saves and which steps of many instances share."
    )


async def _lap(watch: Stopwatch, side: Side) -> Lap:
    watch.turns = watch.activities = 0.0
    began = time.perf_counter()
    for _ in range(SEQUENCES):
        await side.finish(await side.start("in_sequence", STEPS))
    total = time.perf_counter() - began
    return Lap(watch.turns, watch.activities, total - watch.turns - watch.activities)


def _medians(laps: list[Lap]) -> Lap:
    return Lap(
        statistics.median(lap.turns for lap in laps),
        statistics.median(lap.activities for lap in laps),
        statistics.median(lap.engine for lap in laps),
    )


def _per_step(seconds: float) -> int:
    return round(seconds / STEPS / SEQUENCES * 1e6)
