"""From landed files to dataset versions: the app's own orchestrator and activities over storage in memory."""

import json
from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from typing import Any

from functions.arrivals import conditioning_orders
from shared import names
from shared.contracts.datasets import FindDatasetInput
from tests.functions.landing_site import Site, ready
from tests.functions.stores import Blobs, Deliveries, Index


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
