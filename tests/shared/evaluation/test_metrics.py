"""Figures are right, independent of order, and absent where they are not defined."""

import math

import hypothesis.strategies as st
import pytest
from hypothesis import given
from sklearn.metrics import mean_absolute_percentage_error, root_mean_squared_error

from shared.evaluation.metrics import compare

VALUES = st.floats(min_value=0, max_value=1e6).map(round)
PAIRS = st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=50)


@given(PAIRS)
def test_figures_equal_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    """MAPE over rows that are not zero and RMSE over all equal an independent implementation."""
    actual, predicted = zip(*pairs, strict=True)
    figures = compare(actual, predicted)
    assert figures.rmse == pytest.approx(root_mean_squared_error(actual, predicted))
    sold = [(a, p) for a, p in pairs if a]
    expected = mean_absolute_percentage_error(*zip(*sold, strict=True)) if sold else None
    assert figures.mape == (pytest.approx(expected) if sold else None)


@given(PAIRS, st.randoms())
def test_the_order_of_rows_does_not_matter(pairs: list[tuple[int, int]], chance: object) -> None:
    """The same rows in another order give exactly the same figures."""
    shuffled = sorted(pairs)
    assert compare(*zip(*pairs, strict=True)) == compare(*zip(*shuffled, strict=True))


def test_zeros_are_outside_mape_and_inside_rmse_zero() -> None:
    """A model cannot hide what it predicts for what did not sell."""
    figures = compare([0, 10], [3, 11])
    assert figures.zeros == 1
    assert figures.mape == pytest.approx(0.1)
    assert figures.rmse_zero == 3


@pytest.mark.parametrize("missing", [None, math.nan, math.inf])
def test_a_missing_prediction_makes_the_figure_missing(missing: float | None) -> None:
    """Leaving out the hard rows does not make a model better."""
    figures = compare([10, 20], [10, missing])
    assert figures.mape is None
    assert figures.rmse is None


def test_nothing_compared_is_nothing_known() -> None:
    """No rows, no figures."""
    assert compare([], []).mape is None
