"""Fleet files of any number of models, with all that they refer to."""

from pathlib import Path
from typing import Final

_FORMATS: Final = ("large", "small")
_MOVEMENTS: Final = ("slow", "fast")
#: Models per region.
PER_REGION: Final = len(_FORMATS) * len(_MOVEMENTS)

_FLEET: Final = """\
fleet: {name}
timezone: America/Chicago
level: 2
matrix:
  region: [{regions}]
  format: [{formats}]
  movement: [{movements}]
sources:
  sales: {{files: "raw/{name}/{{year}}.csv", recipe: sales.yaml}}
datasets:
  yearly: {{from: [sales], per: [year]}}
models:
  {name}-{{region}}-{{format}}-{{movement}}:
    train: {{pipeline: train.yml, data: yearly, with: {{region: "{{region}}", format: "{{format}}"}}}}
    serve: {{batch: score.yml}}
    golden: golden.csv
gates:
  accuracy: {{metric: mape, max: 45%}}
{limit}"""
_RECIPE: Final = """\
format: csv
columns:
  date: {from: Date, type: date}
  sold: {from: Sold, type: integer}
"""


def write_fleet(folder: Path, name: str, models: int, at_once: int | None = None) -> Path:
    """Write a fleet of so many models (rounded up to whole regions) and return its file.

    All of them are trained on one dataset, so that one file that lands concerns every model; so many at once.
    """
    folder.mkdir(parents=True, exist_ok=True)
    regions = ", ".join(f"r{number:04}" for number in range(-(-models // PER_REGION)))
    limit = f"retrain: {{at_once: {at_once}}}\n" if at_once else ""
    labels = {"regions": regions, "formats": ", ".join(_FORMATS), "movements": ", ".join(_MOVEMENTS)}
    text = _FLEET.format(name=name, limit=limit, **labels)
    (folder / "sales.yaml").write_text(_RECIPE, encoding="utf-8")
    for file in ("train.yml", "score.yml", "golden.csv"):
        (folder / file).touch()
    path = folder / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def raw_file(name: str, edition: int = 0) -> tuple[str, bytes]:
    """Path and content of the one file that a fleet waits for; another edition is a correction, so another version."""
    rows = "\n".join(f"2026-01-{day:02},{day + edition}" for day in range(1, 29))
    return f"raw/{name}/2026.csv", f"Date,Sold\n{rows}\n".encode()
