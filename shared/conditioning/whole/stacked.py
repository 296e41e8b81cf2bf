"""Frames as few long columns: thousands of columns would cost thousands of headers each time they are written."""

from collections.abc import Mapping, Sequence

import polars as pl


class Stacking:
    """How frames of one schema become one column per type, and frames again.

    Args:
        schema: Of the frames.
    """

    def __init__(self, schema: Mapping[str, pl.DataType]) -> None:
        self._names = list(schema)
        stacks: dict[pl.DataType, list[int]] = {}
        for index, dtype in enumerate(schema.values()):
            stacks.setdefault(dtype, []).append(index)
        self._stacks = list(stacks.values())

    def stacked(self, frame: pl.DataFrame) -> list[pl.Series]:
        """For each type, in order of its first column, the values of its columns one after the other."""
        columns = frame.get_columns()
        return [pl.concat([columns[index] for index in stack], rechunk=True) for stack in self._stacks]

    def unstacked(self, stacks: Sequence[pl.Series]) -> pl.DataFrame:
        """The frame that was stacked."""
        columns: list[pl.Series] = [pl.Series()] * len(self._names)
        for values, stack in zip(stacks, self._stacks, strict=True):
            rows = len(values) // len(stack)
            for number, index in enumerate(stack):
                columns[index] = values.slice(number * rows, rows).rename(self._names[index])
        return pl.DataFrame(columns)
