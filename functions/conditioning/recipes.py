"""The recipes of a fleet's sources. It loads no polars."""

from functions import adapters
from shared.conditioning.recipe.loader import load_recipe
from shared.conditioning.recipe.schema import Recipe


def recipe_of(fleet: str, source: str, cell: dict[str, str]) -> Recipe:
    """The recipe of a source in a cell.

    Raises:
        RecipeError: It cannot be used; a person has to mend it.
    """
    found = adapters.fleet(fleet)
    return load_recipe(found.recipe_path(source, cell), found.path.parent)
