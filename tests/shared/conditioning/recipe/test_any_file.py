"""Whatever stands in a recipe, it loads or is refused at lines of the file: never a traceback."""

import tempfile
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.conditioning.recipe.checks import draft_faults
from shared.conditioning.recipe.draft import Draft
from shared.conditioning.recipe.facts import needs_whole, output_columns, personal_outputs, rule_names
from shared.conditioning.recipe.loader import RecipeError, load_recipe
from tests.shared.conditioning.recipe.files import write_recipe
from tests.shared.fleet.test_any_file import assert_at_lines, places, put, scalars

#: All kinds of steps and rules, so that each can be spoiled.
FULL = """\
columns:
  date: {from: Day, type: date, format: "%m/%d/%Y", min: 2013-01-01}
  at: {type: timestamp, format: "%Y-%m-%d %H:%M", timezone: UTC}
  store: {lookup: {file: ref/stores.csv, key: store_id, value: region_name, missing: null}, required: false}
  units: {type: integer, min: 0, unit: {from: km, to: mi}}
  price: {type: money, currency: "$", decimal: ".", thousands: ","}
join:
  stores: {file: ref/stores.csv, on: {store: store_id}, take: {region: region_name}}
derive: {week: "week(date)", revenue: "units * price"}
rules:
  - {name: rich, check: "revenue >= 0", else: warn}
  - {not_null: [store]}
  - {range: {units: {min: 0, max: 5}}}
  - {set: {store: [a]}}
  - {pattern: {store: "[a-z]"}}
  - {unique: [store, week]}
  - {monotonic: units}
  - {rows_vs_last: 20%}
  - {fresh: {column: week, within: 10d}}
custom: [{step: clean, from: ref/steps.py}]
filter: "units > 0"
deduplicate: {by: [store], keep: first}
aggregate: {by: [store, week], values: {units: sum(units), n: count()}}
order: [store, -week]
drop: [n]
max_rejected: 1%
"""
SCALARS = scalars(
    ["1%", "10d", "units", "-units", "week", "region", "sum(price)", "count()", "units > 0", "week(date)", "money",
     "text", "timestamp", "%Y-%m-%d", "UTC", ",", ".", "none", "\t", "ref/stores.csv", "../x", "nul\0", "[a", "(",
     "csv", "jsonl", "parquet", "reject", "null"]
)  # fmt: skip
KEYS = st.one_of(
    st.sampled_from(
        ["columns", "join", "derive", "rules", "aggregate", "format", "header", "quote", "from", "type", "min", "on",
         "take", "check", "unique", "range", "values", "by", "units", "week", "new", "missing", "one_of", "thousands"]
    ),
    st.text(max_size=6),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=5
)
PLACES = sorted(places(yaml.safe_load(FULL)), key=str)


def told(text: str) -> int:
    """How much is wrong with a file; raises nothing but refusals that name lines of it."""
    with tempfile.TemporaryDirectory() as folder:
        path = write_recipe(Path(folder))
        path.write_text(text)
        try:
            recipe = load_recipe(path)
        except RecipeError as error:
            assert_at_lines(error.problems, path, text)
            return len(error.problems)
        assert draft_faults(Draft(recipe)) == []
        assert set(personal_outputs(recipe)) <= set(output_columns(recipe))
        assert len(set(rule_names(recipe))) == len(recipe.rules)
        assert isinstance(needs_whole(recipe), bool)
        return 0


def test_the_whole_recipe_is_right() -> None:
    """What is spoiled below."""
    assert told(FULL) == 0


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(PLACES), st.none() | KEYS, VALUES)
def test_wrong_values_anywhere_are_refused_at_lines(place: tuple[str | int, ...], key: str | None, value: Any) -> None:
    """Each value replaced by any other, or a key added to any mapping: what loads has all of its facts."""
    spoiled = put(yaml.safe_load(FULL), place, key, value)
    told(yaml.safe_dump(spoiled, allow_unicode=True, sort_keys=False))


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_refused_at_lines(text: str) -> None:
    """Also what is no YAML."""
    told(text.encode(errors="replace").decode())
