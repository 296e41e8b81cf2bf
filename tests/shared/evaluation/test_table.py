"""Signalbox computes the figures itself, from the pipeline's table."""

import contextlib

import hypothesis.strategies as st
import pytest
from hypothesis import given

from shared.errors import PermanentError
from shared.evaluation.evaluate import evaluate


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


def test_a_table_of_the_dataset_that_was_trained_on() -> None:
    """A table that names its dataset version is taken when it is the right one, and so is one that names none."""
    named = b"actual,prediction,dataset_version\n1,1,d1\n"
    assert evaluate(named, "d1").model == evaluate(b"actual,prediction\n1,1\n", "d1").model


@pytest.mark.parametrize(
    ("table", "code", "message"),
    [
        (b"", "EvaluationIncomplete", "lacks the column actual, prediction"),
        (b"actual,prediction\n", "EvaluationIncomplete", "has no rows"),
        (b"actual\n1\n", "EvaluationIncomplete", "lacks the column prediction"),
        (b"actual,prediction\n1,1\nx,2\n", "EvaluationInvalid", "line 3: `actual` 'x' is no number"),
        (b"prediction,actual\n1\n", "EvaluationInvalid", "line 2: `actual` '' is no number"),
        (b"actual,prediction\n\xff,1\n", "EvaluationInvalid", "is no CSV in UTF-8"),
        (
            b"actual,prediction,prediction\n1,1,2\n",
            "EvaluationInvalid",
            "several columns 'prediction'; a name stands for one",
        ),
        (b"PAR1" + bytes(range(256)), "EvaluationInvalid", "is no CSV in UTF-8"),
        (
            b"actual,prediction,dataset_version\n1,1,d1\n1,1,d0\n",
            "EvaluationOfOtherDataset",
            "`evaluation` is of dataset version 'd0', not of 'd1', which was trained on",
        ),
    ],
)
def test_a_table_that_cannot_be_used_says_why(table: bytes, code: str, message: str) -> None:
    """The message names what is missing, and it is permanent: the same table will not get better."""
    with pytest.raises(PermanentError) as error:
        evaluate(table, "d1")
    assert error.value.code == code
    assert message in error.value.message


@given(st.one_of(st.binary(), st.text().map(lambda text: f"actual,prediction\n{text}".encode())))
def test_no_bytes_break_the_reader(content: bytes) -> None:
    """Whatever a pipeline puts out is read, or refused for good: nothing is tried for an hour in vain."""
    with contextlib.suppress(PermanentError):
        assert evaluate(content).model.rows > 0
