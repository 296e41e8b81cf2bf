"""Reference tables of lookups and joins, as frames."""

from collections.abc import Mapping

import polars as pl

from shared.conditioning.recipe.references import BadReferenceError, read_table
from shared.errors import PermanentError


def reference_frame(
    references: Mapping[str, bytes], file: str, keys: Mapping[str, str], values: Mapping[str, str]
) -> pl.DataFrame:
    """Columns of a reference table as texts; an empty value is null.

    Args:
        references: Content of each table, by its name in the recipe.
        file: The table's name.
        keys: Its columns that no two rows have in common, by the names that they get.
        values: Its columns that are taken, by the names that they get.

    Raises:
        PermanentError: The table is missing (`ReferenceMissing`) or cannot be used (`ReferenceUnusable`).
    """
    if file not in references:
        known = ", ".join(references) or "none"
        raise PermanentError("ReferenceMissing", f"the recipe refers to {file}, which is not here; known: {known}")
    try:
        found = read_table(references[file]).keyed(tuple(keys.values()), tuple(values.values()))
    except BadReferenceError as error:
        raise PermanentError("ReferenceUnusable", f"{file}: {error}") from error
    columns: dict[str, list[str | None]] = {name: [key[place] for key in found] for place, name in enumerate(keys)}
    columns |= {name: [taken[place] or None for taken in found.values()] for place, name in enumerate(values)}
    return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
