"""Raw files to standard CSV: recipe, rows kept and rows rejected with their reasons."""

from shared.conditioning.conditioner import Conditioned, condition
from shared.conditioning.recipe import Recipe, RecipeError, load_recipe

__all__ = ["Conditioned", "Recipe", "RecipeError", "condition", "load_recipe"]
