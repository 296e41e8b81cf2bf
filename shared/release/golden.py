"""Golden sets: inputs whose predictions are known, within a tolerance that a person has agreed to.

A CSV whose columns `expected` and `tolerance` (both in the target's unit) are ours; all others are the model's inputs.
"""

import csv
import io
import math
from collections.abc import Sequence

from shared.contracts.base import Contract
from shared.contracts.golden import GoldenResult
from shared.contracts.platform_models import Answered
from shared.contracts.policy import Scalar
from shared.contracts.release_policy import AnalysisPolicy
from shared.errors import PermanentError
from shared.release.analysis import budget_problem, failed, p95

EXPECTED, TOLERANCE = "expected", "tolerance"


class GoldenSet(Contract):
    """A golden set, read.

    Attributes:
        inputs: One dictionary per row, as the model takes them.
        expected: What must come out, row by row.
        tolerance: How far off a prediction may be, row by row.
    """

    inputs: tuple[dict[str, Scalar], ...]
    expected: tuple[float, ...]
    tolerance: tuple[float, ...]


def read_golden(content: bytes, name: str) -> GoldenSet:
    """Read a golden set.

    Raises:
        PermanentError: It has no rows, lacks one of our columns, or one of them holds no number.
    """
    reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    rows = list(reader)
    absent = [column for column in (EXPECTED, TOLERANCE) if column not in (reader.fieldnames or ())]
    if absent or not rows:
        what = f"lacks the column {', '.join(absent)}" if absent else "has no rows"
        code = "GoldenSetInvalid"
        raise PermanentError(code, f"The golden set {name} {what}; it needs inputs, `{EXPECTED}` and `{TOLERANCE}`.")
    try:
        expected = tuple(_finite(row[EXPECTED]) for row in rows)
        tolerance = tuple(_finite(row[TOLERANCE]) for row in rows)
    except ValueError as error:
        code = "GoldenSetInvalid"
        raise PermanentError(code, f"The golden set {name}: {error}") from error
    inputs = tuple(
        {key: _scalar(text) for key, text in row.items() if key not in (EXPECTED, TOLERANCE)} for row in rows
    )
    return GoldenSet(inputs=inputs, expected=expected, tolerance=tolerance)


def compare_golden(golden: GoldenSet, predictions: Sequence[float | None]) -> GoldenResult:
    """Compare predictions with a golden set, row by row; too few or missing predictions fail."""
    distances = [
        abs(predicted - expected) if predicted is not None and math.isfinite(predicted) else None
        for expected, predicted in zip(golden.expected, [*predictions, *[None] * len(golden.expected)], strict=False)
    ]
    outside = sum(
        distance is None or distance > allowed for distance, allowed in zip(distances, golden.tolerance, strict=True)
    )
    known = [distance for distance in distances if distance is not None]
    passed = outside == 0 and len(predictions) == len(golden.expected)
    worst = max(known, default=None)
    rows = len(golden.expected)
    return GoldenResult(
        passed=passed,
        rows=rows,
        outside=outside,
        worst=worst,
        reason=f"{rows - outside} of {rows} golden predictions within tolerance"
        + (f", largest distance {worst:g}" if worst is not None else "")
        + (f"; {len(predictions)} predictions came for {rows} rows" if len(predictions) != rows else ""),
    )


def within_budget(result: GoldenResult, answers: Sequence[Answered], limits: AnalysisPolicy | None) -> GoldenResult:
    """The result with its requests' errors and latency, which fail it where they break a limit.

    Args:
        result: Of the comparison.
        answers: What became of each request at the first time.
        limits: Absent where only the tolerances count.
    """
    problem = budget_problem(answers, limits) if limits is not None else ""
    return result.model_copy(
        update={
            "passed": result.passed and not problem,
            "reason": f"{result.reason}; {problem}" if problem else result.reason,
            "failed_requests": failed(answers),
            "seconds_p95": p95(answers),
        }
    )


def _finite(text: str | None) -> float:
    try:
        value = float(text or "")
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        msg = f"{text!r} is no number"
        raise ValueError(msg)
    return value


def _scalar(text: str | None) -> Scalar:
    """A cell as the model takes it: a number where it is one."""
    if text is None:
        return ""
    for cast in (int, float):
        try:
            return cast(text)
        except ValueError:
            continue
    return text
