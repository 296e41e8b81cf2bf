"""What the search for lost events asks for: what no event told of, and what failed for now."""

from datetime import date, timedelta

import pytest

from functions import adapters
from functions.arrivals import conditioning_orders, published_cells
from functions.lost_arrivals import lost_orders
from shared import names
from shared.contracts.datasets import DatasetRef, IndexedDataset, IndexPage
from shared.contracts.deliveries import Delivery
from shared.contracts.reconciliation import ReconcileInput
from tests.functions.landing_site import JULY, Site, csv, ready, search, waiting
from tests.functions.stores import Index


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


def test_what_fails_keeps_nothing_else_from_being_tried(site: Site) -> None:
    """One search acts on 20 orders: the new ones first, and each that failed gets its turn."""
    for number in range(50):
        arrival = site.landing.land(f"raw/flights/JFK/{2000 + number // 12}-{number % 12 + 1:02}.csv", csv("A,1"), JULY)
        for order in conditioning_orders(arrival, JULY):
            failed = Delivery(
                channel="conditioning", key=order.key, subject="", received_at=JULY, outcome="failed", reason=""
            )
            site.inbox.conclude(failed)
    site.landing.land("raw/flights/LGA/2013-06.csv", csv("A,1"), JULY)
    tried: set[str] = set()
    for hours in range(1, 31):
        found = lost_orders(ReconcileInput(at=JULY + timedelta(hours=hours)))
        assert found[0].cell["origin"] == "LGA"
        assert len(found) == 20
        tried |= {one.key for one in found}
    assert len(tried) == 51


def test_a_backlog_does_not_keep_late_cells_from_being_told(site: Site) -> None:
    """They come first, and the backlog goes on in the same search."""
    site.fleet(waiting("alert"))
    for number in range(50):
        path = f"raw/flights/JFK/{2000 + number // 12}-{number % 12 + 1:02}.csv"
        site.landing.land(path, csv("A,1"), JULY)
    found = lost_orders(ReconcileInput(at=JULY + timedelta(hours=3)))
    assert [one.cause.partition("/")[0] for one in found] == ["deadline"] * 2 + ["landing"] * 18


async def test_what_landed_before_its_cells_is_not_taken_for_lost(site: Site) -> None:
    """The holidays and the events were there first: the search has nothing to do."""
    await ready(site)
    assert await site.land("raw/flights/JFK/2013-06.csv", "A,1") == ["done"]
    assert await search(site, JULY + timedelta(hours=3)) == []


async def test_a_file_that_no_source_wanted_is_taken_when_the_fleet_file_wants_it(site: Site) -> None:
    """It landed while the file was being changed; nobody has to land it again."""
    await ready(site)
    site.fleet(("raw/flights", "raw/departures"))
    arrival = site.landing.land("raw/flights/JFK/2013-06.csv", csv("A,1"), site.clock)
    assert conditioning_orders(arrival, site.clock) == ()
    told = Delivery(channel="storage", key=arrival.key, subject="", received_at=JULY, outcome="ignored", reason="")
    site.inbox.record(told)
    assert await search(site, site.clock + timedelta(minutes=5)) == []
    site.fleet()
    assert await search(site, site.clock + timedelta(minutes=10)) == ["done"]


def test_only_the_newest_cells_are_looked_through(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The index answers by pages, newest period first: years of cells are left alone."""
    asked: list[str | None] = []

    class Paged(Index):
        def cells(self, fleet: str, dataset: str, after: str | None = None, limit: int = 100) -> IndexPage:
            asked.append(after)
            month = 7 - len(asked)
            ref = DatasetRef(
                dataset=dataset,
                version=f"v{month}",
                cell={"origin": "JFK", "month": f"2013-{month:02}"},
                path="",
                rows=1,
                rejected=0,
                ends=date(2013, month, 28),
            )
            page = str(month) if month > 1 else None
            return IndexPage(entries=(IndexedDataset(fleet=fleet, dataset=ref, at=JULY),), next=page)

    monkeypatch.setattr(adapters, "dataset_index", Paged)
    fleet = adapters.fleet("flights")
    assert len(published_cells(fleet, "monthly", date(2013, 5, 28))) == 3
    assert asked == [None, "6", "5"]
    asked.clear()
    assert len(published_cells(fleet, "monthly")) == 6
