"""Signalbox computes the figures itself, from the pipeline's table."""

import pytest

from shared.errors import PermanentError
from shared.evaluation.table import evaluate


def test_figures_of_model_baseline_and_naive() -> None:
    """Each column is compared with the actual values on the same rows."""
    table = b"route,actual,prediction,historical_average,naive\nA,10,9,5,10\nB,0,1,2,0\n"
    evaluation = evaluate(table)
    assert evaluation.model.mape == pytest.approx(0.1)
    assert evaluation.baseline is not None
    assert evaluation.baseline.mape == pytest.approx(0.5)
    assert evaluation.naive is not None
    assert evaluation.naive.rmse == 0


def test_a_missing_prediction_is_missing() -> None:
    """An empty cell is not zero."""
    assert evaluate(b"actual,prediction\n10,\n").model.mape is None


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (b"", "lacks the column actual, prediction"),
        (b"actual,prediction\n", "has no rows"),
        (b"actual\n1\n", "lacks the column prediction"),
        (b"actual,prediction\n1,1\nx,2\n", "line 3: `actual` 'x' is no number"),
    ],
)
def test_a_table_that_cannot_be_used_says_why(table: bytes, message: str) -> None:
    """The message names what is missing, and it is permanent: the same table will not get better."""
    with pytest.raises(PermanentError) as error:
        evaluate(table)
    assert message in error.value.message
