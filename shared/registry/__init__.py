"""Model registries behind one Protocol."""
