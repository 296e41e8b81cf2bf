"""Figures are right, independent of order, and absent where they are not defined."""

import math

import hypothesis.strategies as st
import pytest
from hypothesis import given
from sklearn.metrics import mean_absolute_percentage_error, root_mean_squared_error

from shared.evaluation.metrics import FORMULAS, compare, figure

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
    assert compare([], []).to_wire() == {"rows": 0, "zeros": 0, "mape": None, "rmse": None, "rmse_zero": None}


def test_figures_of_a_forecast_by_hand() -> None:
    """Errors 1, -2, 0 and 3 of the actual values 2, 4, 6 and 8, whose mean is 5."""
    figures = compare([2, 4, 6, 8], [3, 2, 6, 11], [0.1, 0.4, 0.2, 0.3])
    assert figures.mae == (1 + 2 + 0 + 3) / 4
    assert figures.bias == (1 - 2 + 0 + 3) / 4
    assert figures.r2 == pytest.approx(1 - (1 + 4 + 0 + 9) / (9 + 1 + 1 + 9))
    assert (figures.latency, figures.coverage) == (0.4, 1)
    assert (figures.auc, figures.f1, figures.log_loss) == (None, None, None)


def test_figures_of_a_classification_by_hand() -> None:
    """Of the six pairs of a 1 and a 0, four are in order, one is tied, and one is not."""
    actual, predicted = [1, 1, 0, 0, 0], [0.9, 0.5, 0.5, 0.2, 0.6]
    figures = compare(actual, predicted)
    assert figures.auc == (4 + 0.5) / 6
    assert figures.f1 == 2 * 2 / (2 * 2 + 2 + 0)
    happened = (0.9, 0.5, 0.5, 0.8, 0.4)
    assert figures.log_loss == pytest.approx(-sum(map(math.log, happened)) / 5)


@pytest.mark.parametrize(
    ("metric", "actual", "predicted", "expected"),
    [
        ("auc", [0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4], 0.75),
        ("auc", [0, 1], [0.5, 0.5], 0.5),
        ("auc", [1, 1], [0.5, 0.6], None),
        ("auc", [0, 2], [0.5, 0.6], None),
        ("auc", [0, 1], [0.5, 1.1], None),
        ("f1", [0, 0], [0.1, 0.2], None),
        ("f1", [0, 1], [0.9, 0.1], 0),
        ("f1", [0, 1], [0.4, 0.5], 1),
        ("log_loss", [1, 0], [0.0, 0.0], -math.log(1e-15) / 2),
        ("log_loss", [1, 0], [1.0, 0.0], 0),
        ("r2", [3, 3], [3, 3], None),
        ("r2", [1, 2], [2, 1], -3),
        ("mape", [0, 0], [1, 1], None),
        ("rmse_zero", [1, 2], [1, 1], None),
        ("mae", [1e308, -1e308], [-1e308, 1e308], None),
        ("rmse", [1e200], [-1e200], None),
        ("bias", [1e308, -1e308], [-1e308, 1e308], None),
        ("coverage", [1, 2, 3, 4], [1, None, math.nan, 4], 0.5),
        ("coverage", [], [], None),
        ("loyalty", [1], [1], None),
    ],
)
def test_known_values(metric: str, actual: list[float], predicted: list[float], expected: float | None) -> None:
    """Also where a figure is not defined, too large for a float, or unknown."""
    assert figure(metric, actual, predicted) == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ([0.01 * number for number in range(1, 21)], 0.19),
        ([0.2], 0.2),
        ([0.1, None], None),
        ([0.1, -0.2], None),
        ([0.1, math.nan], None),
        (None, None),
    ],
)
def test_latency_is_the_nineteenth_of_twenty(seconds: list[float | None] | None, expected: float | None) -> None:
    """The 95th percentile by the nearest rank; a time that is missing or negative makes it missing."""
    rows = [1.0] * len(seconds or [1])
    assert figure("latency", rows, rows, seconds) == (None if expected is None else pytest.approx(expected))


def test_two_sequences_of_other_lengths_are_refused() -> None:
    """A row without its partner is a mistake of the caller."""
    with pytest.raises(ValueError, match="2 actual values have 1 predictions"):
        figure("mae", [1, 2], [1])


@given(PAIRS)
def test_bounds_of_forecast_figures(pairs: list[tuple[int, int]]) -> None:
    """No bias is greater than the mean error, no mean error than the root of the mean square, no R² than 1."""
    actual, predicted = zip(*pairs, strict=True)
    found = compare(actual, predicted)
    assert found.bias is not None
    assert found.mae is not None
    assert found.rmse is not None
    slack = 1 + 1e-9
    assert abs(found.bias) <= found.mae * slack
    assert found.mae <= found.rmse * slack
    assert found.r2 is None or found.r2 <= 1


CLASSES = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 100).map(lambda p: p / 100)), min_size=1, max_size=40)


@given(CLASSES)
def test_bounds_and_symmetry_of_classification_figures(rows: list[tuple[int, float]]) -> None:
    """AUC and F1 lie between 0 and 1; with the classes exchanged AUC and loss stay; AUC looks at order only."""
    actual, predicted = zip(*rows, strict=True)
    auc, f1, loss = (figure(metric, actual, predicted) for metric in ("auc", "f1", "log_loss"))
    assert auc is None or 0 <= auc <= 1
    assert f1 is None or 0 <= f1 <= 1
    assert loss is not None
    assert loss >= 0
    others = [1 - a for a in actual], [1 - p for p in predicted]
    assert figure("auc", *others) == (None if auc is None else pytest.approx(auc))
    assert figure("log_loss", *others) == pytest.approx(loss)
    assert figure("auc", actual, [p**3 for p in predicted]) == auc


@given(PAIRS, st.data())
def test_one_missing_prediction_leaves_only_the_coverage(pairs: list[tuple[int, int]], data: st.DataObject) -> None:
    """Every figure that the row enters is missing, and none of the others is better for it."""
    actual, predicted = zip(*pairs, strict=True)
    row = data.draw(st.integers(0, len(pairs) - 1))
    holed = [None if number == row else value for number, value in enumerate(predicted)]
    whole, found = compare(actual, predicted), compare(actual, holed)
    assert found.coverage == pytest.approx(1 - 1 / len(pairs))
    for metric in FORMULAS:
        enters = {"mape": actual[row] != 0, "rmse_zero": actual[row] == 0}.get(metric, True)
        assert found.get(metric) == (None if enters else whole.get(metric))
