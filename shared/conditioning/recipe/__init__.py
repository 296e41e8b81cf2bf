"""Recipes: what a raw file looks like, how it becomes standard CSV, and what must hold for a row to be kept."""
