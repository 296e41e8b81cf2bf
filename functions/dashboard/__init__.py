"""The page for people: what is read for it, how it is told, and how it is rendered. HTML and SVG only, no scripts."""
