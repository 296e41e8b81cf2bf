"""Files that land in one go become one version: the last of them makes it, and the others leave it to that one."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from functions.arrivals import conditioning_orders
from local.durable.clock import to_datetime
from shared import names
from shared.contracts.conditioning import BlobArrival
from shared.contracts.publishing import DatasetOutcome
from shared.contracts.reconciliation import ReconcileInput
from tests.functions.landing_site import Site, csv, ready, search, waiting

QUIET = timedelta(seconds=5)


def burst(site: Site, files: int = 12, at: datetime | None = None) -> list[BlobArrival]:
    """Corrected files of one cell that land now, a fifth of a second apart."""
    began = at or to_datetime(site.app.engine.now)
    return [
        site.landing.land(
            f"raw/flights/JFK/2013-06-{number:02}.csv",
            csv(f"R{number},{number}"),
            began + number * timedelta(seconds=0.2),
        )
        for number in range(files)
    ]


async def all_arrive(site: Site, arrivals: list[BlobArrival]) -> Counter[str]:
    """Their events come at once; what became of them."""
    ended = await asyncio.gather(*(site.arrive(arrival, arrival.at) for arrival in arrivals))
    return Counter(outcome for outcomes in ended for outcome in outcomes)


def left_to(site: Site, path: str) -> int:
    """How many deliveries say that their cell was left to a file."""
    return sum(reason == f"Left to {path}, which landed later." for reason in site.reasons)


@pytest.mark.parametrize("seed", [0, 1])
async def test_what_lands_in_one_go_becomes_one_version(site: Site, seed: int) -> None:
    """Of twelve files, whatever the order of their events and however often they come; each other one says so."""
    await ready(site)
    arrivals = burst(site)
    events = [*arrivals, *arrivals[:4], arrivals[-1]]
    Random(seed).shuffle(events)
    assert await all_arrive(site, events) == {"done": len(events)}
    assert list(site.versions.values()) == ["JFK 2013-06"]
    assert sorted(site.rows()) == sorted(f"R{number},{number}" for number in range(12))
    assert left_to(site, arrivals[-1].path) == 11


async def test_nothing_is_conditioned_before_the_burst_is_over(site: Site) -> None:
    """A file that lands while the one before waits takes the cell over; only then its rows are looked at."""
    await ready(site)
    first = burst(site, 1)
    second: list[BlobArrival] = []
    real = site.app.engine_functions[names.FIND_SOURCE_FILES]

    async def land_meanwhile(payload: dict[str, Any]) -> Any:
        answer = await real(payload)
        if not second:
            second.append(site.landing.land("raw/flights/JFK/2013-06-b.csv", csv("B,2"), first[0].at + QUIET / 2))
        return answer

    site.app.engine_functions[names.FIND_SOURCE_FILES] = land_meanwhile
    assert await site.arrive(first[0]) == ["done"]
    assert left_to(site, second[0].path) == 1
    assert not [path for path in site.data.written if path.startswith("conditioned/flights/")]
    assert await site.arrive(second[0]) == ["done"]
    assert site.rows() == ["R0,0", "B,2"]
    assert len(site.versions) == 1


async def test_a_file_that_lands_later_makes_another_version(site: Site) -> None:
    """The burst was over: what it made is published, and replaced."""
    await ready(site)
    assert await all_arrive(site, burst(site, 3)) == {"done": 3}
    at = to_datetime(site.app.engine.now)
    late = site.landing.land("raw/flights/JFK/2013-06-late.csv", csv("L,1"), at)
    assert await site.arrive(late, at) == ["done"]
    assert len(site.versions) == 2
    assert len(site.rows()) == 4


async def test_a_corrected_file_is_the_last_of_its_burst(site: Site) -> None:
    """Its old event finds it replaced, and whoever comes last has its new rows."""
    await ready(site)
    arrivals = burst(site, 3)
    corrected = site.landing.land(arrivals[0].path, csv("R0,100"), arrivals[-1].at + timedelta(seconds=1))
    assert await all_arrive(site, [*arrivals, corrected]) == {"done": 4}
    assert len(site.versions) == 1
    assert "R0,100" in site.rows()


async def test_the_search_finds_the_last_file_whose_event_was_lost(site: Site) -> None:
    """All others have left the cell to it, so nothing is published until then."""
    await ready(site)
    *told, lost = burst(site)
    assert await all_arrive(site, told) == {"done": 11}
    assert not site.versions
    assert left_to(site, lost.path) == 11
    assert await search(site, lost.at + timedelta(seconds=20)) == []
    assert await search(site, lost.at + timedelta(seconds=90)) == ["done"]
    assert len(site.rows()) == 12
    assert await search(site, lost.at + timedelta(hours=3)) == []


async def test_a_deadline_neither_waits_nor_leaves(site: Site) -> None:
    """It asks for what is there now, in the middle of a burst."""
    site.fleet(waiting("use_last"), ("[JFK, LGA]", "[JFK]"))
    deadline = datetime(2013, 7, 1, 13, 0, tzinfo=UTC)
    await site.land("raw/holidays/2012.csv", "x,12")
    burst(site, 3)
    began = site.app.engine.now
    assert await search(site, deadline + timedelta(minutes=1)) == ["done"]
    assert to_datetime(site.app.engine.now) - to_datetime(began) < QUIET
    assert len(site.rows()) == 3


async def test_an_operators_request_neither_waits_nor_leaves(site: Site) -> None:
    """Somebody asks for the cell, and names no file."""
    await ready(site)
    (order,) = conditioning_orders(burst(site, 3)[0], site.clock)
    asked = order.model_copy(update={"cause": "request/ana-1"})
    began = site.app.engine.now
    state = await site.app.run(names.CONDITION_DATASET, asked)
    outcome = DatasetOutcome.from_wire(state.get_output())
    assert to_datetime(site.app.engine.now) - to_datetime(began) < QUIET
    assert outcome.left_to is None
    assert outcome.published is not None
    assert len(site.rows()) == 3


async def test_what_waits_for_another_source_is_left_to_nobody(site: Site) -> None:
    """A cell that is not complete waits as it always did, and the arrival of what it lacks makes the version."""
    await site.land("raw/holidays/2013.csv", "x,1")
    arrivals = burst(site, 3)
    assert await all_arrive(site, arrivals) == {"waiting": 3}
    assert await site.arrive(site.landing.land("ref/events.csv", csv("y,2"), arrivals[-1].at)) == ["done"]
    assert len(site.rows()) == 3


async def test_a_burst_that_was_loaded_long_ago_waits_for_nothing(site: Site) -> None:
    """It is over: the search asks for its files hours later."""
    await ready(site)
    burst(site, 3, at=site.clock)
    began = site.app.engine.now
    asked = ReconcileInput(at=site.clock + timedelta(hours=3))
    assert await search(site, asked.at) == ["done"] * 3
    assert to_datetime(site.app.engine.now) - to_datetime(began) < QUIET
    assert len(site.versions) == 1
