"""A fleet of shops whose sales are one large messy file; nothing is trained on it."""

from pathlib import Path

from benchmarks.conditioning.messy import RECIPE

FILE = "sales-first.csv"
_FLEET = """\
fleet: shops
level: 1
environments: {dev: {}}
matrix: {batch: [first]}
sources: {sales: {files: "sales-{batch}.csv", recipe: recipe.yaml}}
datasets: {sales: {from: [sales], per: [batch]}}
models:
  sales-{batch}:
    train: {pipeline: train.yml, data: sales}
    serve: {online: "sales-{batch}"}
gates: {accuracy: {metric: mape, max: 45%}}
release: {golden: golden.csv}
"""


def write_shops(folder: Path) -> Path:
    """Write the fleet's files; the path of the fleet file."""
    for name, text in {"fleet.yaml": _FLEET, "recipe.yaml": RECIPE, "train.yml": "", "golden.csv": "a\n1\n"}.items():
        (folder / name).write_text(text)
    return folder / "fleet.yaml"
