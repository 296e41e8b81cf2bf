"""Forecast against actual: what a version said of its test period, and what is published for readers. All of it blocks.

What happened after a publication is not in the app: whoever knows it tells figures by period, and the model's last
decisions say what came of them.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

from functions import adapters
from functions.dashboard import wording
from functions.publications import pointer, read_publication
from shared.contracts.scoring import Publication
from shared.errors import PermanentError
from shared.evaluation.table import AVERAGE, NAIVE, PREDICTION, EvaluationTable, read_table

#: Bytes of published predictions that are looked at; a share of a larger file says nothing.
_READ_BYTES: Final = 4 << 20
#: Predictions that are named: the largest.
_NAMED: Final = 8
#: Points of a chart: the newest.
_POINTS: Final = 60
_REFERENCES: Final = {AVERAGE: "baseline", NAIVE: "last known value"}


@dataclass(frozen=True)
class Period:
    """Sums over the rows of one moment."""

    name: str
    actual: float
    prediction: float
    reference: float | None


@dataclass(frozen=True)
class Compared:
    """What a version said of its test period, beside what happened.

    Attributes:
        by: The column by which rows are summed; absent where no column holds dates: then there are no periods.
        reference: What `Period.reference` is of; absent where the evaluation has none.
    """

    rows: int
    by: str | None
    reference: str | None
    periods: tuple[Period, ...]


@dataclass(frozen=True)
class Published:
    """Forecasts that readers are pointed to.

    Attributes:
        total: Their sum; absent where they are too many to be looked at here, or a cell holds no number.
        columns: What says which row one is.
        largest: The largest of them, each with its cells in the order of the columns.
    """

    publication: Publication
    total: float | None = None
    columns: tuple[str, ...] = ()
    largest: tuple[tuple[tuple[str, ...], float], ...] = ()


@lru_cache(maxsize=128)
def compared(job: str) -> Compared:
    """The evaluation of a finished job, which does not change any more.

    Raises:
        PermanentError: The job or its output is gone, or is no evaluation.
        TransientError: The platform does not answer.
    """
    return compare_by_period(read_table(adapters.platform().read_job_file(job, "evaluation"), f"The job {job}"))


def compare_by_period(table: EvaluationTable) -> Compared:
    """An evaluation's rows, summed by the first of its columns that holds nothing but dates."""
    reference = next((name for name in _REFERENCES if name in table.columns), None)
    by = next((name for name in table.keys if _are_dates(row[name] for row in table.rows)), None)
    title = _REFERENCES[reference] if reference else None
    if by is None:
        return Compared(len(table.rows), None, title, ())
    said = table.predictions(PREDICTION)
    beside: Sequence[float | None] = table.predictions(reference) if reference else [None] * len(said)
    sums: dict[str, list[tuple[float, float, float | None]]] = {}
    for row, actual, prediction, other in zip(table.rows, table.actual, said, beside, strict=True):
        if prediction is not None:  # both lines are of the same rows
            sums.setdefault(row[by][:10], []).append((actual, prediction, other))
    periods = (_period(name, sums[name]) for name in sorted(sums)[-_POINTS:])
    return Compared(len(table.rows), by, title, tuple(periods))


def published(model: str) -> Published | None:
    """What readers of a model's forecasts are pointed to; `None` when nothing is."""
    current = read_publication(pointer(model))
    if current is None or current.path is None:
        return None
    try:
        content = adapters.data().read_range(current.path, 0, _READ_BYTES)
    except PermanentError as error:
        if error.code != "BlobNotFound":
            raise
        return Published(current)
    return Published(current) if len(content) == _READ_BYTES else summed(current, content)


def summed(publication: Publication, content: bytes) -> Published:
    """Published predictions in figures."""
    reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig", errors="replace"), newline=""))
    columns = tuple(name for name in reader.fieldnames or () if name != PREDICTION)
    found: list[tuple[tuple[str, ...], float]] = []
    for row in reader:
        try:
            value = wording.number(float(row.get(PREDICTION) or ""))
        except ValueError:
            value = None
        if value is None:
            return Published(publication)
        found.append((tuple(row[name] or "" for name in columns), value))
    largest = sorted(found, key=lambda one: (-one[1], one[0]))[:_NAMED]
    return Published(publication, sum(value for _, value in found), columns, tuple(largest))


def _period(name: str, rows: Sequence[tuple[float, float, float | None]]) -> Period:
    others = [other for *_, other in rows if other is not None]
    reference = sum(others) if len(others) == len(rows) else None
    return Period(name, sum(actual for actual, *_ in rows), sum(said for _, said, _ in rows), reference)


def _are_dates(cells: Iterable[str]) -> bool:
    """Whether every cell is a date, or begins with one and goes on with a time."""
    any_ = False
    for cell in cells:
        try:
            date.fromisoformat(cell[:10])
        except ValueError:
            return False
        any_ = True
    return any_
