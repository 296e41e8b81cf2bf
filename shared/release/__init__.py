"""The knowledge of a release: golden sets and their tolerances."""
