"""A fleet whose storage is in memory and whose models answer as a test says, for runs over many cells.

The orchestrator, its activities and the doors are the app's own; interlocks and conditionings are played.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from durabletask import task
from durabletask.entities import DurableEntity

from functions import adapters, tracing
from local.testing.functions import Functions
from shared import names
from shared.contracts.base import Contract
from shared.contracts.conditioning import BlobArrival, ConditionDatasetInput
from shared.contracts.datasets import DatasetRef, IndexedDataset, IndexPage
from shared.contracts.deliveries import Delivery
from shared.contracts.fleet_runs import RunRow
from shared.contracts.interlock import INTERLOCK_EVENT, ScoringRequested, TrainingRequested
from shared.contracts.read_model import ModelRow, RequestNote
from shared.fleet.fleet import Fleets
from shared.fleet.loader import load_fleet
from tests.functions.conftest import registered
from tests.functions.world import World

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
#: What a model says, look by look; the last word stays.
type Words = tuple[str, ...]

_FLEET = """\
fleet: demo
timezone: America/New_York
matrix:
  origin: [{origins}]
  movement: [fast, slow]
sources:
  flights: {{files: "raw/{{origin}}/{{month}}.csv", recipe: recipe.yaml}}
datasets:
  departures: {{from: [flights], per: [origin, month]}}
models:
  departures-{{origin}}-{{movement}}:
    train: {{pipeline: train.yml, data: departures}}
    serve: {{batch: score.yml}}
    golden: golden.csv
  quick-{{origin}}:
    train: {{pipeline: train.yml, data: departures}}
    serve: {{online: "quick-{{origin}}"}}
    golden: golden.csv
gates:
  accuracy: {{metric: mape, max: 45%}}
"""


class MemoryRuns:
    """Runs in memory; implements `Runs`."""

    def __init__(self) -> None:
        self.rows: dict[str, RunRow] = {}
        self.documents: dict[str, Contract] = {}
        self.written: Counter[str] = Counter()

    def put(self, row: RunRow) -> bool:
        """What has ended, or is newer, stays."""
        there = self.rows.get(row.run)
        if there and (there.ended_at or there.updated_at > row.updated_at):
            return False
        self.rows[row.run] = row
        return True

    def get(self, run: str) -> RunRow | None:
        """One row."""
        return self.rows.get(run)

    def recent(self, limit: int = 100) -> list[RunRow]:
        """Newest first."""
        return sorted(self.rows.values(), key=lambda row: row.started_at, reverse=True)[:limit]

    def keep[D: Contract](self, path: str, document: D) -> D:
        """The first one stays."""
        self.documents.setdefault(path, document)
        self.written[path] += 1
        return self.read(path, type(document)) or document

    def replace(self, path: str, document: Contract) -> None:
        """The last one stays."""
        self.documents[path] = document

    def read[D: Contract](self, path: str, kind: type[D]) -> D | None:
        """A document."""
        found = self.documents.get(path)
        assert found is None or isinstance(found, kind)
        return found

    def forget(self, run: str, folder: str) -> None:
        """Row and documents."""
        self.documents = {path: one for path, one in self.documents.items() if not path.startswith(folder)}
        self.rows.pop(run, None)


@dataclass
class FleetInMemory:
    """What the run sees and writes.

    Attributes:
        words: What each model or cell says; `passed`, `scored` or `done` when it says nothing else. No words: silence.
        champions: Models with a version in production.
        datasets: The last day of each origin's newest dataset version.
        landed: Paths of landed files.
        versions: The present versions of cells.
        rows: What real interlocks have written; where there is nothing, models answer with their words.
        asked: The requests that reached the models.
        conditioned: The orders that reached conditionings.
    """

    words: dict[str, Words] = field(default_factory=dict)
    champions: set[str] = field(default_factory=set)
    datasets: dict[str, tuple[date, ...]] = field(default_factory=dict)
    landed: list[str] = field(default_factory=list)
    versions: list[IndexedDataset] = field(default_factory=list)
    asked: list[TrainingRequested | ScoringRequested] = field(default_factory=list)
    conditioned: list[ConditionDatasetInput] = field(default_factory=list)
    concluded: dict[str, Delivery] = field(default_factory=dict)
    rows: dict[str, ModelRow] = field(default_factory=dict)
    runs: MemoryRuns = field(default_factory=MemoryRuns)
    looks: Counter[str] = field(default_factory=Counter)
    searches: int = 0

    # ── the ports

    def all(self) -> list[ModelRow]:
        """The read model: each look hears the next word of every request."""
        if self.rows:
            return list(self.rows.values())
        notes: dict[str, list[RequestNote]] = {}
        for event in self.asked:
            notes.setdefault(event.model, []).extend(self._note(event))
        return [self._row(model, notes.get(model, [])) for model in sorted({*notes, *self.champions})]

    def newest(
        self, fleet: str, dataset: str, labels: Mapping[str, str], ends_by: date | None = None
    ) -> DatasetRef | None:
        """The dataset index."""
        self.searches += 1
        days = [day for day in self.datasets.get(labels["origin"], ()) if ends_by is None or day <= ends_by]
        if not days:
            return None
        version = f"{labels['origin']}-{max(days)}"
        return DatasetRef(
            dataset=dataset, version=version, cell=dict(labels), path=f"{version}/", rows=1, rejected=0, ends=max(days)
        )

    def cells(self, fleet: str, dataset: str, after: str | None = None, limit: int = 100) -> IndexPage:
        """The dataset index, a version to a page."""
        place = int(after or 0)
        return IndexPage(
            entries=tuple(self.versions[place : place + 1]), next=str(place + 1) if place < len(self.versions) else None
        )

    def list(self, prefix: str) -> list[BlobArrival]:
        """The landing container."""
        return [
            BlobArrival(container="landing", path=path, etag="1", size=1, at=START)
            for path in sorted(self.landed)
            if path.startswith(prefix)
        ]

    def get(self, channel: str, key: str) -> Delivery | None:
        """The inbox."""
        return self.concluded.get(key) if channel == "conditioning" else None

    # ── who is asked

    def functions(self) -> Functions:
        """The app's own run, and players for everything else."""
        run = registered().orchestrators[names.RUN_FLEET]
        orchestrators = {names.RUN_FLEET: run, names.CONDITION_DATASET: _condition}
        return Functions(orchestrators, _own() | {"play": self._play}, {names.MODEL_INTERLOCK: self._interlock()})

    def functions_with_interlocks(self, world: World) -> Functions:
        """The app's own run, interlocks and trainings, in a world in memory."""

        def write_model_row(payload: Any) -> Any:
            row = ModelRow.from_wire(payload["row"])
            there = self.rows.get(row.model)
            self.rows[row.model] = there if there and there.revision > row.revision else row
            return {"result": {"written": self.rows[row.model] is row}}

        app, activities = registered(), world.activities() | _own() | {names.WRITE_MODEL_ROW: write_model_row}
        return Functions(dict(app.orchestrators), activities, dict(app.entities))

    def _interlock(self) -> type[DurableEntity]:
        fleet = self

        class model_interlock(DurableEntity):  # noqa: N801 - the SDK looks for the registered name
            def receive(self, event: Any) -> None:
                read = INTERLOCK_EVENT.validate_python(event)
                assert isinstance(read, TrainingRequested | ScoringRequested)
                fleet.asked.append(read)

        return model_interlock

    def _play(self, payload: Any) -> str:
        order = ConditionDatasetInput.from_wire(payload)
        self.conditioned.append(order)
        word = self.words.get(order.subject, ("done",))[-1]
        self.concluded[order.key] = Delivery.model_validate({
            "channel": "conditioning", "key": order.key, "subject": order.subject, "received_at": START,
            "outcome": word, "reason": f"it is {word}",
        })  # fmt: skip
        return word

    def _note(self, event: TrainingRequested | ScoringRequested) -> Iterator[RequestNote]:
        kind = "training" if isinstance(event, TrainingRequested) else "scoring"
        words = self.words.get(event.model, ("passed" if kind == "training" else "scored",))
        if words:
            heard = f"{event.model}/{event.request_id}"
            word = words[min(self.looks[heard], len(words) - 1)]
            self.looks[heard] += 1
            note = {"request_id": event.request_id, "kind": kind, "outcome": word, "reason": f"it is {word}"}
            yield RequestNote.model_validate(note)

    def _row(self, model: str, notes: Any) -> ModelRow:
        return ModelRow(
            fleet="demo", model=model, labels={}, revision=1, state="waiting", reason="", updated_at=START,
            champion="1" if model in self.champions else None, requests=tuple(notes),
        )  # fmt: skip


def _own() -> dict[str, Any]:
    steps = (names.PLAN_RUN, names.READ_RUN_CELLS, names.LOOK_AT_RUN, names.CONCLUDE_RUN)
    return {name: registered().activities[name] for name in steps}


def _condition(context: task.OrchestrationContext, payload: Any) -> Any:
    """A conditioning that writes down its end, and fails when it has failed."""
    word = yield context.call_activity("play", input=payload)
    if word in ("failed", "dead"):
        raise ValueError("it failed")
    return {"published": None}


def make_fleet(folder: Path, monkeypatch: pytest.MonkeyPatch, origins: tuple[str, ...]) -> FleetInMemory:
    """A fleet with three models per origin, behind the app's adapters."""
    for name in ("recipe.yaml", "train.yml", "score.yml", "golden.csv"):
        (folder / name).touch()
    file = folder / "fleet.yaml"
    file.write_text(_FLEET.format(origins=", ".join(origins)))
    fleets, memory = Fleets((load_fleet(file),)), FleetInMemory()
    memory.datasets = {origin: (date(2013, 8, 31), date(2013, 9, 30)) for origin in origins}
    monkeypatch.setattr(adapters, "fleets", lambda: fleets)
    monkeypatch.setattr(adapters, "runs", lambda: memory.runs)
    for port in ("read_model", "dataset_index", "landing", "inbox"):
        monkeypatch.setattr(adapters, port, lambda: memory)
    monkeypatch.setattr(tracing, "_configure", lambda: None)
    return memory
