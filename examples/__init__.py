"""Fleets to learn from, each complete: data, recipes, pipelines and gates."""
