"""A small, right fleet in a folder, one that uses every key, and ways to write mistakes into them."""

from pathlib import Path
from typing import Final

#: A fleet that uses every key, and the files that it refers to.
DEMAND: Final = (Path(__file__).parent / "demand.yaml").read_text()
DEMAND_FILES: Final = (
    "recipes/shipments.yaml",
    "recipes/returns.yaml",
    "recipes/weather.yaml",
    "recipes/shoppers.yaml",
    "recipes/events.yaml",
    "pipelines/train.yml",
    "pipelines/historical_average.yml",
    "pipelines/score.yml",
    "golden/large.csv",
    "golden/small.csv",
    "ref/stores.csv",
)

FLEET = """\
fleet: flights
timezone: America/New_York
matrix:
  origin: [JFK, LGA]
  format: [mainline]
sources:
  flights:
    files: "raw/flights/{origin}/{year}.csv"
    recipe: recipes/flights.yaml
  holidays:
    files: "raw/holidays/{year}.csv"
    recipe: recipes/holidays.yaml
datasets:
  departures:
    from: [flights, holidays]
    per: [origin, year]
models:
  departures-{origin}-{format}-fast:
    train:
      pipeline: pipelines/train.yml
      data: departures
      with: {origin: "{origin}", epochs: 60}
    serve: {online: "departures-{origin}-fast"}
    golden: golden/{origin}-fast.csv
  departures-{origin}-{format}-slow:
    train:
      pipeline: pipelines/train.yml
      data: departures
    serve: {batch: pipelines/score.yml, with: {origin: "{origin}"}}
gates:
  accuracy: {metric: mape, max: 45%}
  beats_average: {metric: mape, better_than: baseline}
release:
  golden: golden/{format}.csv
"""

FILES = (
    "recipes/flights.yaml",
    "recipes/holidays.yaml",
    "pipelines/train.yml",
    "pipelines/score.yml",
    "golden/jfk-fast.csv",
    "golden/lga-fast.csv",
    "golden/mainline.csv",
)


def write_fleet(folder: Path, text: str = FLEET, name: str = "fleet.yaml") -> Path:
    """Writes a fleet file, and every file that the right fleets refer to."""
    for file in (*FILES, *DEMAND_FILES):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).touch()
    path = folder / name
    path.write_text(text)
    return path


def edited(*edits: tuple[str, str], text: str = FLEET) -> str:
    """A right fleet with texts replaced, each of which must be there."""
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new)
    return text
