"""`python -m benchmarks.page [--quick]`: how fast the page for people is, as one JSON object on the last line.

On the local stack, with the real host and a real Azurite, asked one after the other as a browser does:

- `home_1000_ms_p50`, `_p95`: the first page of a fleet of 1,000 models, whole, from the request to its last byte; with
  200 arrivals that could not be used, and a part of the fleet held.
- `home_1000_cpu_ms`: what the host computes for it; on a machine that is busy with something else, a better figure.
- `home_10_ms_p50`: the same of 10 models.
- `grows`: the first over the other: what 990 models more cost.
- `models_1000_ms_p50`: the list of models.
- `model_ms_p50`: a model's page, with 20 versions in its ledger; without its pictures.
- `chart_ms_p50`: one of these; `chart_first_ms` is the first of a process, which loads what draws it.
"""

import argparse
import json
import logging
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import httpx
import psutil

from local.stack import Ports, Stack
from shared.contracts.deliveries import Delivery
from shared.contracts.holds import FleetHold
from shared.contracts.ledger import LedgerEntry
from shared.contracts.read_model import DecisionNote, ModelRow
from shared.storage.holds import TableHolds
from shared.storage.inbox import TableInbox
from shared.storage.ledger import TableLedger
from shared.storage.read_model import TableReadModel

_MANY, _FEW = 1_000, 10
_VERSIONS: Final = 20
#: Arrivals that nobody could use, and that wait for somebody.
_UNUSABLE: Final = 200
#: Requests that load what answers.
_NOT_COUNTED: Final = 2
_NOW: Final = datetime(2026, 1, 5, 9, tzinfo=UTC)
_FLEET: Final = """\
fleet: bench
level: 3
matrix: {{region: [{regions}], product: [{products}]}}
sources: {{raw: {{files: "{{region}}.csv", recipe: recipe.yaml}}}}
datasets: {{weekly: {{from: [raw], per: [region]}}}}
models:
  bench-{{region}}-{{product}}:
    train: {{pipeline: train.yml, data: weekly}}
    serve: {{batch: score.yml}}
gates: {{accuracy: {{metric: mape, max: 45%}}}}
release: {{golden: golden.csv}}
"""
_FILES: Final = {
    "recipe.yaml": "recipe: raw\nkeys: [id]\ncolumns: {id: {from: id, type: text}}\n",
    "train.yml": "",
    "score.yml": "",
    "golden.csv": "a,expected,tolerance\n1,1,1\n",
}
_PASSED: Final = (
    "accuracy: MAPE 20.0 % is at most 45.0 %; beats_average: MAPE 20.0 % is better than 31.3 % of the baseline"
)

type Result = dict[str, float]


def main() -> int:
    """Measure, and print the result."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer repetitions: to try it out")
    times = 5 if parser.parse_args().quick else 40
    logging.disable(logging.WARNING)
    result: Result = {}
    with tempfile.TemporaryDirectory() as folder:
        for models in (_FEW, _MANY):
            _say(f"a fleet of {models} models")
            result |= _measure(Path(folder) / str(models), models, times)
    result["grows"] = round(result[f"home_{_MANY}_ms_p50"] / result[f"home_{_FEW}_ms_p50"], 2)
    print(json.dumps(result))
    return 0


def _measure(folder: Path, models: int, times: int) -> Result:
    """The pages of one fleet on a stack of its own."""
    settings = {"SIGNALBOX_FLEET": str(_write_fleet(folder, models))}
    with (
        Stack(folder / "stack", ports=Ports.free(), only=["azurite", "host"], settings=settings) as stack,
        httpx.Client(base_url=f"{stack.host_url}/api/dashboard", trust_env=False, timeout=60) as client,
    ):
        name = _fill(stack.storage, models)
        _asked(client, "", 1)
        host = psutil.Process(stack.service("host").pid)
        before = _computed(host)
        home = _asked(client, "", times)
        computed = (_computed(host) - before) / (times + _NOT_COUNTED)
        assert name in client.get("/models").text
        result = {f"home_{models}_ms_p50": round(statistics.median(home), 1)}
        if models == _MANY:
            result[f"home_{models}_ms_p95"] = round(statistics.quantiles(home, n=20, method="inclusive")[-1], 1)
            result[f"models_{models}_ms_p50"] = _median(client, "/models", times)
            result[f"home_{models}_cpu_ms"] = round(computed * 1e3, 1)
            result["model_ms_p50"] = _median(client, f"/models/{name}", times)
            first = time.perf_counter()
            client.get(f"/models/{name}/chart.svg").raise_for_status()
            result["chart_first_ms"] = round((time.perf_counter() - first) * 1e3, 1)
            result["chart_ms_p50"] = _median(client, f"/models/{name}/chart.svg", times)
        return result


def _median(client: httpx.Client, path: str, times: int) -> float:
    return round(statistics.median(_asked(client, path, times)), 1)


def _asked(client: httpx.Client, path: str, times: int) -> list[float]:
    """Milliseconds of each answer; the first two, which load what answers, do not count."""
    spent = []
    for number in range(times + _NOT_COUNTED):
        begun = time.perf_counter()
        answer = client.get(path).raise_for_status()
        spent.append((time.perf_counter() - begun) * 1e3)
        assert number or "<html" in answer.text or "<svg" in answer.text
    return spent[_NOT_COUNTED:]


def _computed(process: psutil.Process) -> float:
    """Seconds of a processor that a process has used."""
    times = process.cpu_times()
    return float(times.user + times.system)


# ── What there is to show ───────────────────────────────────────────────────────────────────────────────────────────


def _write_fleet(folder: Path, models: int) -> Path:
    """A fleet file of two labels."""
    folder.mkdir()
    for name, text in _FILES.items():
        (folder / name).write_text(text)
    regions = ", ".join(f"r{number:02}" for number in range(10))
    products = ", ".join(f"p{number:03}" for number in range(models // 10))
    file = folder / "fleet.yaml"
    file.write_text(_FLEET.format(regions=regions, products=products))
    return file


def _fill(storage: str, models: int) -> str:
    """Rows, deliveries and one ledger; the name of the model that has it."""
    read_model, inbox, ledger = TableReadModel(storage), TableInbox(storage), TableLedger(storage)
    TableHolds(storage).put(
        FleetHold(
            fleet="bench", scope="label:region=r03", select={"region": ("r03",)}, by="ana", reason="audit", at=_NOW
        )
    )
    rows = list(_rows(models))
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(read_model.put, rows))
        assert all(pool.map(inbox.record, _deliveries()))
    for version in range(1, _VERSIONS + 1):
        ledger.append(_judged(rows[0].model, version))
    return rows[0].model


def _rows(models: int) -> Iterator[ModelRow]:
    """Rows as full as those of models that have lived for a while; one in twenty was rejected, one in fifty waits."""
    note = DecisionNote(at=_NOW, event="training_finished", decision="recorded", reason=_PASSED)
    for number in range(models):
        mape = 0.1 + 0.4 * number / models
        figures: dict[str, float | int | None] = {"rows": 500, "zeros": 20, "mape": mape, "rmse": 3.2, "rmse_zero": 1.1}
        state = "rejected" if number % 20 == 0 else "training" if number % 50 == 1 else "released"
        yield ModelRow.model_validate({
            "fleet": "bench", "model": f"bench-r{number % 10:02}-p{number // 10:03}",
            "labels": {"region": f"r{number % 10:02}", "product": f"p{number // 10:03}"}, "revision": 9,
            "state": state, "reason": f"Version 3 passed. {_PASSED}", "updated_at": _NOW, "version": "3",
            "champion": "3", "champion_since": _NOW, "dataset": f"weekly-r{number % 10:02}-0123456789ab",
            "serving": {"mode": "batch", "published": f"predictions/{number}/v3.csv", "rows": 40},
            "figures": {"model": figures, "baseline": figures, "naive": figures}, "verdict": "passed",
            "gates": [_PASSED] * 2, "decisions": [note] * 8,
        })  # fmt: skip


def _deliveries() -> Iterator[Delivery]:
    for number in range(100):
        yield Delivery(
            channel="storage", key=f"k{number}", subject=f"raw/r{number % 10:02}.csv", outcome="accepted",
            received_at=_NOW + timedelta(seconds=number), reason="It was handed on.", body="{}" * 200,
        )  # fmt: skip
    for number in range(_UNUSABLE):
        yield Delivery(
            channel="storage", key=f"dead{number}", subject=f"raw/unknown-{number}.csv", outcome="dead",
            received_at=_NOW - timedelta(days=number), reason="No source of a fleet claims it.", body="{}" * 200,
        )  # fmt: skip


def _judged(model: str, version: int) -> LedgerEntry:
    figures = {"rows": 500, "zeros": 20, "mape": 0.2 + version / 1000, "rmse": 3.0, "rmse_zero": 1.0}
    gate = {"gate": "accuracy", "metric": "mape", "passed": True, "got": 0.2, "required": 0.45, "reason": _PASSED}
    return LedgerEntry(
        model=model, effect="ModelRegistered", key=f"registered-{version}", at=_NOW + timedelta(days=version),
        by=f"train-{version}", reason=f"Version {version} passed. {_PASSED}",
        facts={"version": str(version), "evaluation": {"model": figures, "baseline": figures}, "gates": [gate]},
    )  # fmt: skip


def _say(what: str) -> None:
    sys.stderr.write(f"{what}\n")


if __name__ == "__main__":
    sys.exit(main())
