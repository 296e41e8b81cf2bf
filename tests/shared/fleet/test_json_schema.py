"""The published JSON Schema: current, right about fleets that load, and helpful in an editor."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from shared.fleet.json_schema import SCHEMA_FILE, schema_text
from shared.fleet.loader import check_fleet, load_fleet
from tests.shared.fleet.files import DEMAND, FLEET, RELEASING, edited, write_fleet

SCHEMA: dict[str, Any] = json.loads(schema_text())
EXAMPLE = Path(__file__).parents[3] / "examples/flights/fleet.yaml"


def as_editors_see_it(text: str) -> Any:
    """The document as YAML 1.2 reads it, where a date is text."""
    return json.loads(json.dumps(yaml.safe_load(text), default=date.isoformat))


def complaints(text: str) -> list[str]:
    """Where a validator finds a document wrong."""
    validator = jsonschema.Draft202012Validator(SCHEMA)
    return [error.json_path for error in validator.iter_errors(as_editors_see_it(text))]


def test_the_committed_schema_is_current() -> None:
    """After a change: `python -m shared.fleet.json_schema`."""
    assert SCHEMA_FILE.read_text() == schema_text()


def test_the_schema_is_one() -> None:
    """By the rules of its own draft."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(
    "text", [FLEET, DEMAND, RELEASING, EXAMPLE.read_text()], ids=["small", "demand", "releasing", "example"]
)
def test_what_loads_is_valid(text: str) -> None:
    """An editor marks nothing in a file that is right."""
    assert complaints(text) == []


@pytest.mark.parametrize(
    ("edit", "where"),
    [
        (("team: {owner: forecasting}", "team: {owner: forecasting, opreate: entra:x}"), "$.team"),
        (("team: {owner: forecasting}", "team: {owner: forecasting, operate: x}"), "$.team.operate"),
        (("level: 4", "level: 5"), "$.level"),
        (("dev: {level: 2", "dev: {level: 7"), "$.environments.dev.level"),
        (("dev: {level: 2", "dev: {workspace: mlw-dev, level: 2"), "$.environments.dev"),
        (("stale: 60d", "stale: 60"), "$.models['demand-{region}-{format}-{movement}'].stale"),
        (("metric: mape, max: 45%", "metric: mpae, max: 45%"), "$.gates.accuracy.metric"),
        (("max: 50%", "max: half"), "$.overrides[0].gates.accuracy.max"),
        (("max_rejected: 1%", "max_rejected: one"), "$.datasets.weekly.quality.max_rejected"),
        (("retrain: {when: [data, stale]", "retrain: {when: [data, drift]"), "$.retrain.when[1]"),
        (
            ("score.yml, data: weekly", 'score.yml, online: "x-{region}"'),
            "$.models['demand-{region}-{format}-{movement}'].serve",
        ),
        (("{metric: mape, max: 45%}", "{metric: mape}"), "$.gates.accuracy"),
        (("retrain:", "budget: {warn: 80%}\nretrain:"), "$"),
        (
            ("  accuracy: {metric: mape, max: 45%}\n  beats_average: {metric: mape, better_than: baseline}\n", ""),
            "$.gates",
        ),
    ],
)
def test_what_is_refused_is_marked(edit: tuple[str, str], where: str) -> None:
    """Unknown keys, keys of the future, wrong values: where they stand."""
    assert complaints(edited(edit, text=DEMAND)) == [where]


def test_an_environment_may_say_a_part_and_take_away() -> None:
    """Nothing is required in it, and an empty value is allowed there only."""
    part = (
        '  dev:\n    retrain:\n    models: {"demand-{region}-{format}-{movement}": {train: {timeout: 3h}, stale: }}\n'
    )
    old = DEMAND[DEMAND.index("  dev:") : DEMAND.index("  prod:")]
    assert complaints(edited((old, part), text=DEMAND)) == []
    assert complaints(edited(("retrain: {when: [data, stale], at_once: 8}", "retrain:"), text=DEMAND)) == ["$.retrain"]


def test_the_file_in_the_documentation_is_right(tmp_path: Path) -> None:
    """What people copy from `docs/fleet.md` loads, has the models that are named there, and is valid."""
    page = (Path(__file__).parents[3] / "docs/fleet.md").read_text()
    text = page.partition("```yaml\n")[2].partition("```")[0]
    path = write_fleet(tmp_path, text)
    for region in ("ohio", "texas"):
        (tmp_path / f"golden/{region}.csv").touch()
    assert check_fleet(path) == ()
    assert complaints(text) == []
    models = load_fleet(path).models
    assert (models[0].model, models[-1].model) == ("demand-ohio-slow", "demand-texas-fast")
    assert {one.baseline.model for one in models if one.baseline} == {"demand-ohio-baseline", "demand-texas-baseline"}
    assert len(load_fleet(path, "dev").models) == 2


def properties(node: Any, place: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every property of the schema with its place, but for those of environments, which repeat the others."""
    for key, value in node.items() if isinstance(node, dict) else ():
        if key == "properties":
            yield from ((f"{place}.{name}", part) for name, part in value.items())
        if not key.endswith("InEnvironment") and key != "environments":
            yield from properties(value, f"{place}.{key}")


def test_every_key_explains_itself_and_shows_an_example() -> None:
    """What an editor shows beside the key."""
    defs = SCHEMA["$defs"]
    for place, part in properties(SCHEMA):
        explained = part.get("description") or defs[part["$ref"].rpartition("/")[2]]["description"]
        assert explained, place
        if place not in (".sources", ".models", ".overrides", ".properties.sources"):
            assert part.get("examples"), place
