"""Runs over many cells of a fleet: which are selected, how each stands, and what it all came to. Pure."""
