"""The evaluation table that a training pipeline puts out: the contract with its authors.

A CSV with one row per observation of the test period and at least the columns `actual` and `prediction`;
`historical_average` (the baseline) and `naive` (the last known value) are compared when they are there.
Signalbox computes the figures itself, so that a pipeline cannot report better ones than its predictions earn.
"""

import csv
import io
import math

from shared.contracts.evaluation import Evaluation, Figures
from shared.errors import PermanentError
from shared.evaluation.metrics import compare

ACTUAL, PREDICTION, BASELINE, NAIVE = "actual", "prediction", "historical_average", "naive"


def evaluate(content: bytes) -> Evaluation:
    """Figures of the model, the baseline and the naive forecast in an evaluation table.

    Raises:
        PermanentError: The table has no rows, lacks a column, or an actual value is not a number.
    """
    reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    rows = list(reader)
    columns = tuple(reader.fieldnames or ())
    absent = [name for name in (ACTUAL, PREDICTION) if name not in columns]
    if absent or not rows:
        what = f"lacks the column {', '.join(absent)}" if absent else "has no rows"
        code = "EvaluationIncomplete"
        raise PermanentError(
            code, f"The pipeline's output `evaluation` {what}; it needs `{ACTUAL}` and `{PREDICTION}`."
        )
    actual = [_actual(row[ACTUAL], line) for line, row in enumerate(rows, start=2)]

    def figures(column: str) -> Figures | None:
        return compare(actual, [_number(row[column]) for row in rows]) if column in columns else None

    model = figures(PREDICTION)
    assert model is not None  # the column was checked above
    return Evaluation(model=model, baseline=figures(BASELINE), naive=figures(NAIVE))


def _actual(text: str | None, line: int) -> float:
    value = _number(text)
    if value is None:
        code = "EvaluationInvalid"
        raise PermanentError(
            code, f"The pipeline's output `evaluation`, line {line}: `{ACTUAL}` {text!r} is no number."
        )
    return value


def _number(text: str | None) -> float | None:
    """A finite number; `None` for anything else: what is not known is missing, never guessed."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None
