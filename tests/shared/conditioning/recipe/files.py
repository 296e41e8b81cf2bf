"""A recipe with all kinds of steps, its reference tables, and what is said of it with a change."""

from pathlib import Path

from shared.conditioning.recipe.loader import RecipeError, load_recipe

RECIPE = """\
format: csv
nulls: ["", NA]
columns:
  date: {from: Day, type: date, format: "%m/%d/%Y"}
  store: {from: Store, pattern: '[A-Z][0-9]+'}
  units: {from: Units, type: integer, min: 0}
  price: {from: Price, type: money, currency: "$", required: false}
  email: {from: Mail, required: false, personal: true}
join:
  stores: {file: ref/stores.csv, on: {store: store_id}, take: {region: region_name}}
derive:
  week: "week(date)"
  revenue: "units * price"
rules:
  - {name: rich, check: "revenue >= 0 or price is null", else: warn}
  - unique: [store, date]
filter: "units > 0"
order: [store, date]
drop: [email]
"""
STORES = "store_id,region_name\nS1,north\nS2,south\n"
STEPS = """\
from shared.conditioning.custom import step


@step(row_wise=True)
def clean(rows):
    return rows
"""


def write_recipe(folder: Path, *edits: tuple[str, str], stores: str = STORES) -> Path:
    """The recipe with some texts replaced, and its files beside it."""
    text = RECIPE
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new, 1)
    (folder / "ref").mkdir(exist_ok=True)
    (folder / "ref/stores.csv").write_text(stores)
    (folder / "ref/steps.py").write_text(STEPS)
    path = folder / "r.yaml"
    path.write_text(text)
    return path


def told(path: Path) -> list[str]:
    """What is wrong with a recipe, as `line: what; remedy`; nothing when it is right."""
    try:
        load_recipe(path)
    except RecipeError as error:
        return [problem.removeprefix(f"{path}:") for problem in error.problems]
    return []
