"""The published JSON Schema: current, right about recipes that load, and helpful in an editor."""

import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from shared.conditioning.expressions import functions_markdown
from shared.conditioning.recipe.json_schema import SCHEMA_FILE, schema_text
from shared.conditioning.recipe.loader import load_recipe
from tests.shared.conditioning.recipe.files import RECIPE

ROOT = Path(__file__).parents[4]
SCHEMA: dict[str, Any] = json.loads(schema_text())
EXAMPLES = sorted((ROOT / "examples/flights/recipes").glob("*.yaml"))
PAGE = (ROOT / "docs/recipes.md").read_text()
DOCUMENTED = PAGE.partition("```yaml\n")[2].partition("```")[0]


def complaints(text: str) -> list[str]:
    """Where a validator finds a document wrong that it reads as YAML 1.2: a date is text, and `on` is a word."""
    said = yaml.safe_load(re.sub(r"(?<=[ {])on: ", '"on": ', text))
    validator = jsonschema.Draft202012Validator(SCHEMA)
    return [error.json_path for error in validator.iter_errors(json.loads(json.dumps(said, default=date.isoformat)))]


def test_the_committed_schema_is_current() -> None:
    """After a change: `python -m shared.conditioning.recipe.json_schema`."""
    assert SCHEMA_FILE.read_text() == schema_text()


def test_the_schema_is_one() -> None:
    """By the rules of its own draft."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("text", [RECIPE, DOCUMENTED, *(path.read_text() for path in EXAMPLES)])
def test_what_loads_is_valid(text: str) -> None:
    """An editor marks nothing in a file that is right."""
    assert complaints(text) == []


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("format: csv", "format: json", "$.format"),
        ("format: csv", "fromat: csv", "$"),
        ("format: csv", "delimiter: tab", "$.delimiter"),
        ("format: csv", "quote: ab", "$.quote"),
        ("format: csv", "header: false", "$.header"),
        ("format: csv", "max_record: 10", "$.max_record"),
        ('nulls: ["", NA]', "nulls: [no]", "$.nulls[0]"),
        ("type: integer, min: 0", "type: int", "$.columns.units.type"),
        ("type: integer, min: 0", 'type: integer, min: "0"', "$.columns.units.min"),
        ("type: integer, min: 0", "type: integer, mni: 0", "$.columns.units"),
        ("units: {", "Units: {", "$.columns"),
        ("file: ref/stores.csv, ", "", "$.join.stores"),
        ("take: {region: region_name}", "take: {Region: region_name}", "$.join.stores.take"),
        ("unique: [store, date]", "unique: [store]\n    monotonic: date", "$.rules[1]"),
        ("unique: [store, date]", "name: x", "$.rules[1]"),
        ("unique: [store, date]", "fresh: {column: date, within: 10}", "$.rules[1].fresh.within"),
        ("else: warn", "else: warning", "$.rules[0].else"),
        ("drop: [email]", "aggregate: {by: [store], values: {n: avg(units)}}", "$.aggregate.values.n"),
        ("drop: [email]", "deduplicate: [store]", "$.deduplicate"),
        ("drop: [email]", "max_rejected: one", "$.max_rejected"),
    ],
)
def test_what_is_refused_is_marked(old: str, new: str, where: str) -> None:
    """Unknown keys and wrong values: where they stand."""
    assert old in RECIPE
    assert complaints(RECIPE.replace(old, new, 1)) == [where]


def test_the_recipe_in_the_documentation_is_right(tmp_path: Path) -> None:
    """What people copy from `docs/recipes.md` loads as it stands, with the files that it names."""
    for name, content in {
        "ref/regions.csv": "code,region\nN,north\n",
        "ref/stores.csv": "store_id,format\nS1,city\n",
        "recipes/steps.py": "@step(row_wise=True)\ndef clean_sku(rows):\n    return rows\n",
        "recipes/sales.yaml": DOCUMENTED,
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    assert load_recipe(tmp_path / "recipes/sales.yaml", tmp_path).aggregate is not None


def test_the_documentation_lists_every_function_and_every_key() -> None:
    """As the code has them."""
    assert functions_markdown() in PAGE
    assert [name for name in SCHEMA["properties"] if f"`{name}`" not in PAGE] == []


def properties(node: Any, place: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every property of the schema with its place."""
    for key, value in node.items() if isinstance(node, dict) else ():
        if key == "properties":
            yield from ((f"{place}.{name}", part) for name, part in value.items())
        yield from properties(value, f"{place}.{key}")


def test_every_key_explains_itself_and_shows_an_example() -> None:
    """What an editor shows beside the key."""
    for place, part in properties(SCHEMA):
        if place not in (".$defs", ".properties"):
            assert part.get("description"), place
            assert part.get("examples") or place == ".join", place
