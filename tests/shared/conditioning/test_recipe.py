"""Recipe files: what a right one says, and what is said of mistakes."""

import hashlib
from pathlib import Path

import pytest

from shared.conditioning import Recipe, RecipeError, load_recipe

RECIPE = """\
format: csv
nulls: ["", NA]
columns:
  date: {from: FlightDate, type: date, format: "%m/%d/%Y"}
  carrier: {from: Carrier, one_of: [AA, B6]}
  operated: {from: DepTime, type: present}
  distance: {from: Distance, type: integer, min: 1}
"""
KNOWN_UNITS = "known here: K, ft, km, km/h, kt, m, m/s, mi, mph, nmi, °C, °F"


def written(folder: Path, old: str = "", new: str = "") -> Path:
    """The right recipe as a file, with one text replaced."""
    assert old in RECIPE
    path = folder / "r.yaml"
    path.write_text(RECIPE.replace(old, new) if old else RECIPE)
    return path


def test_a_right_recipe_has_its_defaults_and_the_hash_of_its_file(tmp_path: Path) -> None:
    """Values are required and trimmed unless said otherwise."""
    recipe = load_recipe(written(tmp_path))
    assert (recipe.delimiter, recipe.trim, recipe.nulls) == (",", True, ["", "NA"])
    assert recipe.columns["date"].required
    assert recipe.sha256 == hashlib.sha256(RECIPE.encode()).hexdigest()


def test_a_recipe_without_a_file_has_the_hash_of_its_content() -> None:
    """Two recipes that say the same are the same."""
    one, two = (Recipe.model_validate({"columns": {"a": {"from": name}}}).sha256 for name in ("A", "B"))
    assert one == Recipe.model_validate({"columns": {"a": {"from": "A"}}}).sha256 != two


@pytest.mark.parametrize(
    ("old", "new", "messages"),
    [
        ("format: csv", "fromat: csv", ["r.yaml:1: unknown key `fromat`; did you mean `format`?"]),
        ("format: csv", "format: xml", ["r.yaml:1: `format` cannot be `xml`; known here: csv"]),
        (
            'nulls: ["", NA]',
            "nulls: [NA, no]",
            ["r.yaml:2: item 2 of `nulls` must be text, not false; put it in quotes"],
        ),
        ("type: integer", "type: int", ["r.yaml:7: `type` cannot be `int`; did you mean `integer`?"]),
        ("from: Carrier, ", "", ["r.yaml:5: `from` is missing; write for example `from: FlightDate`"]),
        (
            "%m/%d/%Y",
            "%m/%d/%y",
            ["r.yaml:4: `%y` in `%m/%d/%y` is not supported; use %Y, %m, %d, %b, %B"],
        ),
        ("%m/%d/%Y", "%m/%Y", ["r.yaml:4: `%m/%Y` must say year, month and day once each, such as %m/%d/%Y"]),
        (
            "type: date, format",
            "format",
            ["r.yaml:4: `format` is for dates, and this column is text; remove it, or add `type: date`"],
        ),
        (
            "one_of: [AA, B6]",
            "min: 3",
            ["r.yaml:5: `min` is for integers, numbers and dates, and this column is text; remove it"],
        ),
        ("min: 1", "min: 0.5", ["r.yaml:7: `min: 0.5` is no integer; write for example `min: 0`"]),
        ("min: 1", "min: 2013-01-01", ["r.yaml:7: `min: 2013-01-01` is no integer; write for example `min: 0`"]),
        ("min: 1", "min: 5, max: 4", ["r.yaml:7: no value is between min 5 and max 4; exchange them"]),
        ("min: 1", "min: .nan", ["r.yaml:7: a limit must be finite; leave it out if there is none"]),
        (
            "min: 1",
            "min: true",
            ["r.yaml:7: a limit is a number, or a date as YYYY-MM-DD without quotes, not true"],
        ),
        (
            "min: 1",
            "one_of: [a]",
            ["r.yaml:7: `one_of` is for texts, and this column is integer; remove it, or use min and max"],
        ),
        (
            "type: present",
            "type: present, required: true",
            ["r.yaml:6: `required` says nothing of a `present` column, which is never null; remove it"],
        ),
        (
            "min: 1",
            "unit: {from: kilometre, to: mi}",
            [f"r.yaml:7: the unit `kilometre` is unknown; {KNOWN_UNITS}"],
        ),
        (
            "min: 1",
            "unit: {from: kmh, to: mph}",
            ["r.yaml:7: the unit `kmh` is unknown; did you mean `km/h`?"],
        ),
        (
            "min: 1",
            "unit: {from: km, to: °C}",
            ["r.yaml:7: `km` is a length and `°C` a temperature; convert `km` to one of m, km, ft, mi, nmi"],
        ),
        (
            "min: 1",
            "unit: {from: km}",
            ["r.yaml:7: `to` is missing; write for example `unit: {from: km, to: mi}`"],
        ),
        (
            "one_of: [AA, B6]",
            "unit: {from: km, to: mi}",
            ["r.yaml:5: `unit` is for integers and numbers, and this column is text; remove it"],
        ),
        ("format: csv", 'decimal: ";"', ["r.yaml:1: `decimal` cannot be `;`; known here: ,, ."]),
        (
            "format: csv",
            'delimiter: "||"',
            ['r.yaml:1: `||` cannot separate values; use one character, such as , or ; or a tab ("\\t")'],
        ),
        (
            "  carrier:",
            "  Carrier Code:",
            ["r.yaml:1: `Carrier Code` is no name for a standard column; use a-z, 0-9 and _, a-z first"],
        ),
        ("  carrier:", "  date:", ["r.yaml:5: `date` appears twice (first in line 4); keep one of them"]),
        (
            "type: integer, min: 1}",
            "type: int}\n  on: {from: X}",
            [
                "r.yaml:7: `type` cannot be `int`; did you mean `integer`?",
                "r.yaml:8: the key `on` is true to YAML; use another name, or put it in quotes if it is meant as text",
            ],
        ),
        (RECIPE, "", ["r.yaml:1: the file is empty; write for example `columns: …`"]),
        (
            RECIPE,
            "columns: {a: {from: A, required: false}}",
            ["r.yaml:1: the only column must be required: a row without a value would be an empty line"],
        ),
    ],
)
def test_a_mistake_is_shown_at_its_line_with_its_remedy(
    old: str, new: str, messages: list[str], tmp_path: Path
) -> None:
    """Exactly these messages, as fleet files have them."""
    path = written(tmp_path, old, new)
    with pytest.raises(RecipeError) as caught:
        load_recipe(path)
    assert [problem.removeprefix(f"{tmp_path}/") for problem in caught.value.problems] == messages
