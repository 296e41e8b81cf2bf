"""The JSON Schema of recipe files: `python -m shared.conditioning.recipe.json_schema` writes it.

An editor that knows it completes and explains each key. It says what may be written; whether columns, steps and rules
fit each other is said when the recipe is loaded.
"""

from pathlib import Path
from typing import Any, Final

from shared.conditioning.recipe.schema import Recipe
from shared.located_schema import for_editors, heading, written

#: The committed schema, which the first line of a recipe names.
SCHEMA_FILE: Final = Path(__file__).parents[3] / "schemas" / "recipe.schema.json"


def recipe_schema() -> dict[str, Any]:
    """The schema (draft 2020-12) of what may be written in a recipe."""
    made: dict[str, Any] = for_editors(Recipe.model_json_schema())
    return heading("Signalbox recipe", Recipe) | {key: part for key, part in made.items() if key != "description"}


def schema_text() -> str:
    """The schema as the file has it."""
    return written(recipe_schema())


if __name__ == "__main__":
    SCHEMA_FILE.parent.mkdir(exist_ok=True)
    SCHEMA_FILE.write_text(schema_text())
