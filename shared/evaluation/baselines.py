"""A model beside its baseline: the predictions of both for the same observations.

The baseline is trained once for a group of models, so its evaluation has rows of all of them. A model is compared with
it on the model's own rows, matched by the columns that both tables have, and only if every one of them has its match:
a baseline measured on other rows, or against other actual values, is no measure at all.
"""

import math
from collections.abc import Sequence

from shared.errors import SignalboxError
from shared.evaluation.table import EvaluationTable

type _Key = tuple[str, ...]
_KEY_LIMIT = 120


class NotComparableError(SignalboxError):
    """The two evaluations do not measure the same observations; the message says where they part."""


def align_baseline(model: EvaluationTable, baseline: EvaluationTable) -> list[float | None]:
    """What the baseline says of each of the model's rows.

    Raises:
        NotComparableError: No columns identify a row, a row has no match or several, or actual values differ.
    """
    columns = [name for name in model.keys if name in baseline.keys]
    if not columns:
        raise NotComparableError("the two evaluations have no column in common that says which row is which")
    wanted = _by_key(model, columns, "the model's")
    known = _by_key(baseline, columns, "the baseline's")
    missing = [key for key in wanted if key not in known]
    if missing:
        what = f"the baseline's evaluation has no row for {_shown(columns, missing[0])}"
        raise NotComparableError(f"{what}; {len(missing)} of {len(wanted)} rows of the model are not in it")
    predictions = baseline.predictions()
    for key, row in wanted.items():
        happened, other = model.actual[row], baseline.actual[known[key]]
        if not math.isclose(happened, other, rel_tol=1e-9, abs_tol=1e-9):
            what = f"the actual value of {_shown(columns, key)} is {happened:.15g} in the model's evaluation"
            raise NotComparableError(f"{what} and {other:.15g} in the baseline's")
    return [predictions[known[key]] for key in wanted]


def _by_key(table: EvaluationTable, columns: Sequence[str], whose: str) -> dict[_Key, int]:
    """The number of the row of each observation."""
    found: dict[_Key, int] = {}
    for number, row in enumerate(table.rows):
        key = tuple(row[name] for name in columns)
        if key in found:
            raise NotComparableError(f"{whose} evaluation has several rows for {_shown(columns, key)}")
        found[key] = number
    return found


def _shown(columns: Sequence[str], key: _Key) -> str:
    text = " ".join(f"{name}={value}" for name, value in zip(columns, key, strict=True))
    return text if len(text) <= _KEY_LIMIT else text[:_KEY_LIMIT] + "…"
