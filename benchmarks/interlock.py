"""`python -m benchmarks.interlock [--quick]`: how fast an interlock decides, as one JSON object on the last line.

- `decide_us_p50`: the pure decision on one event, from a state that is as full as it gets, over the events of a week;
  `decide_us_worst_p50` of the worst kind among them, and `decide_us_…` of each.
- `webhook_to_release_ms_p50`, `_p99`: on the local stack, from the moment a registry sends its webhook to the first
  turn of the `release_model` that it leads to, one webhook after the other. That is stricter than from the answer,
  which mostly comes later than the release begins: the delivery is written down in between.
- `events_per_s`: events of 1,000 models, ten each, through real entities on the embedded engine, with all that they
  start; `handled`: how many of them were decided on, which has to be all of them, once.
- `cost_1000_over_10`: cost per event with 1,000 models over that with 10, both with the same number of events in all.
"""

import argparse
import asyncio
import json
import logging
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import httpx
from durabletask import task
from durabletask.entities import EntityInstanceId

from function_app import app
from functions.triggers.signatures import mlflow_signature
from local.durable import reads
from local.durable.engine import Engine
from local.durable.records import MAX_PAGE, InstanceQuery
from local.durable.wire import history_record, past_events
from local.stack import Ports, Stack
from local.testing.app import TestApp
from local.testing.functions import Functions, functions_of
from shared import names
from shared.contracts.datasets import DatasetRef
from shared.contracts.evaluation import Evaluation, Figures, GateResult, Verdict
from shared.contracts.events import InterlockEvent
from shared.contracts.interlock import (
    AnyInterlockEvent,
    DatasetPublished,
    HoldsFound,
    ReleaseFinished,
    TrainingFinished,
    VersionRegistered,
)
from shared.contracts.policy import ModelPolicy
from shared.contracts.release import ReleaseOutcome, Serving
from shared.contracts.training import TrainingOutcome
from shared.fleet.loader import load_fleet
from shared.interlock.decide import decide
from shared.interlock.state import InterlockState, upcast

_SECRET: Final = "a secret of the benchmark's own"
_START: Final = datetime(2026, 1, 5, 9, tzinfo=UTC)
_EVENTS_EACH: Final = 10
_FLEET: Final = """\
fleet: bench
level: 3
matrix: {{cell: [{cells}]}}
sources: {{raw: {{files: "{{cell}}.csv", recipe: recipe.yaml}}}}
datasets: {{weekly: {{from: [raw], per: [cell]}}}}
models:
  bench-{{cell}}:
    train: {{pipeline: train.yml, data: weekly}}
    serve: {{batch: score.yml}}
gates: {{accuracy: {{metric: mape, max: 45%}}}}
release: {{golden: golden.csv}}
"""
_RECIPE: Final = "recipe: raw\nkeys: [id]\ncolumns: {id: {from: id, type: text}}\n"

type Result = dict[str, float]


def main() -> int:
    """Measure, and print the result."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer webhooks and models: to try it out")
    quick = parser.parse_args().quick
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        policies = _policies(Path(folder), 1_000)
        _say("decide")
        result = _decide(policies[0])
        _say("events of many models")
        result |= asyncio.run(_many(policies[: 100 if quick else 1_000]))
        _say("webhooks on the local stack")
        result |= asyncio.run(_webhooks(Path(folder), policies[: 20 if quick else 200]))
    print(json.dumps(result))
    return 0


# ── The decision alone ──────────────────────────────────────────────────────────────────────────────────────────────


def _decide(policy: ModelPolicy) -> Result:
    """The median over all events of a week, and of each kind."""
    state = InterlockState()
    for week in range(40):
        for event in _week(policy, week):
            state = decide(state, event).state
    medians, every = {}, []
    for event in _week(policy, 40):
        before, spent = state, []
        for _ in range(2_000):
            begun = time.perf_counter()
            decide(before, event)
            spent.append(time.perf_counter() - begun)
        medians[event.kind] = statistics.median(spent) * 1e6
        every += spent
        state = decide(before, event).state
    overall = {"decide_us_p50": statistics.median(every) * 1e6, "decide_us_worst_p50": max(medians.values())}
    return {name: round(value, 1) for name, value in overall.items()} | {
        f"decide_us_{kind}": round(value, 1) for kind, value in medians.items()
    }


# ── Many models ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def _many(policies: list[ModelPolicy]) -> Result:
    """Cost per event, of few models and of many, in turns on the same machine; the medians."""
    few, rounds = policies[:10], 3
    ratios, rates, handled = [], [], 0
    for _ in range(rounds):
        each = [await _events(few, len(policies) * _EVENTS_EACH // len(few)), await _events(policies, _EVENTS_EACH)]
        handled = each[1][1]
        ratios.append(each[1][0] / each[0][0])
        rates.append(1 / each[1][0])
    return {
        "events_per_s": round(statistics.median(rates)),
        "cost_1000_over_10": round(statistics.median(ratios), 3),
        "handled": handled,
    }


async def _events(policies: list[ModelPolicy], each: int) -> tuple[float, int]:
    """Seconds per event, and how many decisions the interlocks have counted."""
    async with TestApp(_functions()) as running:
        await _unheld(running.engine, policies)
        begun = time.perf_counter()
        for number in range(each):
            for policy in policies:
                await _signal(running.engine, _week(policy, number // 4)[number % 4])
        await running.engine.run_until_idle()
        spent = time.perf_counter() - begun
        handled = 0
        for policy in policies:
            entity = running.engine.get_entity(str(EntityInstanceId(names.MODEL_INTERLOCK, policy.model)))
            assert entity is not None
            assert entity.state is not None
            handled += upcast(json.loads(entity.state)).revision - 1  # raised by each decision, also of `_unheld`
    return spent / (each * len(policies)), handled


# ── Webhooks ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def _webhooks(folder: Path, policies: list[ModelPolicy]) -> Result:
    """From each webhook to the start of the release."""
    state = folder / "stack"
    database = state / "host" / "durable.db"
    database.parent.mkdir(parents=True)
    async with TestApp(_functions(), database=database) as running:
        await _unheld(running.engine, policies)
        for policy in policies:
            await _signal(running.engine, _dataset(policy, 0))
            await _signal(running.engine, _trained(policy, 0))
        await running.engine.run_until_idle()
    settings = {"SIGNALBOX_FLEET": str(folder / "fleet.yaml"), "SIGNALBOX_WEBHOOK_SECRET": _SECRET}
    sent: dict[str, datetime] = {}
    with (
        Stack(state, ports=Ports.free(), webhooks=False, settings=settings) as stack,
        httpx.Client(base_url=stack.host_url, trust_env=False, timeout=30) as client,
    ):
        for policy in policies:
            sent[policy.model] = _register(client, policy.model)
            _wait_for_release(client, policy.model)
    waits = [(begun - sent[model]).total_seconds() * 1e3 for model, begun in _begun(database)]
    assert len(waits) == len(policies), f"{len(waits)} releases for {len(policies)} webhooks"
    cuts = statistics.quantiles(waits, n=100, method="inclusive")
    return {"webhook_to_release_ms_p50": round(cuts[49], 1), "webhook_to_release_ms_p99": round(cuts[98], 1)}


def _register(client: httpx.Client, model: str) -> datetime:
    """Tell of a version as MLflow does; when that was sent."""
    body = json.dumps({
        "entity": "model_version", "action": "created", "timestamp": str(time.time()),
        "data": {"name": model, "version": "1", "source": "s", "run_id": "r", "tags": {}, "description": None},
    }).encode()  # fmt: skip
    delivery, at = uuid4().hex, str(int(time.time()))
    headers = {
        "x-mlflow-delivery-id": delivery,
        "x-mlflow-timestamp": at,
        "x-mlflow-signature": mlflow_signature(_SECRET, delivery, at, body),
        "content-type": "application/json",
    }
    sent = datetime.now(UTC)
    answer = client.post("/api/webhooks/mlflow", content=body, headers=headers).raise_for_status()
    assert answer.json()["status"] != "ignored", answer.text
    return sent


def _wait_for_release(client: httpx.Client, model: str) -> None:
    """Let it come to its end, which is soon: there are no files of that version. So each webhook finds a quiet app."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        row = client.get(f"/api/models/{model}")
        if row.status_code == httpx.codes.OK and row.json()["state"] == "release_failed":
            return
        time.sleep(0.05)
    raise TimeoutError(f"the release of {model} did not end: {row.text[:500]}")


def _begun(database: Path) -> Iterator[tuple[str, datetime]]:
    """The model of each release, and when its first turn began."""
    with closing(sqlite3.connect(database)) as connection:
        connection.row_factory = sqlite3.Row
        query = InstanceQuery(id_prefix="release-", page_size=MAX_PAGE)
        for one in reads.instances(connection, query).items:
            first = past_events(next(reads.history_frames(connection, one.id)))[0]
            yield json.loads(one.input or "{}")["model"], history_record(first).at


# ── Events ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _week(policy: ModelPolicy, week: int) -> list[AnyInterlockEvent]:
    """Data, a training that passed, and its registration; releases end as they do on the way."""
    return [
        _dataset(policy, week),
        _trained(policy, week),
        VersionRegistered(model=policy.model, at=_at(week, 3), policy=policy, version=str(week + 1), seen_by="webhook"),
        ReleaseFinished(
            model=policy.model,
            at=_at(week, 4),
            outcome=ReleaseOutcome(
                model=policy.model,
                version=str(week + 1),
                attempt=week + 1,
                released=True,
                reason="It serves.",
                serving=Serving(mode="batch", published=f"predictions/v{week + 1}.csv", rows=1_000),
                previous=str(week) if week else None,
            ),
        ),
    ]


def _dataset(policy: ModelPolicy, week: int) -> DatasetPublished:
    version = f"weekly-{policy.model}-{week:04}"
    ref = DatasetRef(dataset="weekly", version=version, path=f"datasets/{version}/", cell={}, rows=1_000, rejected=0)
    return DatasetPublished(model=policy.model, at=_at(week, 1), policy=policy, dataset=ref)


def _trained(policy: ModelPolicy, week: int) -> TrainingFinished:
    gate = GateResult(gate="accuracy", metric="mape", passed=True, got=0.2, required=0.45, reason="accuracy: fine")
    outcome = TrainingOutcome(
        model=policy.model,
        attempt=week + 1,
        outcome="passed",
        reason="It passed.",
        version=str(week + 1),
        evaluation=Evaluation(model=Figures(rows=100, zeros=0, mape=0.2)),
        verdict=Verdict(passed=True, gates=(gate,)),
    )
    return TrainingFinished(model=policy.model, at=_at(week, 2), outcome=outcome)


def _at(week: int, minute: int) -> datetime:
    return _START + timedelta(weeks=week, minutes=minute)


# ── The app ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _functions() -> Functions:
    """The real entity; what it starts ends at once."""
    entities = {name: one for name, one in functions_of(app).entities.items() if name == names.MODEL_INTERLOCK}
    return Functions(dict.fromkeys(_STARTED, _nothing), {}, entities)


_STARTED: Final = (names.TRAIN_MODEL, names.RECORD_MODEL, names.RELEASE_MODEL)


def _nothing(_context: task.OrchestrationContext, _order: Any) -> None:
    return None


async def _signal(engine: Engine, event: InterlockEvent) -> None:
    entity = str(EntityInstanceId(names.MODEL_INTERLOCK, event.model))
    await engine.signal_entity(entity, names.INTERLOCK_RECEIVE, json.dumps(event.to_wire()))


async def _unheld(engine: Engine, policies: list[ModelPolicy]) -> None:
    """All models know that nobody holds their fleet, which each looks up once in its life."""
    for policy in policies:
        await _signal(engine, HoldsFound(model=policy.model, at=_START, holds=()))
    await engine.run_until_idle()


def _policies(folder: Path, models: int) -> list[ModelPolicy]:
    """The models of a fleet file that is written for this."""
    cells = ", ".join(f"c{number:04}" for number in range(models))
    (folder / "fleet.yaml").write_text(_FLEET.format(cells=cells))
    files = {"recipe.yaml": _RECIPE, "train.yml": "", "score.yml": "", "golden.csv": "a,expected,tolerance\n1,1,1\n"}
    for name, text in files.items():
        (folder / name).write_text(text)
    return list(load_fleet(folder / "fleet.yaml").models)


def _say(what: str) -> None:
    sys.stderr.write(f"{what}\n")


if __name__ == "__main__":
    sys.exit(main())
