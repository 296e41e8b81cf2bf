"""The paired bootstrap agrees with the figures, repeats itself, and takes no side."""

import math
import random

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from shared.evaluation.bootstrap import RESAMPLES, Improvements, _figure, improvements
from shared.evaluation.metrics import FORMULAS, figure

REGRESSION = ("mape", "rmse", "rmse_zero", "mae", "bias", "r2")
ROWS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)), min_size=2, max_size=30)
CLASSES = st.lists(
    st.tuples(st.integers(0, 1), st.sampled_from([0.0, 0.3, 0.5, 0.7, 1.0]), st.sampled_from([0.1, 0.5, 0.9])),
    min_size=2,
    max_size=30,
)


def _columns(rows: list[tuple[float, float, float]]) -> tuple[list[float], list[float], list[float]]:
    actual, model, reference = zip(*rows, strict=True)
    return list(map(float, actual)), list(map(float, model)), list(map(float, reference))


@given(ROWS, CLASSES)
def test_each_row_once_gives_the_figure_itself(
    rows: list[tuple[float, float, float]], classes: list[tuple[float, float, float]]
) -> None:
    """The vectorised formulas are those of the figures, for every metric that can be compared."""
    import numpy as np

    for metric in (*FORMULAS, "coverage"):
        actual, said, _ = _columns(rows if metric in REGRESSION else classes)
        expected = figure(metric, actual, said)
        if expected is not None:
            found = _figure(metric, np.array(actual), np.array(said))(np.ones((1, len(actual))))
            assert found[0] == pytest.approx(expected, abs=1e-9), metric


@settings(max_examples=25)
@given(ROWS, st.sampled_from(REGRESSION), st.sampled_from([0.5, 0.8, 0.9, 0.99]))
def test_not_both_are_better_than_the_other(
    rows: list[tuple[float, float, float]], metric: str, confidence: float
) -> None:
    """With the roles exchanged on the same resamples at most one verdict is "better", and it can be repeated."""
    actual, model, reference = _columns(rows)
    forth = improvements(metric, actual, model, reference, "d1 gate")
    back = improvements(metric, actual, reference, model, "d1 gate")
    assert not (forth.interval(confidence)[0] > 0 and back.interval(confidence)[0] > 0)
    assert improvements(metric, actual, model, reference, "d1 gate") == forth
    low, high = forth.interval(confidence)
    assert low <= high
    assert (low > 0) == (forth.confidence_above(0) >= confidence - 1e-9)


def _noisy(error: float, count: int = 300) -> tuple[list[float], list[float], list[float]]:
    """A reference with errors of 10 %, and a model with others."""
    chance = random.Random(4)
    actual = [chance.uniform(50, 150) for _ in range(count)]
    return (
        actual,
        [value * (1 + chance.gauss(0, error)) for value in actual],
        [value * (1 + chance.gauss(0, 0.1)) for value in actual],
    )


def test_a_clear_improvement_is_seen_and_a_slight_one_is_not() -> None:
    """Half the error is better with 99 %, and by about a half; 98 % of it is no proof on 300 rows."""
    low, high = improvements("mape", *_noisy(0.05), "seed").interval(0.99)
    assert 0.3 < low < 0.5 < high < 0.7
    low, high = improvements("mape", *_noisy(0.098), "seed").interval(0.9)
    assert low < 0 < high


def test_another_seed_draws_other_rows() -> None:
    """The dataset version and the gate's name decide which."""
    rows = _noisy(0.09)
    assert improvements("mae", *rows, "a").ordered != improvements("mae", *rows, "b").ordered


def test_the_same_model_is_no_improvement() -> None:
    """Every resample says 0, so no interval lies above it."""
    actual, model, _ = _noisy(0.1)
    assert improvements("rmse", actual, model, model, "seed").interval(0.5) == (0, 0)


def test_what_is_not_defined_counts_against_the_model() -> None:
    """A resample without a row of 0 says nothing of `rmse_zero`: one such row of three is missing in many."""
    found = improvements("rmse_zero", [0, 5, 5], [1, 5, 5], [2, 5, 5], "seed")
    undefined = sum(value == -math.inf for value in found.ordered)
    assert undefined == pytest.approx(RESAMPLES * (2 / 3) ** 3, rel=0.15)
    assert found.ordered[-1] == 0.5


def test_a_prediction_that_is_missing_where_it_does_not_enter_changes_nothing() -> None:
    """MAPE leaves out the rows of 0, also in the resamples."""
    holed = improvements("mape", [0, 5, 8], [math.nan, 5, 7], [1, 4, 6], "seed")
    assert holed == improvements("mape", [0, 5, 8], [0, 5, 7], [1, 4, 6], "seed")


def test_the_interval_leaves_out_as_many_on_both_sides() -> None:
    """Of 2,000 the 101st to the 1,900th at 90 %."""
    found = Improvements([float(number) for number in range(1, 2001)])
    assert found.interval(0.9) == (101, 1900)
    assert found.interval(0.999) == (2, 1999)
    assert found.confidence_above(100) == pytest.approx(0.9)


def test_a_figure_of_the_model_alone_has_no_resamples() -> None:
    """Latency is known of one side only."""
    with pytest.raises(ValueError, match="latency is no figure of predictions beside actual values"):
        improvements("latency", [1.0], [1.0], [1.0], "seed")
