"""Frames of bounded size whose ends depend on the rows alone, not on how they came."""

import polars as pl

from shared.conditioning.whole.places import Frames

#: What a value counts beside its text.
_VALUE_BYTES = 8


def recut(frames: Frames, limit: int) -> Frames:
    """The same rows in frames of about so many bytes, of at least one row.

    Every row has a weight, made of its columns and texts; a frame ends where the sum of all weights so far passes a
    multiple of the limit.
    """
    total = 0
    waiting: list[pl.DataFrame] = []
    for frame in frames:
        sums = _weights(frame).cum_sum() + total
        numbers = (sums - 1) // limit
        start = 0
        for end in (numbers != numbers.shift(1, fill_value=(total - 1) // limit)).arg_true():
            waiting.append(frame[start:end])
            yield from _joined(waiting)
            waiting, start = [], end
        waiting.append(frame[start:])
        total = sums[-1] if frame.height else total
    yield from _joined(waiting)


def _joined(frames: list[pl.DataFrame]) -> Frames:
    rows = [frame for frame in frames if frame.height]
    if rows:
        yield pl.concat(rows, rechunk=True)


def _weights(frame: pl.DataFrame) -> pl.Series:
    texts = [pl.col(name).str.len_bytes().cast(pl.Int64) for name, dtype in frame.schema.items() if dtype == pl.String]
    values = pl.repeat(_VALUE_BYTES * frame.width, pl.len(), dtype=pl.Int64)
    return frame.select(pl.sum_horizontal(values, *texts).alias("weight")).to_series()
