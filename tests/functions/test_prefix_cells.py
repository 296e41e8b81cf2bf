"""Which cells a conditioning over a prefix asks: those that a file under it belongs to, whichever source it is of."""

from datetime import UTC, datetime, timedelta

import pytest

from functions.run_cells import find_cells
from shared.contracts.datasets import DatasetRef, IndexedDataset
from shared.contracts.fleet_runs import PlannedCell, RunFleetInput
from shared.errors import PermanentError
from tests.functions.landing_site import JULY, Site, csv

FILES = ("raw/flights/JFK/2013-06.csv", "raw/flights/JFK/2014-01.csv", "raw/flights/LGA/2013-06.csv",
         "raw/holidays/2013.csv", "ref/events.csv")  # fmt: skip
JUNE_OF_JFK, JANUARY, JUNE_OF_LGA = "JFK 2013-06", "JFK 2014-01", "LGA 2013-06"


def land(site: Site) -> None:
    """The files land, a minute apart."""
    for number, path in enumerate(FILES):
        site.landing.land(path, csv("A,1"), JULY + timedelta(minutes=number))


def cells(prefix: str, *, again: bool = True) -> dict[str, PlannedCell]:
    """The cells of a run, by their labels."""
    order = RunFleetInput(
        fleet="flights", operation="condition", prefix=prefix, again=again, requested_by="test", request_id="r",
        at=datetime(2014, 2, 1, tzinfo=UTC),
    )  # fmt: skip
    return {" ".join(cell.labels.values()): cell for cell in find_cells(order)}


@pytest.mark.parametrize(
    ("prefix", "asked"),
    [
        ("raw/flights/JFK/", [JUNE_OF_JFK, JANUARY]),
        ("raw/holidays/2013", [JUNE_OF_JFK, JUNE_OF_LGA]),
        ("ref/", [JUNE_OF_JFK, JANUARY, JUNE_OF_LGA]),
        ("raw/flights/JFK/2014-01.csv", [JANUARY]),
        ("raw/", [JUNE_OF_JFK, JANUARY, JUNE_OF_LGA]),
    ],
)
async def test_a_cell_is_asked_for_any_of_its_files(site: Site, prefix: str, asked: list[str]) -> None:
    """Also for one that tells of no cell by itself: the holidays of a year, events without a period."""
    land(site)
    assert list(cells(prefix)) == asked


async def test_what_is_younger_than_a_file_under_the_prefix_is_left_alone(site: Site) -> None:
    """A version that was made before the holidays landed is not up to date for a run over them."""
    land(site)
    made = DatasetRef(
        dataset="monthly", version="v1", cell={"origin": "JFK", "month": "2013-06"}, path="p/", rows=1, rejected=0
    )
    site.index.put(IndexedDataset(fleet="flights", dataset=made, at=JULY))
    assert cells("raw/flights/JFK/2013", again=False)[JUNE_OF_JFK].outcome == "unchanged"
    assert cells("raw/holidays/", again=False)[JUNE_OF_JFK].outcome == "asked"
    assert cells("raw/flights/JFK/2013")[JUNE_OF_JFK].outcome == "asked"


async def test_a_file_that_is_too_old_is_told_by_its_cell(site: Site) -> None:
    """The cell is asked, and says itself what it waits for."""
    site.fleet(('"ref/events.csv", recipe: recipe.yaml', '"ref/events.csv", recipe: recipe.yaml, max_age: 7d'))
    land(site)
    assert list(cells("ref/")) == [JUNE_OF_JFK, JANUARY, JUNE_OF_LGA]


async def test_a_prefix_without_a_cell_is_refused(site: Site) -> None:
    """Files that no cell takes are told apart from none."""
    land(site)
    site.landing.land("raw/flights/JFK/readme.txt", csv("A,1"), JULY)
    with pytest.raises(PermanentError, match="has landed under `raw/flights/JFK/readme`"):
        cells("raw/flights/JFK/readme")
