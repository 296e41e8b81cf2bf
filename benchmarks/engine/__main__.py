"""`python -m benchmarks.engine [--quick]`: the durable engine's speed, as one JSON object on the last line.

Machines are noisy, so all comparisons are made in interleaved pairs within one run, and told as medians of the pairs'
ratios: 2.0 is twice as fast as the other. Progress is told on stderr. Files are put into a temporary folder: set
TMPDIR to choose the disk.
"""

import argparse
import asyncio
import json
import logging
import os
import statistics
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.engine import workloads
from benchmarks.engine.breakdown import step_parts, told
from benchmarks.engine.dbos_on_postgres import Unavailable, dbos
from benchmarks.engine.growth import growth
from benchmarks.engine.sides import Side, embedded, in_memory
from local.durable.clock import SkippingClock
from local.durable.worker import FunctionWorker
from local.host.worker import FunctionsWorker

APP = Path(__file__).parent / "app"

type Result = dict[str, object]


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured.

    Attributes:
        pairs: rounds of each comparison.
        instances: orchestrations of three activities in a round.
        items: items of the large chunked fan-out.
        finished: instances of the growth run.
    """

    pairs: int
    instances: int
    items: int
    finished: int


FULL_PLAN = Plan(pairs=7, instances=200, items=10_000, finished=100_000)
QUICK_PLAN = Plan(pairs=2, instances=50, items=1_000, finished=20_000)


async def measure(plan: Plan, folder: Path) -> Result:
    """All results, see the benchmark's goals in `benchmarks.__main__`."""
    load_before = os.getloadavg()[0]
    worker = await FunctionsWorker.load(APP)
    result = await _against_in_memory(worker, plan, folder)
    result |= await _against_dbos(worker, plan, folder)
    result |= await _polls(worker, folder)
    result |= await _chunk_cost(worker, plan, folder)
    _say("where the time of a step goes")
    parts = await step_parts(worker, folder, plan.pairs)
    result |= await growth(folder / "growth.db", plan.finished, _say)
    result["step_us"] = parts
    result["where_the_time_goes"] = told(parts)
    result["pairs"] = plan.pairs
    result["load"] = [round(load_before, 1), round(os.getloadavg()[0], 1)]
    return result


async def _against_in_memory(worker: FunctionWorker, plan: Plan, folder: Path) -> Result:
    """The engine with FULL and with NORMAL against the SDK's in-memory backend.

    Three activities are run both in sequence and in parallel: the key without a suffix is the worse of both.
    """
    async with AsyncExitStack() as stack:
        sides = {
            "memory": await stack.enter_async_context(in_memory(worker)),
            "full": await stack.enter_async_context(embedded(worker, folder / "full.db", "FULL")),
            "normal": await stack.enter_async_context(embedded(worker, folder / "normal.db", "NORMAL")),
        }
        for side in sides.values():
            await _round(side, 5, 100)
        rounds = []
        for number in range(plan.pairs):
            rounds.append({name: await _round(sides[name], plan.instances, 1_000) for name in _order(sides, number)})
            _say(f"against the in-memory backend, pair {number + 1} of {plan.pairs}: {_told(rounds[-1])}")
    return _in_memory_result(rounds)


def _in_memory_result(rounds: list[dict[str, dict[str, float]]]) -> Result:
    def ratio(side: str, what: str) -> float:
        return round(statistics.median(each["memory"][what] / each[side][what] for each in rounds), 2)

    def milliseconds(side: str) -> float:
        return round(statistics.median(each[side]["event"] for each in rounds) * 1e3, 2)

    ratios = {
        f"vs_in_memory_{side}_{what}": ratio(side, what)
        for side in ("full", "normal")
        for what in ("sequence", "parallel")
    }
    worst = {
        f"vs_in_memory_{side}": min(value for name, value in ratios.items() if side in name)
        for side in ("full", "normal")
    }
    return {
        **worst,
        "fanout_1000_vs_in_memory": ratio("full", "chunked"),
        **ratios,
        "event_latency_ms": milliseconds("full"),
        "event_latency_ms_normal": milliseconds("normal"),
        "event_latency_ms_in_memory": milliseconds("memory"),
        "orchestrations_per_s_full": _rate(rounds, "full"),
        "orchestrations_per_s_in_memory": _rate(rounds, "memory"),
    }


def _rate(rounds: list[dict[str, dict[str, float]]], side: str) -> int:
    return round(statistics.median(each[side]["instances"] / each[side]["sequence"] for each in rounds))


async def _round(side: Side, instances: int, items: int) -> dict[str, float]:
    side.reset()
    return {
        "instances": instances,
        "sequence": await workloads.sequences(side, instances),
        "parallel": await workloads.small_fan_outs(side, instances),
        "chunked": await workloads.chunked_fan_out(side, items),
        "event": await workloads.event_latency(side),
    }


def _order(sides: dict[str, Side], number: int) -> list[str]:
    """Each side is first in turn, since what runs first may find the machine otherwise than what runs last."""
    names = list(sides)
    shift = number % len(names)
    return names[shift:] + names[:shift]


async def _against_dbos(worker: FunctionWorker, plan: Plan, folder: Path) -> Result:
    """Workflows of three steps in sequence: ours with FULL, theirs on PostgreSQL with its own defaults."""
    try:
        with dbos(folder) as theirs:
            async with embedded(worker, folder / "dbos.db", "FULL") as ours:
                await workloads.sequences(ours, 5)
                ratios, rates = [], []
                for number in range(plan.pairs):
                    seconds = await workloads.sequences(ours, plan.instances)
                    their_seconds = await asyncio.to_thread(theirs.run, plan.instances)
                    ratios.append(their_seconds / seconds)
                    rates.append(plan.instances / their_seconds)
                    _say(
                        f"against DBOS, pair {number + 1} of {plan.pairs}: {seconds:.2f} s, DBOS {their_seconds:.2f} s"
                    )
    except Unavailable as reason:
        _say(f"DBOS is left out: {reason}")
        return {"vs_dbos": None}
    return {"vs_dbos": round(statistics.median(ratios), 2), "dbos_per_s": round(statistics.median(rates))}


async def _polls(worker: FunctionWorker, folder: Path) -> Result:
    """30 days of polls under the skipping clock: with FULL, and with NORMAL as tests would."""
    async with embedded(worker, folder / "polls-full.db", "FULL", SkippingClock()) as side:
        full = round(await workloads.thirty_days_of_polls(side), 1)
    async with embedded(worker, folder / "polls-normal.db", "NORMAL", SkippingClock()) as side:
        normal = round(await workloads.thirty_days_of_polls(side), 1)
    _say(f"30 days of polls: {full} s with FULL, {normal} s with NORMAL")
    return {"poll_30_days_s": full, "poll_30_days_normal_s": normal}


async def _chunk_cost(worker: FunctionWorker, plan: Plan, folder: Path) -> Result:
    """Cost per item of a chunked fan-out: of many items, over that of 100."""
    async with embedded(worker, folder / "chunks.db", "FULL") as side:
        await workloads.chunked_fan_out(side, 100)
        ratios, large = [], []
        for number in range(plan.pairs):
            small = statistics.median([await workloads.chunked_fan_out(side, 100) for _ in range(5)]) / 100
            large.append(await workloads.chunked_fan_out(side, plan.items) / plan.items)
            ratios.append(large[-1] / small)
            micros = f"{large[-1] * 1e6:.0f} µs per item of {plan.items:,}, {small * 1e6:.0f} of 100"
            _say(f"chunked fan-out, pair {number + 1} of {plan.pairs}: {micros}")
    per_item = round(statistics.median(large) * 1e6)
    return {"cost_10000_over_100": round(statistics.median(ratios), 2), "fanout_us_per_item": per_item}


def _told(sides: dict[str, dict[str, float]]) -> str:
    return ", ".join(
        f"{name} {each['sequence']:.2f} / {each['parallel']:.2f} / {each['chunked']:.2f} s"
        for name, each in sides.items()
    )


def _say(text: str) -> None:
    elapsed = time.monotonic() - _STARTED
    print(f"[{elapsed:5.0f} s] {text}", file=sys.stderr, flush=True)


_STARTED = time.monotonic()


def main() -> None:
    """Measure, and print the result."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.engine", description="Measure the durable engine.")
    parser.add_argument("--quick", action="store_true", help="see that it runs: too little for the figures to count")
    options = parser.parse_args()
    logging.basicConfig(level=logging.ERROR)  # a line per instance would be measured too
    with tempfile.TemporaryDirectory(prefix="signalbox-engine-") as folder:
        result = asyncio.run(measure(QUICK_PLAN if options.quick else FULL_PLAN, Path(folder)))
    print(json.dumps(result, ensure_ascii=False), flush=True)
    os._exit(0)  # the worker library's idle threads would keep the process for a while


if __name__ == "__main__":
    main()
