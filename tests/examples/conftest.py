"""The example's raw files through its fleet file and recipes, and what all of its pipelines make of them: once."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from examples.flights.dry_fleet import Cell, train_fleet
from examples.flights.dry_run import EXAMPLE
from examples.flights.landing import RawFile, raw_files
from examples.flights.nyc import ORIGINS
from shared.conditioning.recipe.loader import load_recipe
from shared.conditioning.rows.standard import standard_schema
from shared.conditioning.rows.writing import header_line
from shared.contracts.conditioning import BlobArrival
from shared.fleet.fleet import Fleet
from shared.fleet.loader import load_fleet
from shared.fleet.windows import Gathered, gather
from tests.shared.conditioning.engine.joined import Made, one_pass

FIRST = datetime(2014, 1, 2, tzinfo=UTC)


@dataclass(frozen=True)
class Landed:
    """A raw file, whose it is, and what its recipe makes of it.

    Attributes:
        raw: The file.
        arrival: The event of its landing.
        source: The source that claims it.
        origin: The airport; absent for holidays.
        conditioned: Rows kept and rejected.
        header: The first line of its standard CSV.
    """

    raw: RawFile
    arrival: BlobArrival
    source: str
    origin: str | None
    conditioned: Made
    header: bytes


def gathered(fleet: Fleet, landed: list[Landed], origin: str) -> dict[str, Gathered]:
    """By source, what belongs to an airport's dataset of 2013."""
    cell = {"origin": origin, "year": "2013"}
    dataset = fleet.dataset("departures")
    arrivals = [one.arrival for one in landed]
    return {
        name: gather(fleet.source(name), cell, dataset.period_of(cell), arrivals, arrivals[-1].at)
        for name in dataset.sources
    }


def write_conditioned(fleet: Fleet, landed: list[Landed], origin: str, folder: Path) -> None:
    """Makes the dataset folder of an airport's year, as publishing does: per source one CSV, joined in order."""
    folder.mkdir(parents=True)
    by_path = {one.raw.path: one for one in landed}
    for source, found in gathered(fleet, landed, origin).items():
        assert found.lacks == ""
        files = [by_path[file.path] for file in found.files]
        (folder / f"{source}.csv").write_bytes(files[0].header + b"".join(file.conditioned.table for file in files))
    (folder / "manifest.json").write_text("{}")  # as published: steps leave it alone


def _landed(fleet: Fleet, number: int, raw: RawFile) -> Landed:
    claim = fleet.claim(raw.path)
    assert claim is not None, raw.path
    at = FIRST + timedelta(minutes=number)
    arrival = BlobArrival(container="landing", path=raw.path, etag=str(number), size=len(raw.content), at=at)
    recipe = load_recipe(fleet.recipe_path(claim.source, claim.cell), fleet.path.parent)
    header = header_line(standard_schema(recipe, {}))
    return Landed(raw, arrival, claim.source, claim.cell.get("origin"), one_pass(raw.content, recipe), header)


@pytest.fixture(scope="session")
def fleet() -> Fleet:
    """The example's fleet file."""
    return load_fleet(EXAMPLE / "fleet.yaml")


@pytest.fixture(scope="session")
def landed(fleet: Fleet) -> list[Landed]:
    """Every raw file, conditioned, in the order of landing."""
    return [_landed(fleet, number, raw) for number, raw in enumerate(raw_files())]


@pytest.fixture(scope="session")
def datasets(fleet: Fleet, landed: list[Landed], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The dataset folder of each airport."""
    folder = tmp_path_factory.mktemp("datasets")
    for origin in ORIGINS:
        write_conditioned(fleet, landed, origin, folder / origin)
    return {origin: folder / origin for origin in ORIGINS}


@pytest.fixture(scope="session")
def trained(datasets: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[Cell, dict[str, Path]]:
    """The outputs of the twelve models' pipelines and of the six baselines'."""
    return train_fleet(datasets, tmp_path_factory.mktemp("fleet"))
