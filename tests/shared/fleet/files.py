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


#: A pipeline with every input that these fleets give to one.
PIPELINE: Final = """\
type: pipeline
inputs:
  dataset: {type: uri_folder, path: ./data}
  model: {type: mlflow_model, path: ./model}
  data: {type: uri_folder, path: ./data}
  rows: dataset
  origin: JFK
  movement: fast
  epochs: 60
jobs: {step: {type: command, component: azureml:step:1, inputs: {origin: "${{parent.inputs.origin}}"}}}
"""


def write_fleet(folder: Path, text: str = FLEET, name: str = "fleet.yaml") -> Path:
    """Writes a fleet file, and every file that the right fleets refer to."""
    for file in (*FILES, *DEMAND_FILES):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        if not (folder / file).exists():
            (folder / file).write_text(PIPELINE if file.startswith("pipelines/") else "")
    path = folder / name
    path.write_text(text)
    return path


def edited(*edits: tuple[str, str], text: str = FLEET) -> str:
    """A right fleet with texts replaced, each of which must be there."""
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new)
    return text


#: The demand fleet with all that can be said of its team and of releases in batch.
RELEASING: Final = edited(
    (
        "team: {owner: forecasting}",
        (
            "team: {owner: forecasting, "
            "operate: [entra:demand-ops, {group: entra:rockies-ops, match: {region: rockies}}], "
            "approve: entra:demand-leads, notify: teams:demand}"
        ),
    ),
    ("dev: {level: 2, ", "dev: {level: 2, release: {approval: none}, "),
    (
        "  golden: golden/{format}.csv\n",
        """\
  golden: golden/{format}.csv
  shadow: {runs: 1, max_disagreement: 15%}
  approval: {for: [first_release, override], within: 48h, by: not_author}
  freeze: [{from: 2026-11-23, to: 2027-01-03, reason: holiday season}]
  rollback: {if: [{metric: mape, worse_than: baseline, for: 2w}, scoring_failed], else: baseline}
""",
    ),
    (
        "retrain: {when: [data, stale], at_once: 8}",
        "retrain: {when: [data, code, stale], cooldown: 6d, at_once: 8, park_after: 3}",
    ),
    text=DEMAND,
)
#: The small fleet with all that can be said of releases online.
CANARY: Final = edited(
    (
        "release:\n",
        """\
release:
  strategy: canary
  canary: {steps: [5%, 25%, 50%], bake: 45m}
  analysis: {max_errors: 2%, max_latency: 200ms, max_shift: 15%, min_requests: 50}
  shadow: {percent: 10%, for: 1h, max_disagreement: 20%}
  approval: {for: [every_release], within: 8h, by: anyone}
  rollback: {if: [endpoint_unhealthy, {metric: rmse, worse_than: baseline, for: 3 periods}], window: 12h}
  grace: 90m
  archive_previous: false
""",
    )
)
