"""What becomes of a cell whose deadline has passed."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.functions.landing_site import Site, ready, search, waiting


async def test_a_late_cell_is_shown_as_late(site: Site) -> None:
    """At its deadline the search finds it, once; a source that is not waited for is taken when it is there."""
    site.fleet(waiting("alert"), ("[JFK, LGA]", "[JFK]"))
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
    assert await search(site, datetime(2013, 9, 1, tzinfo=UTC)) == []


@pytest.mark.parametrize("otherwise", ["alert", "fail", "use_last"])
async def test_a_cell_of_which_nothing_has_landed_is_late_too(site: Site, otherwise: str) -> None:
    """Of every combination of the matrix; it never takes the files of the last period for all of its own."""
    site.fleet(waiting(otherwise))
    await site.land("raw/holidays/2013.csv", "x,1")
    assert await site.land("raw/flights/JFK/2013-06.csv", "A,1") == ["done"]
    said = "dead" if otherwise == "fail" else "waiting"
    assert await search(site, datetime(2013, 7, 30, tzinfo=UTC)) == [said]
    assert site.reasons[-1].endswith("Late since 2013-07-01 13:00 UTC. Waiting for flights: no file of 2013-06.")
    assert await search(site, datetime(2013, 8, 5, 13, 0, tzinfo=UTC)) == [said, said]
    assert [key.split("@")[0] for _, key in list(site.inbox.kept)[-2:]] == [
        f"flights/monthly/monthly origin={origin} month=2013-07" for origin in ("JFK", "LGA")
    ]
    assert list(site.versions.values()) == ["JFK 2013-06"]
    assert await search(site, datetime(2013, 8, 6, tzinfo=UTC)) == []
    assert await site.land("raw/flights/LGA/2013-07.csv", "A,1") == ["done"]


async def test_of_labels_outside_the_matrix_what_has_ever_landed_is_awaited(site: Site) -> None:
    """Terminal 4 has sent files before, so its July is missed."""
    per = ("per: [origin, month]", "per: [terminal, month], wait: {for: [flights], until: 'Mon 09:00'}")
    flights = ('"raw/flights/{origin}/{month}*.csv"', '"raw/flights/{terminal}/{month}*.csv"')
    only = ("from: [flights, holidays, events]", "from: [flights]")
    site.fleet(per, flights, only)
    assert await site.land("raw/flights/T4/2013-06.csv", "A,1") == ["done"]
    assert await search(site, datetime(2013, 8, 5, 13, 0, tzinfo=UTC)) == ["waiting"]
    assert site.reasons[-1] == "Late since 2013-08-05 13:00 UTC. Waiting for flights: no file of 2013-07."


@pytest.mark.parametrize("otherwise", ["alert", "fail", "use_last"])
async def test_cells_of_the_past_are_not_late(site: Site, otherwise: str) -> None:
    """Years that are loaded at once wait for each other, whatever the order, and nobody is told."""
    site.fleet(waiting(otherwise), ("[JFK, LGA]", "[JFK]"))
    await site.land("raw/holidays/2010.csv", "x,10")
    for month in ("2012-11", "2012-12", "2013-05"):
        assert await site.land(f"raw/flights/JFK/{month}.csv", "A,1") == ["waiting"]
    assert not [reason for reason in site.reasons if "Late" in reason]
    assert await site.land("raw/holidays/2012.csv", "x,12") == ["done", "done"]


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
    assert await site.land("raw/flights/JFK/2013-07.csv", "A,1") == ["done"]
    assert "events: its newest file is of 2013-07-20, older than 3 days." in site.reasons[-1]
    assert site.rows("events") == ["y,2"]
