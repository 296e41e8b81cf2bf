"""Raw files to standard CSV: recipe, rows kept and rows rejected with their reasons."""
