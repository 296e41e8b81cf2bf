"""A fleet whose files land: the app's own conditioning over storage in memory, and what became of each file."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from functions import adapters
from functions.arrivals import conditioning_orders
from functions.lost_arrivals import lost_orders
from shared import names
from shared.contracts.conditioning import BlobArrival, ConditionDatasetInput
from shared.contracts.datasets import DatasetRef
from shared.contracts.deliveries import Delivery
from shared.contracts.reconciliation import ReconcileInput
from shared.fleet.fleet import Fleets
from shared.fleet.loader import load_fleets
from shared.settings import Settings
from tests.functions.conftest import App, registered
from tests.functions.stores import Blobs, Deliveries, Index

FLEET = """\
fleet: flights
timezone: America/New_York
matrix: {origin: [JFK, LGA]}
sources:
  flights: {files: "raw/flights/{origin}/{month}*.csv", recipe: recipe.yaml}
  holidays: {files: "raw/holidays/{year}.csv", recipe: recipe.yaml}
  events: {files: "ref/events.csv", recipe: recipe.yaml}
datasets:
  monthly: {from: [flights, holidays, events], per: [origin, month]}
models:
  m-{origin}:
    train: {pipeline: p.yml, data: monthly}
    serve: {batch: p.yml}
    golden: golden.csv
gates: {accuracy: {metric: rmse, max: 3}}
"""
RECIPE = "columns: {route: {from: route}, flights: {from: flights, type: integer, min: 0}}\n"
JULY = datetime(2013, 7, 20, tzinfo=UTC)


def csv(*rows: str) -> str:
    """A raw file."""
    return "\n".join(["route,flights", *rows, ""])


@dataclass
class Site:
    """A fleet with its storage, and the running app."""

    app: App
    folder: Path
    landing: Blobs = field(default_factory=lambda: Blobs("landing"))
    data: Blobs = field(default_factory=lambda: Blobs("data"))
    index: Index = field(default_factory=Index)
    inbox: Deliveries = field(default_factory=Deliveries)
    clock: datetime = JULY
    _fleets: Fleets | None = None

    def fleet(self, *edits: tuple[str, str]) -> None:
        """Write the fleet file, with texts replaced."""
        text = FLEET
        for old, new in edits:
            assert old in text, old
            text = text.replace(old, new)
        (self.folder / "fleet.yaml").write_text(text)
        self._fleets = None

    def fleets(self) -> Fleets:
        """The fleet of the file as it is now; it is read once, since every activity asks."""
        if self._fleets is None:
            self._fleets = load_fleets([self.folder / "fleet.yaml"])
        return self._fleets

    async def land(self, path: str, *rows: str) -> list[str]:
        """A file lands, and its event comes; what became of each cell that it asked for."""
        self.clock += timedelta(minutes=1)
        return await self.arrive(self.landing.land(path, csv(*rows), self.clock))

    async def arrive(self, arrival: BlobArrival, at: datetime | None = None) -> list[str]:
        """An event comes, perhaps again, and is recorded as its trigger does; what became of each cell."""
        told = Delivery(
            channel="storage", key=arrival.key, subject="", received_at=self.clock, outcome="accepted", reason=""
        )
        self.inbox.record(told)
        return [await self.condition(order) for order in conditioning_orders(arrival, at or self.clock)]

    async def condition(self, order: ConditionDatasetInput) -> str:
        """Run the conditioning; how it ended, as its delivery says."""
        await self.app.run(names.CONDITION_DATASET, order)
        return self.delivery(order).outcome

    def delivery(self, order: ConditionDatasetInput) -> Delivery:
        """What is known of an order."""
        found = self.inbox.get("conditioning", order.key)
        assert found is not None
        return found

    @property
    def reasons(self) -> list[str]:
        """Why everything ended as it did, oldest first."""
        return [one.reason for one in self.inbox.recent("conditioning")]

    @property
    def versions(self) -> dict[str, str]:
        """Every version by its name, with its cell."""
        entries = self.index.versions("flights", "monthly").entries
        return {entry.dataset.version: " ".join(entry.dataset.cell.values()) for entry in entries}

    def newest(self, origin: str = "JFK") -> DatasetRef:
        """The present version."""
        found = self.index.newest("flights", "monthly", {"origin": origin})
        assert found is not None
        return found

    def rows(self, source: str = "flights") -> list[str]:
        """The rows of a source in the present version."""
        return self.data.read(f"{self.newest().path}{source}.csv").decode().splitlines()[1:]


def landing_site(app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """The app with its own conditioning activities, over storage in memory."""
    for file in ("p.yml", "golden.csv"):
        (tmp_path / file).touch()
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    site = Site(app, tmp_path)
    site.fleet()
    monkeypatch.setattr(adapters, "fleets", site.fleets)
    monkeypatch.setattr(adapters, "landing", lambda: site.landing)
    monkeypatch.setattr(adapters, "data", lambda: site.data)
    monkeypatch.setattr(adapters, "inbox", lambda: site.inbox)
    monkeypatch.setattr(adapters, "dataset_index", lambda: site.index)
    monkeypatch.setattr("functions.tracing._configure", lambda: None)
    few = Settings.model_construct(burst_seconds=5, conditioning_at_once=2)  # all that is needed here
    monkeypatch.setattr("functions.cell_files.settings", lambda: few)
    monkeypatch.setattr("functions.conditioning.turns.settings", lambda: few)
    for name in (names.FIND_SOURCE_FILES, names.CONDITION_SOURCE, names.PLAN_FILE, names.CONDITION_RANGE,
                 names.COMMIT_FILE, names.PUBLISH_DATASET, names.CONCLUDE_DELIVERY, names.FIND_CONCERNED_MODELS,
                 names.FIND_DATASET):  # fmt: skip
        app.engine_functions[name] = registered().activities[name]
    return site


async def ready(site: Site) -> None:
    """All but the flights has landed."""
    await site.land("raw/holidays/2013.csv", "x,1")
    await site.land("ref/events.csv", "y,2")


async def search(site: Site, at: datetime) -> list[str]:
    """The search for lost events; what became of what it found."""
    return [await site.condition(order) for order in lost_orders(ReconcileInput(at=at))]


def waiting(otherwise: str) -> tuple[str, str]:
    """The fleet file with a deadline."""
    wait = f'wait: {{for: [flights, holidays], until: "Mon 09:00", else: {otherwise}}}'
    return ("per: [origin, month]", f"per: [origin, month], {wait}")
