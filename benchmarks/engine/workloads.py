"""What is measured: each workload runs on one side and gives seconds."""

import asyncio
import statistics
import time
from datetime import UTC, datetime

from benchmarks.engine.sides import Side

STEPS = 3
EVENTS = 20


async def sequences(side: Side, count: int) -> float:
    """Orchestrations of three activities, one after another."""
    return await _many(side, "in_sequence", count)


async def small_fan_outs(side: Side, count: int) -> float:
    """Orchestrations of three activities at once."""
    return await _many(side, "in_parallel", count)


async def chunked_fan_out(side: Side, count: int) -> float:
    """One orchestration over many items, in children of 50."""
    began = time.perf_counter()
    total = await side.finish(await side.start("in_chunks", count))
    seconds = time.perf_counter() - began
    chunks = [min(50, count - first) for first in range(0, count, 50)]
    _expect(total, sum(number * number for size in chunks for number in range(size)))
    return seconds


async def event_latency(side: Side) -> float:
    """From raising an event to the end of the orchestration that waited for it: the median, in seconds."""
    waits = []
    for _ in range(EVENTS):
        instance_id = await side.start("wait_for_go")
        await side.has_started(instance_id)
        await asyncio.sleep(0.01)  # so that the first turn is over, and committed
        began = time.perf_counter()
        await side.raise_event(instance_id, "go")
        await side.finish(instance_id)
        waits.append(time.perf_counter() - began)
    return statistics.median(waits)


async def thirty_days_of_polls(side: Side) -> float:
    """A poll every ten minutes for 30 days, on a clock that skips."""
    began = time.perf_counter()
    virtual_start = datetime.now(UTC)
    ended = datetime.fromisoformat(await side.finish(await side.start("poll", 0))).replace(tzinfo=UTC)
    seconds = time.perf_counter() - began
    _expect((ended - virtual_start).days, 29)  # the last poll comes ten minutes before the 30th day ends
    return seconds


async def _many(side: Side, name: str, count: int) -> float:
    began = time.perf_counter()
    started = await asyncio.gather(*(side.start(name, STEPS) for _ in range(count)))
    # One wait at a time: nine at once deadlock the SDK's in-memory backend.
    outputs = [await side.finish(instance_id) for instance_id in started]
    seconds = time.perf_counter() - began
    _expect(set(outputs), {0 + 1 + 4})
    return seconds


def _expect(found: object, wanted: object) -> None:
    if found != wanted:
        raise RuntimeError(f"A workload gave {found}, and {wanted} is right: its time means nothing.")
