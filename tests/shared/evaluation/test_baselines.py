"""A model is compared with its baseline on its own rows, one to one, or not at all."""

import random

import hypothesis.strategies as st
import pytest
from hypothesis import given

from shared.contracts.policy import GatePolicy
from shared.errors import PermanentError
from shared.evaluation.evaluate import BaselineOutput, evaluate
from shared.evaluation.gates import judge
from shared.evaluation.metrics import compare

NAME = "departures-jfk-mainline-baseline"
MODEL = b"route,week,actual,prediction,historical_average\nA,1,10,9,10\nB,1,20,22,20\n"
BASELINE = b"week,route,segment,actual,prediction\n1,C,x,5,5\n1,B,y,20.0,10\n1,A,y,10,5\n"
BEATS = GatePolicy(name="beats_average", metric="mape", better_than="baseline")
ROWS = st.lists(st.tuples(st.integers(1, 50), st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=20)


def _baseline(content: bytes) -> BaselineOutput:
    return BaselineOutput(NAME, content)


def test_the_baseline_is_measured_on_the_models_rows() -> None:
    """In whatever order they come, beside more rows and more columns; the model's own column is not asked."""
    evaluation = evaluate(MODEL, baseline=_baseline(BASELINE))
    assert evaluation.baseline is not None
    assert (evaluation.baseline.rows, evaluation.baseline.mape) == (2, 0.5)
    assert (evaluation.baseline_model, evaluation.baseline_problem) == (NAME, None)
    verdict = judge(evaluation, (BEATS,))
    assert verdict.gates[0].reason == f"beats_average: MAPE 10.0 % is better than 50.0 % of the baseline {NAME}"


@pytest.mark.parametrize(
    ("baseline", "problem"),
    [
        (b"route,week,actual,prediction\nA,1,10,5\n", "has no row for route=B week=1; 1 of 2 rows"),
        (b"route,week,actual,prediction\nA,1,10,5\nA,1,10,5\nB,1,20,9\n", "has several rows for route=A week=1"),
        (
            b"route,week,actual,prediction\nA,1,10,5\nB,1,21,9\n",
            "route=B week=1 is 20 in the model's evaluation and 21",
        ),
        (b"way,actual,prediction\nA,10,5\nB,20,9\n", "no column in common"),
        (b"week,actual,prediction\n1,10,5\n", "the model's evaluation has several rows for week=1"),
    ],
)
def test_what_does_not_match_leaves_the_figure_missing(baseline: bytes, problem: str) -> None:
    """The gate that needs it fails, and says which row is to blame; the column of the model's table is no way out."""
    evaluation = evaluate(MODEL, baseline=_baseline(baseline))
    assert evaluation.baseline is None
    assert problem in str(evaluation.baseline_problem)
    (gate,) = judge(evaluation, (BEATS,)).gates
    assert not gate.passed
    assert f"MAPE of the baseline {NAME} is missing (" in gate.reason
    assert problem in gate.reason


def test_a_missing_prediction_of_the_baseline_is_missing() -> None:
    """A baseline that says nothing of a row is not measured on the others."""
    evaluation = evaluate(MODEL, baseline=_baseline(b"route,week,actual,prediction\nA,1,10,\nB,1,20,9\n"))
    assert evaluation.baseline is not None
    assert evaluation.baseline.mape is None


def test_a_baseline_that_cannot_be_read_is_named() -> None:
    """Its table is held to the same contract, and the message says whose it is."""
    with pytest.raises(PermanentError, match=f"The baseline {NAME}'s output `evaluation` has no rows"):
        evaluate(MODEL, baseline=_baseline(b"route,week,actual,prediction\n"))


def test_a_baseline_of_another_dataset_is_refused() -> None:
    """It names its dataset version, so nobody has to guess from the figures."""
    other = b"route,week,actual,prediction,dataset_version\nA,1,10,9,d0\n"
    with pytest.raises(PermanentError, match="is of dataset version 'd0'"):
        evaluate(MODEL, "d1", _baseline(other))


@given(ROWS, ROWS, st.randoms(use_true_random=False))
def test_more_and_shuffled_rows_change_nothing(
    rows: list[tuple[int, int, int]], others: list[tuple[int, int, int]], chance: random.Random
) -> None:
    """The figures are those of the model's rows, wherever they stand in the baseline's table."""
    model = [f"{key},{actual},{actual}" for key, (actual, _, _) in enumerate(rows)]
    baseline = [f"{key},{actual},{said}" for key, (actual, said, _) in enumerate(rows)]
    baseline += [f"other-{key},{actual},{said}" for key, (actual, said, _) in enumerate(others)]
    chance.shuffle(baseline)
    head = "key,actual,prediction"
    evaluation = evaluate(_csv(head, model), baseline=_baseline(_csv(head, baseline)))
    assert evaluation.baseline == compare([row[0] for row in rows], [row[1] for row in rows])


@given(ROWS, st.data())
def test_any_lost_doubled_or_changed_row_is_seen(rows: list[tuple[int, int, int]], data: st.DataObject) -> None:
    """One row is enough for the comparison to be void, whichever it is."""
    table = [f"{key},{actual},{said}" for key, (actual, said, _) in enumerate(rows)]
    place = data.draw(st.integers(0, len(rows) - 1))
    actual, said, _ = rows[place]
    broken = data.draw(st.sampled_from([[], [table[place]] * 2, [f"{place},{actual + 0.001},{said}"]]))
    head = "key,actual,prediction"
    spoiled = _csv(head, [*table[:place], *broken, *table[place + 1 :], "more,1,1"])
    evaluation = evaluate(_csv(head, table), baseline=_baseline(spoiled))
    assert evaluation.baseline is None
    assert evaluation.baseline_problem


def _csv(head: str, rows: list[str]) -> bytes:
    return "\n".join([head, *rows, ""]).encode()
