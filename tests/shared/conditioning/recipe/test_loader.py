"""Recipes that load: defaults, hash, and the files beside them."""

import hashlib
from pathlib import Path

import pytest

from shared.conditioning.recipe.checks import draft_faults
from shared.conditioning.recipe.draft import Draft
from shared.conditioning.recipe.loader import RecipeError, load_recipe
from shared.conditioning.recipe.references import read_references
from shared.conditioning.recipe.schema import Recipe
from tests.shared.conditioning.recipe.files import STORES, write_recipe

PLAIN = 'nulls: ["", NA]\ncolumns:\n  date: {from: Day, type: date}\n  note:\n    required: no\n'
EXAMPLES = Path(__file__).parents[4] / "examples/flights/recipes"


def test_a_right_recipe_has_its_defaults_and_the_hash_of_its_file(tmp_path: Path) -> None:
    """Values are required and trimmed unless said otherwise, and no version changes for what a recipe could say."""
    path = tmp_path / "r.yaml"
    path.write_text(PLAIN)
    recipe = load_recipe(path)
    assert (recipe.delimiter, recipe.quote, recipe.header, recipe.trim, recipe.nulls) == (
        ",",
        '"',
        True,
        True,
        ["", "NA"],
    )
    assert (recipe.columns["date"].required, recipe.columns["note"].required) == (True, False)
    assert recipe.sha256 == hashlib.sha256(PLAIN.encode()).hexdigest()


def test_a_recipe_without_a_file_has_the_hash_of_its_content() -> None:
    """Two recipes that say the same are the same."""
    one, two = (Recipe.model_validate({"columns": {"a": {"from": name}}}).sha256 for name in ("A", "B"))
    assert one == Recipe.model_validate({"columns": {"a": {"from": "A"}}}).sha256 != two


def test_a_change_in_a_file_that_it_refers_to_is_a_change_of_the_recipe(tmp_path: Path) -> None:
    """A reference table or a step that is mended makes new versions."""
    custom = ("drop: [email]", "drop: [email]\ncustom: [{step: clean, from: ref/steps.py}]")
    before = load_recipe(write_recipe(tmp_path, custom)).sha256
    assert load_recipe(write_recipe(tmp_path, custom)).sha256 == before
    changed = load_recipe(write_recipe(tmp_path, custom, stores=f"{STORES}S3,west\n")).sha256
    path = write_recipe(tmp_path, custom)
    with (tmp_path / "ref/steps.py").open("a") as steps:
        steps.write("\nMORE = 1\n")
    assert len({before, changed, load_recipe(path).sha256}) == 3


def test_files_are_looked_for_beside_the_fleet_file(tmp_path: Path) -> None:
    """A recipe in a folder of its own names them as the fleet file would."""
    path = write_recipe(tmp_path)
    (tmp_path / "recipes").mkdir()
    moved = path.rename(tmp_path / "recipes/r.yaml")
    assert read_references(load_recipe(moved, tmp_path), tmp_path) == {"ref/stores.csv": STORES.encode()}
    with pytest.raises(RecipeError, match=r"ref/stores\.csv` does not exist"):
        load_recipe(moved)


@pytest.mark.parametrize("key", ["on", '"on"'])
def test_a_join_may_be_written_as_it_reads(key: str, tmp_path: Path) -> None:
    """`on` is true to YAML 1.1; as a key it is a word."""
    recipe = load_recipe(write_recipe(tmp_path, ("on: {store", f"{key}: {{store")))
    assert recipe.join["stores"].on == {"store": "store_id"}


@pytest.mark.parametrize("written", ["null", "~", '"null"'])
def test_missing_null_is_a_value(written: str, tmp_path: Path) -> None:
    """Whoever writes it without quotes means the word."""
    edit = ("take: {region: region_name}", f"take: {{region: region_name}}, missing: {written}")
    assert load_recipe(write_recipe(tmp_path, edit)).join["stores"].missing == "null"


def test_rows_of_a_reference_that_say_the_same_are_one(tmp_path: Path) -> None:
    """A table of stores can be the reference of regions."""
    path = write_recipe(tmp_path, ("store_id", "district"), stores="id,district,region_name\n1,A,x\n2,A,x\n3,B,y\n")
    assert load_recipe(path).join["stores"].take == {"region": "region_name"}


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_example_recipes_load_and_name_their_schema(path: Path) -> None:
    """What people copy from is right, also for an editor."""
    assert draft_faults(Draft(load_recipe(path, EXAMPLES.parent))) == []
    schema = path.read_text().partition("\n")[0].partition("$schema=")[2]
    assert (path.parent / schema).resolve() == Path(__file__).parents[4] / "schemas/recipe.schema.json"
