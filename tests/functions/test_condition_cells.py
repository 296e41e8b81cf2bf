"""From landed files to dataset versions: the app's own orchestrator and activities over storage in memory."""

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from functions import adapters
from functions.arrivals import conditioning_orders
from functions.lost_arrivals import lost_orders
from shared import names
from shared.contracts.datasets import BlobArrival, ConditionDatasetInput, DatasetRef, FindDatasetInput
from shared.contracts.deliveries import Delivery
from shared.contracts.reconciliation import ReconcileInput
from shared.fleet import load_fleets
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

    def fleet(self, *edits: tuple[str, str]) -> None:
        """Write the fleet file, with texts replaced."""
        text = FLEET
        for old, new in edits:
            assert old in text, old
            text = text.replace(old, new)
        (self.folder / "fleet.yaml").write_text(text)

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


@pytest.fixture
def site(app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """The app with its own conditioning activities, over storage in memory."""
    for file in ("p.yml", "golden.csv"):
        (tmp_path / file).touch()
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    site = Site(app, tmp_path)
    site.fleet()
    monkeypatch.setattr(adapters, "fleets", lambda: load_fleets([tmp_path / "fleet.yaml"]))
    monkeypatch.setattr(adapters, "landing", lambda: site.landing)
    monkeypatch.setattr(adapters, "data", lambda: site.data)
    monkeypatch.setattr(adapters, "inbox", lambda: site.inbox)
    monkeypatch.setattr(adapters, "dataset_index", lambda: site.index)
    monkeypatch.setattr("functions.tracing._configure", lambda: None)  # no settings are needed here
    for name in (names.FIND_SOURCE_FILES, names.CONDITION_SOURCE, names.PUBLISH_DATASET, names.CONCLUDE_DELIVERY,
                 names.FIND_CONCERNED_MODELS, names.FIND_DATASET):  # fmt: skip
        app.engine_functions[name] = registered().activities[name]
    return site


async def test_a_version_is_published_when_every_source_is_there(site: Site) -> None:
    """Whatever comes last; the year's holidays and the events without a period are in it as they are."""
    assert await site.land("raw/flights/JFK/2013-06.csv", "JFK-BOS,7") == ["waiting"]
    assert await site.land("raw/holidays/2013.csv", "x,1") == ["waiting"]
    assert await site.land("ref/events.csv", "y,2") == ["done"]
    assert site.newest().ends == date(2013, 6, 30)
    assert (site.rows(), site.rows("holidays"), site.rows("events")) == (["JFK-BOS,7"], ["x,1"], ["y,2"])


async def test_files_of_one_period_are_joined_in_the_order_of_their_paths(site: Site) -> None:
    """With one header; each raw file is conditioned once, however often the cell is looked at."""
    await ready(site)
    await site.land("raw/flights/JFK/2013-06.csv", "A,1")
    before = len(site.data.written)
    await site.land("raw/flights/JFK/2013-06-b.csv", "C,3", "C,x")
    assert site.rows() == ["C,3", "A,1"]
    conditioned = [
        path for path in site.data.written[before:] if path.startswith("conditioned/flights/") and path.endswith(".csv")
    ]
    assert len(conditioned) == 1
    assert site.newest().rejected == 1
    assert json.loads(site.data.read(f"{site.newest().path}manifest.json"))["rejected"] == 1


async def test_the_newest_of_several_files_replaces_the_others(site: Site) -> None:
    """With `take: newest`, as a corrected file does."""
    site.fleet(('csv", recipe: recipe.yaml}\n  holidays', 'csv", recipe: recipe.yaml, take: newest}\n  holidays'))
    await ready(site)
    await site.land("raw/flights/JFK/2013-06-z.csv", "A,1")
    await site.land("raw/flights/JFK/2013-06-a.csv", "B,2")
    assert site.rows() == ["B,2"]
    assert len(site.versions) == 2


async def test_a_corrected_file_is_a_new_version_and_the_same_bytes_are_the_same(site: Site) -> None:
    """Another ETag alone changes nothing; other bytes do."""
    await ready(site)
    await site.land("raw/flights/JFK/2013-06.csv", "A,1")
    await site.land("raw/flights/JFK/2013-06.csv", "A,1")
    assert len(site.versions) == 1
    await site.land("raw/flights/JFK/2013-06.csv", "A,2")
    assert len(site.versions) == 2
    assert site.rows() == ["A,2"]
    await site.land("raw/flights/JFK/2013-06.csv", "A,1")  # the correction is taken back
    assert len(site.versions) == 2
    assert site.rows() == ["A,1"]


async def test_with_since_a_version_holds_all_periods_and_a_late_one_renews_the_newest(site: Site) -> None:
    """May comes after June: its own cell, and June's, which now holds it; gaps do not block and are noted."""
    site.fleet(('csv", recipe: recipe.yaml}\n  holidays', 'csv", recipe: recipe.yaml, since: 2013-03-01}\n  holidays'))
    await ready(site)
    assert await site.land("raw/flights/JFK/2013-06.csv", "June,6") == ["done"]
    assert gaps(site) == ["2013-03", "2013-04", "2013-05"]
    assert await site.land("raw/flights/JFK/2013-05.csv", "May,5") == ["done", "done"]
    assert site.rows() == ["May,5", "June,6"]
    assert gaps(site) == ["2013-03", "2013-04"]
    assert sorted(site.versions.values()) == ["JFK 2013-05", "JFK 2013-06", "JFK 2013-06"]


async def test_in_whatever_order_the_files_land_the_newest_version_is_the_same(site: Site) -> None:
    """All 24 orders of four files, each with its event."""
    site.fleet(('csv", recipe: recipe.yaml}\n  holidays', 'csv", recipe: recipe.yaml, since: 2013-03-01}\n  holidays'))
    files = {
        "raw/flights/JFK/2013-05.csv": "May,5",
        "raw/flights/JFK/2013-06.csv": "June,6",
        "raw/holidays/2013.csv": "x,1",
        "ref/events.csv": "y,2",
    }
    newest: set[str] = set()
    for order in permutations(files):
        site.landing, site.data, site.index, site.inbox = Blobs("landing"), Blobs("data"), Index(), Deliveries()
        for path in order:
            await site.land(path, files[path])
        assert site.newest().cell["month"] == "2013-06"
        assert site.rows() == ["May,5", "June,6"]
        newest.add(site.newest().version)
    assert len(newest) == 1


async def test_a_year_waits_for_its_twelve_months_and_takes_them_in_any_order(site: Site) -> None:
    """The reason names the months that are missing."""
    site.fleet(("per: [origin, month]", "per: [origin, year]"))
    await ready(site)
    for month in (12, 3, 1, 2, 4, 5, 6, 7, 8, 9, 10):
        assert await site.land(f"raw/flights/JFK/2013-{month:02}.csv", f"A,{month}") == ["waiting"]
    assert "flights: no file of 2013-11" in site.reasons[-1]
    assert await site.land("raw/flights/JFK/2013-11.csv", "A,11") == ["done"]
    assert site.rows() == [f"A,{month}" for month in range(1, 13)]


async def test_delivered_twice_or_at_once_there_is_one_version(site: Site) -> None:
    """Every effect's key is content."""
    await ready(site)
    await site.land("raw/flights/JFK/2013-06.csv", "A,1")
    arrival = site.landing.list("raw/flights/JFK/2013-06.csv")[0]
    orders = [*conditioning_orders(arrival, site.clock), *conditioning_orders(arrival, site.clock + timedelta(hours=1))]
    started = [
        await site.app.client.schedule_new_orchestration(names.CONDITION_DATASET, input=order.to_wire())
        for order in orders
    ]
    for instance in started:
        assert (await site.app.finish(instance)).runtime_status.name == "COMPLETED"
    assert len(site.versions) == 1


async def test_a_file_that_is_too_old_is_missing(site: Site) -> None:
    """The reason says of when it is, and how old it may be."""
    site.fleet(('ref/events.csv", recipe: recipe.yaml', 'ref/events.csv", recipe: recipe.yaml, max_age: 30d'))
    await ready(site)
    site.clock += timedelta(days=31)
    assert await site.land("raw/flights/JFK/2013-06.csv", "A,1") == ["waiting"]
    assert site.reasons[-1] == "Waiting for events: its newest file is of 2013-07-20, older than 30 days."


async def test_a_file_without_an_accepted_row_fails_the_version(site: Site) -> None:
    """Nothing is published, and the reason counts what was rejected."""
    await ready(site)
    assert await site.land("raw/flights/JFK/2013-06.csv", "A,x") == ["dead"]
    assert "all 1 rows were rejected (1 x flights.not_an_integer)" in site.reasons[-1]
    assert site.versions == {}


async def test_too_many_rejected_rows_are_not_published(site: Site) -> None:
    """The reason names rule, bound and figure; the quarantine stays; a corrected file is published."""
    site.fleet(quality("max_rejected: 20%"))
    await ready(site)
    assert await site.land("raw/flights/JFK/2013-06.csv", "A,1", "B,x") == ["dead"]
    assert "max_rejected requires at most 20% of the rows in quarantine, got 25% (1 of 4)" in site.reasons[-1]
    assert site.versions == {}
    assert site.data.list("quarantine/flights/")
    assert await site.land("raw/flights/JFK/2013-06.csv", "A,1", "B,2") == ["done"]


async def test_a_number_of_rows_far_from_the_last_is_not_published(site: Site) -> None:
    """Compared with the last version of the same airport; another airport and a later month do not count."""
    site.fleet(quality("rows_vs_last: 20%"))
    await ready(site)
    assert await site.land("raw/flights/JFK/2013-05.csv", *[f"A,{row}" for row in range(8)]) == ["done"]
    assert await site.land("raw/flights/LGA/2013-05.csv", "A,1") == ["done"]
    assert await site.land("raw/flights/JFK/2013-07.csv", *[f"A,{row}" for row in range(10)]) == ["done"]
    assert await site.land("raw/flights/JFK/2013-06.csv", *[f"A,{row}" for row in range(5)]) == ["dead"]
    version = next(version for version, cell in site.versions.items() if cell == "JFK 2013-05")
    told = f"rows_vs_last requires at most 20% more or fewer rows than the 10 of {version}, got 7 (30% fewer)"
    assert told in site.reasons[-1]


async def test_rows_that_must_be_there_are_named_when_they_are_not(site: Site) -> None:
    """A column named like a label chooses the rows of the cell: LGA's routes are not asked of JFK."""
    (site.folder / "routes.csv").write_text("origin,route\nJFK,A\nJFK,B\nLGA,Z\n")
    site.fleet(quality("complete: routes.csv"))
    await ready(site)
    assert await site.land("raw/flights/JFK/2013-06.csv", "A,1") == ["dead"]
    assert "complete requires every row of routes.csv, got none of route=B." in site.reasons[-1]
    assert await site.land("raw/flights/JFK/2013-06-b.csv", "B,1") == ["done"]


async def test_a_late_cell_is_shown_as_late(site: Site) -> None:
    """At its deadline the search finds it, once; a source that is not waited for is taken when it is there."""
    site.fleet(waiting("alert"))
    await site.land("raw/flights/JFK/2013-06.csv", "A,1")
    assert site.reasons[-1] == "Late since 2013-07-01 13:00 UTC. Waiting for holidays: no file of 2013."
    site.clock = datetime(2013, 8, 1, tzinfo=UTC)
    await site.land("raw/flights/JFK/2013-07.csv", "A,1")
    assert site.reasons[-1] == "Waiting for holidays: no file of 2013."
    assert await search(site, datetime(2013, 8, 5, 12, 59, tzinfo=UTC)) == ["waiting"]  # June: it was late before
    assert await search(site, datetime(2013, 8, 5, 13, 0, tzinfo=UTC)) == ["waiting"]
    assert site.reasons[-1] == "Late since 2013-08-05 13:00 UTC. Waiting for holidays: no file of 2013."
    assert await search(site, datetime(2013, 8, 6, tzinfo=UTC)) == []
    assert await site.land("raw/holidays/2013.csv", "x,1") == ["done", "done"]
    assert await search(site, datetime(2013, 9, 6, tzinfo=UTC)) == []


async def test_a_late_cell_fails_where_the_fleet_says_so(site: Site) -> None:
    """And is published all the same when the file comes after all."""
    site.fleet(waiting("fail"))
    assert await site.land("raw/flights/JFK/2013-06.csv", "A,1") == ["dead"]
    assert site.reasons[-1].startswith("Late since 2013-07-01 13:00 UTC.")
    assert await site.land("raw/holidays/2013.csv", "x,1") == ["done"]


async def test_a_late_cell_takes_the_files_of_the_last_period_where_the_fleet_says_so(site: Site) -> None:
    """Which the reason and the manifest say; without an earlier file it waits."""
    site.fleet(waiting("use_last"))
    assert await site.land("raw/flights/JFK/2013-06.csv", "A,1") == ["waiting"]
    await site.land("raw/holidays/2011.csv", "x,11")
    await site.land("raw/holidays/2012.csv", "x,12")
    assert await site.land("raw/flights/JFK/2013-06.csv", "A,2") == ["done"]
    assert site.rows("holidays") == ["x,12"]
    assert "With files of the last period" in site.reasons[-1]
    described = json.loads(site.data.read(f"{site.newest().path}manifest.json"))
    assert {one["source"]: one["earlier"] for one in described["sources"]} == {"flights": False, "holidays": True}
    assert await site.land("raw/holidays/2013.csv", "x,13") == ["done"]
    assert site.rows("holidays") == ["x,13"]


async def test_a_late_cell_takes_a_file_that_is_too_old_where_the_fleet_says_so(site: Site) -> None:
    """It is old, and it is the last one that there is."""
    old, for_all = waiting("use_last"), ("for: [flights, holidays], ", "")
    site.fleet(
        ('ref/events.csv", recipe: recipe.yaml', 'ref/events.csv", recipe: recipe.yaml, max_age: 3d'), old, for_all
    )
    await ready(site)
    site.clock += timedelta(days=31)
    assert await site.land("raw/flights/JFK/2013-06.csv", "A,1") == ["done"]
    assert "events: its newest file is of 2013-07-20, older than 3 days." in site.reasons[-1]
    assert site.rows("events") == ["y,2"]


async def test_a_file_without_a_period_reaches_the_newest_cell_and_those_that_waited_for_it(site: Site) -> None:
    """A corrected one renews the newest cell of each airport only."""
    await site.land("raw/holidays/2013.csv", "x,1")
    for origin, month in (("JFK", "2013-05"), ("JFK", "2013-06"), ("LGA", "2013-04")):
        await site.land(f"raw/flights/{origin}/{month}.csv", "A,1")
    assert await site.land("ref/events.csv", "y,1") == ["done"] * 3
    assert await site.land("ref/events.csv", "y,2") == ["done"] * 2
    assert sorted(site.versions.values()) == ["JFK 2013-05", *["JFK 2013-06"] * 2, *["LGA 2013-04"] * 2]


async def test_a_longer_period_asks_for_the_cells_that_are_there(site: Site) -> None:
    """Not for all twelve months of the year."""
    await site.land("ref/events.csv", "y,1")
    await site.land("raw/flights/JFK/2013-05.csv", "A,1")
    await site.land("raw/flights/JFK/2012-05.csv", "A,1")
    assert await site.land("raw/holidays/2013.csv", "x,1") == ["done"]
    assert list(site.versions.values()) == ["JFK 2013-05"]


async def test_the_search_finds_what_no_event_told_of_and_then_nothing(site: Site) -> None:
    """Whatever order the files landed in, one search is enough; the next ones stay quiet, also when time has passed."""
    site.fleet(('csv", recipe: recipe.yaml}\n  holidays', 'csv", recipe: recipe.yaml, since: 2013-01-01}\n  holidays'))
    for path in (
        "raw/flights/JFK/2013-06.csv",
        "raw/flights/JFK/2013-05.csv",
        "raw/holidays/2013.csv",
        "ref/events.csv",
    ):
        site.landing.land(path, csv("A,1"), site.clock)
    assert set(await search(site, JULY + timedelta(hours=1))) == {"done"}
    assert sorted(set(site.versions.values())) == ["JFK 2013-05", "JFK 2013-06"]
    assert await search(site, JULY + timedelta(hours=2)) == []
    await site.land("raw/flights/JFK/2013-07.csv", "A,1")
    assert await search(site, JULY + timedelta(hours=3)) == []


async def test_what_failed_for_now_is_tried_again_by_the_search(site: Site) -> None:
    """Also where the path alone does not tell which cells a file concerns."""
    await site.land("raw/flights/JFK/2013-06.csv", "A,1")
    await site.land("raw/holidays/2013.csv", "x,1")
    arrival = site.landing.land("ref/events.csv", csv("y,1"), site.clock)
    site.app.world.faults = {names.CONDITION_SOURCE: "outage"}
    real = site.app.engine_functions[names.CONDITION_SOURCE]
    site.app.engine_functions[names.CONDITION_SOURCE] = site.app.world.activities()[names.CONDITION_SOURCE]
    assert await site.arrive(arrival) == ["failed"]
    site.app.engine_functions[names.CONDITION_SOURCE] = real
    assert await search(site, JULY + timedelta(hours=3)) == ["done"]
    assert await search(site, JULY + timedelta(hours=4)) == []


async def test_what_landed_before_its_cells_is_not_taken_for_lost(site: Site) -> None:
    """The holidays and the events were there first: the search has nothing to do."""
    await ready(site)
    assert await site.land("raw/flights/JFK/2013-06.csv", "A,1") == ["done"]
    assert await search(site, JULY + timedelta(hours=3)) == []


async def test_a_cell_is_looked_for_under_its_own_prefix(site: Site) -> None:
    """No listing of the whole container per cell."""
    await ready(site)
    site.landing.listed.clear()
    await site.land("raw/flights/JFK/2013-06.csv", "A,1")
    assert site.landing.listed == ["raw/flights/JFK/2013-06", "raw/holidays/2013.csv", "ref/events.csv"]


async def test_a_dataset_is_found_by_name_as_the_newest_or_as_of_a_day(site: Site) -> None:
    """A period that ends after the day is not seen."""
    await ready(site)
    for month in ("2013-06", "2013-05"):
        await site.land(f"raw/flights/JFK/{month}.csv", f"{month},1")
    labels = {"origin": "JFK", "format": "x"}
    find = FindDatasetInput(fleet="flights", dataset="monthly", labels=labels)
    assert (await found(site, find))["ends"] == "2013-06-30"
    before = find.model_copy(update={"as_of": datetime(2013, 6, 30, 3, 59, tzinfo=UTC)})  # 29 June in New York
    assert (await found(site, before))["ends"] == "2013-05-31"
    for version, cell in site.versions.items():
        assert (await found(site, find.model_copy(update={"version": version})))["cell"]["month"] == cell.split()[1]
    code = (await found(site, find.model_copy(update={"labels": {"origin": "LGA"}})))["code"]
    assert code == "DatasetNotFound"


async def ready(site: Site) -> None:
    """All but the flights has landed."""
    await site.land("raw/holidays/2013.csv", "x,1")
    await site.land("ref/events.csv", "y,2")


async def search(site: Site, at: datetime) -> list[str]:
    """The search for lost events; what became of what it found."""
    return [await site.condition(order) for order in lost_orders(ReconcileInput(at=at))]


async def found(site: Site, order: FindDatasetInput) -> dict[str, Any]:
    """What `find_dataset` answers: the version, or why there is none."""
    answer = await site.app.engine_functions[names.FIND_DATASET](order.to_wire())
    result: dict[str, Any] = answer.get("result") or answer["permanent"]
    return result


def gaps(site: Site) -> list[str]:
    """Of the flights in the present version."""
    described = json.loads(site.data.read(f"{site.newest().path}manifest.json"))
    return next(source["gaps"] for source in described["sources"] if source["source"] == "flights")


def quality(rule: str) -> tuple[str, str]:
    """The fleet file with a rule of quality."""
    return ("per: [origin, month]", f"per: [origin, month], quality: {{{rule}}}")


def waiting(otherwise: str) -> tuple[str, str]:
    """The fleet file with a deadline."""
    wait = f'wait: {{for: [flights, holidays], until: "Mon 09:00", else: {otherwise}}}'
    return ("per: [origin, month]", f"per: [origin, month], {wait}")
