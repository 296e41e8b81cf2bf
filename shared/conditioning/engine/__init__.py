"""A raw file through its recipe: pieces of it in bounded memory, and what must add up in the end."""
