"""Custom steps that are not row by row: they see the whole table at once, where it fits."""

from collections.abc import Callable, Iterable, Mapping

import polars as pl

from shared.conditioning.whole.places import PLACES, Frames, numbered, placed
from shared.conditioning.whole.scratch import held_bytes
from shared.conditioning.whole.tally import Tally
from shared.errors import PermanentError

#: What a custom step is.
type WholeStep = Callable[[pl.LazyFrame], pl.LazyFrame]


def applied(
    frames: Iterable[pl.DataFrame],
    steps: Mapping[str, WholeStep],
    schema: Mapping[str, pl.DataType],
    limit: int,
    tally: Tally,
) -> Frames:
    """The table after the steps.

    A step gets the columns of the recipe and those of the rows' places. It gives the recipe's columns with their
    types. Where it gives each row its own place, too, rows keep them and their order; otherwise they are numbered.

    Args:
        frames: All rows.
        steps: By name, in order.
        schema: The recipe's columns.
        limit: Bytes that the table may have.
        tally: Counts the rows that a step leaves out.

    Raises:
        PermanentError: The table does not fit (`CustomStepTooLarge`), or what a step gives is not as above
            (`CustomStepColumns`). What a step raises is raised.
    """
    table = pl.concat([pl.DataFrame(schema=placed(schema)), *_fitting(frames, ", ".join(steps), limit)])
    for name, step in steps.items():
        result = _accepted(step(table.lazy()).collect(), name, schema)
        tally.custom[name] = table.height - result.height
        table = result
    yield table.sort(PLACES)


def _fitting(frames: Iterable[pl.DataFrame], names: str, limit: int) -> Frames:
    size = 0
    for frame in frames:
        size += held_bytes(frame)
        if size > limit:
            remedy = "declare the step row-wise if it is, use deduplicate, aggregate or order instead, or drop columns"
            what = f"custom step {names}: it needs the whole table at once, which has more than {limit:,} bytes"
            raise PermanentError("CustomStepTooLarge", f"{what}; {remedy}")
        yield frame


def _accepted(result: pl.DataFrame, name: str, schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    wrong = [f"`{column}` ({dtype})" for column, dtype in schema.items() if result.schema.get(column) != dtype]
    if wrong:
        what = f"custom step {name}: its result must have the columns {', '.join(wrong)}"
        raise PermanentError("CustomStepColumns", f"{what}; it has {dict(result.schema)}")
    whole = placed(schema)
    places_kept = all(result.schema.get(place) == pl.Int64 for place in PLACES) and not (
        result.select(pl.any_horizontal(pl.col(PLACES).is_null())).to_series().any()
        or result.select(PLACES).is_duplicated().any()
    )
    if places_kept:
        return result.select(list(whole))
    return pl.concat([pl.DataFrame(schema=whole), *numbered([result.select(list(schema))])])
