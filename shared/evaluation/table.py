"""The evaluation table that a training pipeline puts out: the contract with its authors.

A CSV in UTF-8 with one row per observation of the test period and at least the columns `actual` and `prediction`;
`historical_average` (a baseline), `naive` (the last known value) and `champion` (what the version in production says)
are compared when they are there. `seconds` is how long a prediction took, `observed_at` the date or time in UTC at
which a row was observed, and `dataset_version` must name the version that was trained on. All other columns say which
observation a row is, and may be segments of a gate.
Signalbox computes the figures itself, so that a pipeline cannot report better ones than its predictions earn.
"""

import csv
import io
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from shared.contracts.evaluation import Figures
from shared.errors import PermanentError
from shared.evaluation.metrics import compare

ACTUAL, PREDICTION, AVERAGE, NAIVE = "actual", "prediction", "historical_average", "naive"
CHAMPION, SECONDS, OBSERVED, DATASET = "champion", "seconds", "observed_at", "dataset_version"
_FIGURES: Final = frozenset({ACTUAL, PREDICTION, AVERAGE, NAIVE, CHAMPION, SECONDS, OBSERVED, DATASET})


@dataclass(frozen=True)
class EvaluationTable:
    """An evaluation that has been read and found usable.

    Attributes:
        owner: For messages: `The pipeline's output`.
        columns: Names, in the order of the file.
        rows: Cells as text.
        actual: What happened, row by row.
    """

    owner: str
    columns: tuple[str, ...]
    rows: list[dict[str, str]]
    actual: list[float]

    @property
    def keys(self) -> tuple[str, ...]:
        """Columns that say which observation a row is."""
        return tuple(name for name in self.columns if name not in _FIGURES)

    def predictions(self, column: str = PREDICTION) -> list[float | None]:
        """A column's numbers; `None` where a cell holds none."""
        return [_number(row[column]) for row in self.rows]

    def figures(self, column: str) -> Figures | None:
        """Figures of a column beside what happened; `None` when there is no such column."""
        if column not in self.columns:
            return None
        return compare(self.actual, self.predictions(column), self.seconds if column == PREDICTION else None)

    @property
    def seconds(self) -> list[float | None] | None:
        """How long each prediction took, if the table says so."""
        return self.predictions(SECONDS) if SECONDS in self.columns else None

    @property
    def observed_at(self) -> datetime | None:
        """The newest observation; `None` where a cell of the column is no date, or there is no such column."""
        if OBSERVED not in self.columns:
            return None
        moments = [_moment(row[OBSERVED]) for row in self.rows]
        known = [moment for moment in moments if moment is not None]
        return max(known) if len(known) == len(moments) else None


def read_table(content: bytes, owner: str, dataset: str | None = None) -> EvaluationTable:
    """Read an evaluation.

    Args:
        content: The file.
        owner: Whose it is, for messages: `The pipeline's output`.
        dataset: The dataset version that it must be of, where it names one.

    Raises:
        PermanentError: `EvaluationIncomplete`: no rows, or a column is missing; `EvaluationInvalid`: no CSV, a column
            that is there twice, or an actual value that is no number; `EvaluationOfOtherDataset`.
    """
    columns, rows = _read(content, owner)
    absent = [name for name in (ACTUAL, PREDICTION) if name not in columns]
    if absent or not rows:
        what = f"lacks the column {', '.join(absent)}" if absent else "has no rows"
        code = "EvaluationIncomplete"
        raise PermanentError(code, f"{owner} `evaluation` {what}; it needs `{ACTUAL}` and `{PREDICTION}`.")
    if dataset is not None and DATASET in columns:
        _require_dataset(rows, dataset, owner)
    actual = [_actual(row[ACTUAL], line, owner) for line, row in enumerate(rows, start=2)]
    return EvaluationTable(owner, columns, rows, actual)


def _read(content: bytes, owner: str) -> tuple[tuple[str, ...], list[dict[str, str]]]:
    try:
        reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), restval="")
        rows = list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        code = "EvaluationInvalid"
        raise PermanentError(code, f"{owner} `evaluation` is no CSV in UTF-8: {error}.") from error
    columns = tuple(reader.fieldnames or ())
    twice = next((name for name in columns if columns.count(name) > 1), None)
    if twice is not None:
        code = "EvaluationInvalid"
        raise PermanentError(code, f"{owner} `evaluation` has several columns {twice[:80]!r}; a name stands for one.")
    return columns, rows


def _require_dataset(rows: list[dict[str, str]], dataset: str, owner: str) -> None:
    other = next((row[DATASET] for row in rows if row[DATASET] != dataset), None)
    if other is not None:
        code = "EvaluationOfOtherDataset"
        what = f"{owner} `evaluation` is of dataset version {other[:80]!r}, not of {dataset!r}"
        raise PermanentError(code, f"{what}, which was trained on.")


def _actual(text: str, line: int, owner: str) -> float:
    value = _number(text)
    if value is None:
        code = "EvaluationInvalid"
        raise PermanentError(code, f"{owner} `evaluation`, line {line}: `{ACTUAL}` {text[:80]!r} is no number.")
    return value


def _moment(text: str) -> datetime | None:
    """A date or a time in ISO 8601, in UTC where it has no offset."""
    try:
        moment = datetime.fromisoformat(text.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _number(text: str) -> float | None:
    """A finite number; `None` for anything else: what is not known is missing, never guessed."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
