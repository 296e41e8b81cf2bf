"""The rows behind the figures: what gates for segments, and gates that want confidence, are judged by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from shared.evaluation.metrics import figure

#: Whose predictions.
type Who = Literal["model", "baseline", "champion"]


@dataclass(frozen=True)
class Observations:
    """What happened and what was said of it, row by row.

    Attributes:
        actual: What happened.
        predicted: What each said; the baseline and the champion are absent where they cannot be compared.
        seconds: How long each of the model's predictions took, where that is known.
        columns: The cells of the columns that say which observation a row is.
        dataset: The dataset version; it makes the resamples of one evaluation the same on every machine.
    """

    actual: Sequence[float]
    predicted: Mapping[Who, Sequence[float | None]]
    seconds: Sequence[float | None] | None = None
    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    dataset: str = ""

    def figure(self, metric: str, who: Who = "model", rows: Sequence[int] | None = None) -> float | None:
        """A figure over some of the rows, all if absent; `None` when it is missing."""
        predicted = self.predicted.get(who)
        if predicted is None:
            return None
        chosen = range(len(self.actual)) if rows is None else rows
        seconds = self.seconds if who == "model" else None
        return figure(
            metric,
            [self.actual[row] for row in chosen],
            [predicted[row] for row in chosen],
            None if seconds is None else [seconds[row] for row in chosen],
        )

    def segments(self, columns: Sequence[str]) -> dict[str, list[int]]:
        """The rows of each combination of the columns' values, by a label such as `origin=JFK movement=slow`."""
        found: dict[tuple[str, ...], list[int]] = {}
        for row in range(len(self.actual)):
            found.setdefault(tuple(self.columns[name][row] for name in columns), []).append(row)
        return {
            " ".join(f"{name}={value}" for name, value in zip(columns, cell, strict=True)): rows
            for cell, rows in found.items()
        }
