"""How far a challenger's predictions lie from the champion's for the same period, and whether that is too far.

Both are CSVs whose columns, beside `prediction` and `actual`, say which row it is; neither the order of the rows nor
that of the columns matters. With c the challenger's and h the champion's prediction:

    disagreement = sum|c - h| / sum|h|

which is the mean absolute difference as a share of the champion's mean absolute prediction. Where only one of them has
a row, the other one counts as 0: a challenger cannot come close by leaving rows out.
"""

import csv
import io
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from shared.contracts.shadow import PredictionsCompared
from shared.errors import PermanentError

_PREDICTION: Final = "prediction"
_ACTUAL: Final = "actual"
_CODE: Final = "PredictionsNotComparable"

type _Key = tuple[str, ...]


@dataclass(frozen=True)
class PredictedRows:
    """The predictions of one version for one period.

    Attributes:
        owner: For messages: `The champion's predictions`.
        columns: Names of the columns that say which row it is, sorted.
        predictions: By these columns' values.
        actuals: Likewise, where they are known.
    """

    owner: str
    columns: tuple[str, ...]
    predictions: Mapping[_Key, float]
    actuals: Mapping[_Key, float]


def read_predictions(content: bytes, owner: str) -> PredictedRows:
    """Read a CSV of predictions.

    Args:
        content: The file, in UTF-8.
        owner: Whose it is, for messages: `The champion's predictions`.

    Raises:
        PermanentError: `PredictionsNotComparable`: it is no such CSV, has no rows, lacks a prediction, or has no
            columns, or not enough of them, to tell its rows apart.
    """
    try:
        reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), restval="")
        rows = list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise PermanentError(_CODE, f"{owner} are no CSV in UTF-8: {error}.") from error
    header = tuple(reader.fieldnames or ())
    columns = tuple(sorted(name for name in header if name not in (_PREDICTION, _ACTUAL)))
    if _PREDICTION not in header or not columns or not rows:
        what = "have no rows" if header and not rows else "lack `prediction`, or columns that say which row it is"
        raise PermanentError(_CODE, f"{owner} {what}; they need both.")
    predictions: dict[_Key, float] = {}
    actuals: dict[_Key, float] = {}
    for line, row in enumerate(rows, start=2):
        key = tuple(row[name] for name in columns)
        if key in predictions:
            told = f"{owner}, line {line}: {', '.join(columns)} do not tell it from an earlier row"
            raise PermanentError(_CODE, f"{told}, so nobody can say which one to compare.")
        predicted = _number(row[_PREDICTION])
        if predicted is None:
            raise PermanentError(_CODE, f"{owner}, line {line}: {row[_PREDICTION][:80]!r} is no number.")
        predictions[key] = predicted
        if (actual := _number(row.get(_ACTUAL, ""))) is not None:
            actuals[key] = actual
    return PredictedRows(owner, columns, predictions, actuals)


def compare_predictions(challenger: PredictedRows, champion: PredictedRows) -> PredictionsCompared:
    """Compare two versions' predictions of one period, joined by the columns that say which row it is.

    Actual values count wherever one of the two has them.

    Raises:
        PermanentError: `PredictionsNotComparable`: they have other columns, or no row in common.
    """
    if challenger.columns != champion.columns:
        told = f"{challenger.owner} tell their rows by {', '.join(challenger.columns)}."
        told += f" {champion.owner} do so by {', '.join(champion.columns)}."
        raise PermanentError(_CODE, f"{told} A version whose pipeline has other columns cannot run in the shadow.")
    both = challenger.predictions.keys() & champion.predictions.keys()
    every = challenger.predictions.keys() | champion.predictions.keys()
    if not both:
        told = f"{challenger.owner} have no row that the champion's have, too"
        raise PermanentError(_CODE, f"{told}: they are of different periods, or of different things.")
    apart = _total(abs(challenger.predictions.get(key, 0.0) - champion.predictions.get(key, 0.0)) for key in every)
    known = {**champion.actuals, **challenger.actuals}
    judged = sorted(both & known.keys())
    return PredictionsCompared(
        rows=len(every),
        unmatched=len(every) - len(both),
        disagreement=_share(apart, _total(map(abs, champion.predictions.values()))),
        known=len(judged),
        error=_error(challenger.predictions, known, judged),
        champion_error=_error(champion.predictions, known, judged),
    )


def objection(compared: PredictionsCompared, most: float | None) -> str | None:
    """Why a challenger that did so is not released; `None` where nothing speaks against it.

    Args:
        compared: How it did beside the champion.
        most: The disagreement that is allowed; not looked at when absent.
    """
    if most is not None and compared.disagreement is None:
        return "the champion predicts nothing but 0, so no disagreement can be told and none is allowed"
    if most is not None and compared.disagreement is not None and compared.disagreement > most:
        return f"it disagrees with the champion by {compared.disagreement:.1%}, and at most {most:.1%} is allowed"
    error, reference = compared.error, compared.champion_error
    if error is not None and reference is not None and error > reference:
        return f"its mean error {error:g} over {compared.known} rows is worse than the champion's {reference:g}"
    return None


def told_of(compared: PredictionsCompared) -> str:
    """How a challenger did, for a person."""
    apart = (
        "no measurable disagreement" if compared.disagreement is None else f"disagreement {compared.disagreement:.1%}"
    )
    told = f"{apart} over {compared.rows} rows"
    if compared.unmatched:
        told += f", {compared.unmatched} of which only one has"
    if compared.error is not None and compared.champion_error is not None:
        return f"{told}; mean error {compared.error:g} beside {compared.champion_error:g} over {compared.known} rows"
    return f"{told}; no actual values yet"


def _share(apart: float, whole: float) -> float | None:
    if whole == 0:
        return 0.0 if apart == 0 else None
    share = apart / whole
    return share if math.isfinite(share) else None


def _error(predictions: Mapping[_Key, float], actuals: Mapping[_Key, float], keys: list[_Key]) -> float | None:
    if not keys:
        return None
    mean = _total(abs(predictions[key] - actuals[key]) for key in keys) / len(keys)
    return mean if math.isfinite(mean) else None


def _total(values: Iterable[float]) -> float:
    """The exact sum, whatever the order; infinite where it is too large to be told."""
    try:
        return math.fsum(values)
    except OverflowError:
        return math.inf


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
