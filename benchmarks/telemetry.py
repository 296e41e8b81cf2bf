"""`python -m benchmarks.telemetry [--quick]`: what telemetry costs, as one JSON object on the last line.

The app of `benchmarks.fleet` trains 100 models again and again, by turns with telemetry to Azure Monitor and without
any; what is sent is taken by a process of its own, on loopback, that checks nothing.

- `cost`: of pairs of neighbouring rounds, how much longer the one with telemetry took, as a share; the median. Spans
  that still wait at its end are sent within its time. Figures are sent once a minute: one sending is measured apart,
  and the round's share of a minute of it is added. `cost_low` and `cost_high` are the quartiles over the pairs.
- `noise`: the same of pairs without telemetry in both: what a pair differs by anyhow; half of the distance of its
  quartiles.
- `cpu_cost`, `…_low`, `…_high`, `cpu_noise`: the same of this process' CPU time, which other processes disturb less.
- `spans`, `spans_per_s`: that arrived, and how many of them per second of work; `dropped`: that did not.
- `s_per_100_models_on`, `…_off`: medians, to be compared within one run only.
"""

import argparse
import asyncio
import gc
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple

from benchmarks.fleet.files import write_fleet
from benchmarks.fleet.training import load_app, say, train
from local.stack import Ports, Stack
from local.testing.app import TestApp
from shared import telemetry
from shared.telemetry.setup import own_provider

MODELS = 100
PAIRS = 12
_QUICK_PAIRS = 4
_STORAGE: tuple[Literal["azurite"]] = ("azurite",)
_METRICS_EVERY_S = 60.0
_FLEET = "demand"
#: By turns: each pair begins with the other one.
_ORDERS = (("off", "azure_monitor"), ("azure_monitor", "off"))
#: Takes what is sent, counts spans, and ends with its standard input.
_TAKER = """
import gzip, json, sys, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

spans = 0

class Taker(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        global spans
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        items = body.count(b'"baseType"')
        spans += items - body.count(b'"MetricData"')
        answer = json.dumps({"itemsReceived": items, "itemsAccepted": items, "errors": []}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
    def log_message(self, *_):
        pass

server = ThreadingHTTPServer(("127.0.0.1", 0), Taker)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
sys.stdin.read()
print(spans, flush=True)
"""
_KEY = "11111111-2222-3333-4444-555555555555"


class Round(NamedTuple):
    """One training of the fleet.

    Attributes:
        setting: Where telemetry went.
        seconds: Until all were trained, and what waited was sent, with a share of sending figures.
        cpu: Seconds of this process' CPU time, its threads' included.
    """

    setting: str
    seconds: float
    cpu: float


class Taken(NamedTuple):
    """What is known of the place that telemetry went to, when it has ended."""

    spans: list[int]


def main() -> int:
    """Measure, and print the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer pairs")
    pairs = _QUICK_PAIRS if parser.parse_args().quick else PAIRS
    with tempfile.TemporaryDirectory() as name, _taker() as taken:
        rounds, dropped = _measure(Path(name), pairs)
    print(json.dumps(_result(rounds) | _arrived(rounds, taken.spans[0], dropped)))
    return 0


def _measure(folder: Path, pairs: int) -> tuple[list[tuple[Round, ...]], int]:
    """The rounds by pair, each third pair without telemetry in both; and how many spans were lost."""
    plan = [(("off", "off") if number % 3 == 2 else _ORDERS[number % 2]) for number in range(pairs * 3 // 2)]
    file = write_fleet(folder / _FLEET, _FLEET, MODELS)
    settings = {"SIGNALBOX_FLEET": str(file), "SIGNALBOX_BURST_SECONDS": "0"}
    with Stack(folder / "stack", ports=Ports.free(), only=_STORAGE, settings=settings) as stack:
        os.environ.update({**stack.settings(), "SIGNALBOX_TELEMETRY": "off"})
        rounds, dropped = asyncio.run(_rounds([one for pair in plan for one in pair], folder / "durable.db"))
    return [(rounds[at], rounds[at + 1]) for at in range(0, len(rounds), 2)], dropped


async def _rounds(settings: Sequence[str], database: Path) -> tuple[list[Round], int]:
    done, dropped = [], 0
    async with TestApp(load_app(), clock="real", database=database, synchronous="FULL") as app:
        await train(app, _FLEET, MODELS)
        for edition, setting in enumerate(settings, start=1):
            telemetry.configure(setting)
            with telemetry.span("warm-up", None):
                pass  # the exporter is loaded by the first
            gc.collect()
            started, cpu = time.perf_counter(), time.process_time()
            await train(app, _FLEET, MODELS, edition)
            await asyncio.to_thread(_send_spans)
            taken = Round(setting, time.perf_counter() - started, time.process_time() - cpu)
            started, cpu = time.perf_counter(), time.process_time()
            await asyncio.to_thread(telemetry.flush)
            share = taken.seconds / _METRICS_EVERY_S
            done.append(
                Round(
                    setting,
                    taken.seconds + share * (time.perf_counter() - started),
                    taken.cpu + share * (time.process_time() - cpu),
                )
            )
            dropped += sum(count for _, _, count in telemetry.dropped())
            say(f"{edition} {setting}: {done[-1].seconds:.2f} s, {done[-1].cpu:.2f} s of CPU")
        telemetry.configure("off")
    return done, dropped


def _send_spans() -> None:
    provider = own_provider()
    if provider is not None:
        provider.force_flush(10_000)


@contextmanager
def _taker() -> Iterator[Taken]:
    """A process that takes telemetry, to which the environment's connection string leads."""
    taken = Taken([])
    with subprocess.Popen(
        [sys.executable, "-c", _TAKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url = f"http://127.0.0.1:{int(process.stdout.readline())}"
        os.environ["APPLICATIONINSIGHTS_CONNECTION_STRING"] = f"InstrumentationKey={_KEY};IngestionEndpoint={url}"
        yield taken
        told, _ = process.communicate()
    taken.spans.append(int(told))


def _result(pairs: Sequence[tuple[Round, ...]]) -> dict[str, float]:
    mixed = [sorted(pair) for pair in pairs if pair[0].setting != pair[1].setting]  # `azure_monitor` before `off`
    same = [pair for pair in pairs if pair[0].setting == pair[1].setting]
    return {
        **_cost("", [(on.seconds, off.seconds) for on, off in mixed], [(a.seconds, b.seconds) for a, b in same]),
        **_cost("cpu_", [(on.cpu, off.cpu) for on, off in mixed], [(a.cpu, b.cpu) for a, b in same]),
        "s_per_100_models_on": round(statistics.median(on.seconds for on, _ in mixed), 2),
        "s_per_100_models_off": round(statistics.median(off.seconds for _, off in mixed), 2),
        "pairs": len(mixed),
    }


def _cost(of: str, mixed: Sequence[tuple[float, float]], same: Sequence[tuple[float, float]]) -> dict[str, float]:
    low, cost, high = statistics.quantiles([on / off - 1 for on, off in mixed], n=4)
    first, _, last = statistics.quantiles([one / other - 1 for one, other in same], n=4)
    told = {"cost": cost, "cost_low": low, "cost_high": high, "noise": (last - first) / 2}
    return {f"{of}{name}": round(value, 3) for name, value in told.items()}


def _arrived(pairs: Sequence[tuple[Round, ...]], spans: int, dropped: int) -> dict[str, float]:
    seconds = sum(one.seconds for pair in pairs for one in pair if one.setting != "off")
    return {"spans": spans, "spans_per_s": round(spans / seconds), "dropped": dropped}


if __name__ == "__main__":
    sys.exit(main())
