"""How far two versions lie apart: joined by what says which row it is, symmetric in nothing but the order of rows."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.shadow import PredictionsCompared
from shared.errors import PermanentError
from shared.release.disagreement import compare_predictions, objection, read_predictions, told_of

VALUES = st.integers(-1000, 1000).map(lambda value: value / 4)
PERIODS = st.dictionaries(st.integers(0, 30), VALUES, min_size=1, max_size=12)


def _csv(
    predictions: dict[int, float], columns: str = "route,prediction", actuals: dict[int, float] | None = None
) -> bytes:
    rows = []
    for route, prediction in predictions.items():
        cells = {"route": str(route), "week": "w1", "prediction": repr(prediction)}
        cells["actual"] = repr(actuals[route]) if actuals is not None and route in actuals else ""
        rows.append(",".join(cells[name] for name in columns.split(",")))
    return "\n".join([columns, *rows, ""]).encode()


def _compare(challenger: bytes, champion: bytes) -> PredictionsCompared:
    return compare_predictions(
        read_predictions(challenger, "The challenger's predictions"), read_predictions(champion, "The predictions")
    )


@given(PERIODS)
def test_what_says_the_same_does_not_disagree(period: dict[int, float]) -> None:
    """Whatever it says, also where that is nothing but 0."""
    compared = _compare(_csv(period), _csv(period))
    assert (compared.disagreement, compared.rows, compared.unmatched) == (0, len(period), 0)


@given(PERIODS, PERIODS, st.randoms(use_true_random=False))
def test_neither_the_order_of_rows_nor_that_of_columns_matters(
    ours: dict[int, float], theirs: dict[int, float], shuffle: random.Random
) -> None:
    """The same rows otherwise give the same figures, to the last digit."""
    theirs |= {next(iter(ours)): 1.0}
    first = _compare(_csv(ours), _csv(theirs))
    mixed = list(ours.items())
    shuffle.shuffle(mixed)
    assert _compare(_csv(dict(mixed), "prediction,route"), _csv(theirs)) == first


@given(PERIODS, PERIODS)
def test_the_definition(ours: dict[int, float], theirs: dict[int, float]) -> None:
    """Sum of distances over sum of the champion's size, where what is left out counts as 0."""
    theirs |= {next(iter(ours)): 1.0}
    compared = _compare(_csv(ours), _csv(theirs))
    apart = math.fsum(abs(ours.get(key, 0) - theirs.get(key, 0)) for key in ours.keys() | theirs.keys())
    assert compared.disagreement is not None
    assert compared.disagreement == pytest.approx(apart / math.fsum(map(abs, theirs.values())))
    assert compared.unmatched == len(ours.keys() ^ theirs.keys())


@given(PERIODS.filter(lambda period: any(period.values())), st.floats(0.1, 10))
def test_a_challenger_that_says_so_many_times_as_much_disagrees_by_that(period: dict[int, float], times: float) -> None:
    """Twice as much everywhere is a disagreement of 100 %."""
    compared = _compare(_csv({key: value * times for key, value in period.items()}), _csv(period))
    assert compared.disagreement == pytest.approx(abs(times - 1), abs=1e-9)


@given(PERIODS, st.sets(st.integers(0, 30)))
def test_leaving_rows_out_never_brings_a_challenger_closer(period: dict[int, float], out: set[int]) -> None:
    """A challenger that agrees where it answers disagrees by what it leaves out."""
    kept = {key: value for key, value in period.items() if key not in out} or dict(list(period.items())[:1])
    compared = _compare(_csv(kept), _csv(period))
    missing = math.fsum(abs(value) for key, value in period.items() if key not in kept)
    assert compared.disagreement == pytest.approx(missing / (math.fsum(map(abs, period.values())) or 1))


@given(PERIODS, PERIODS, st.dictionaries(st.integers(0, 30), VALUES, max_size=12))
def test_errors_are_told_where_actual_values_are_known(
    ours: dict[int, float], theirs: dict[int, float], actuals: dict[int, float]
) -> None:
    """Over the rows of both, whoever's file has them; absent where there are none."""
    theirs |= {next(iter(ours)): 1.0}
    judged = sorted(ours.keys() & theirs.keys() & actuals.keys())
    for first, second in ((actuals, None), (None, actuals)):
        columns = [f"route,prediction{',actual' if known is not None else ''}" for known in (first, second)]
        compared = _compare(_csv(ours, columns[0], first), _csv(theirs, columns[1], second))
        assert compared.known == len(judged)
        if not judged:
            assert (compared.error, compared.champion_error) == (None, None)
            continue
        assert compared.error == pytest.approx(sum(abs(ours[key] - actuals[key]) for key in judged) / len(judged))
        assert compared.champion_error == pytest.approx(
            sum(abs(theirs[key] - actuals[key]) for key in judged) / len(judged)
        )


def test_a_champion_that_predicts_nothing_but_zero_has_no_measure() -> None:
    """Nothing is a share of 0, so a challenger with a bound is not released beside it."""
    compared = _compare(_csv({1: 2.0}), _csv({1: 0.0}))
    assert compared.disagreement is None
    assert objection(compared, 0.5) is not None
    assert objection(compared, None) is None
    assert "no measurable disagreement" in told_of(compared)


def test_numbers_too_large_to_be_added_are_no_figures() -> None:
    """A sum that no number can hold is not told as infinite."""
    compared = _compare(_csv({1: 1.7e308, 2: 1.7e308}), _csv({1: 1.0, 2: 1.0}))
    assert compared.disagreement is None


@pytest.mark.parametrize(
    ("challenger", "champion", "told"),
    [
        (b"route,prediction\n1,2\n", b"place,prediction\n1,2\n", "route. The predictions do so by place"),
        (b"route,prediction\n1,2\n", b"route,prediction\n2,2\n", "no row that the champion's have"),
        (b"route,prediction\n1,2\n1,3\n", b"route,prediction\n1,2\n", "line 3: route do not tell it from an earlier"),
        (b"route,prediction\n1,\n", b"route,prediction\n1,2\n", "line 2: '' is no number"),
        (b"route,prediction\n1,nan\n", b"route,prediction\n1,2\n", "line 2: 'nan' is no number"),
        (b"route,prediction\n", b"route,prediction\n1,2\n", "have no rows"),
        (b"prediction\n1\n", b"route,prediction\n1,2\n", "lack `prediction`, or columns that say which row"),
        (b"", b"route,prediction\n1,2\n", "lack `prediction`"),
        (b"\xff\xfe", b"route,prediction\n1,2\n", "no CSV in UTF-8"),
    ],
)
def test_what_cannot_be_compared_is_said(challenger: bytes, champion: bytes, told: str) -> None:
    """Refused for good, with what is wrong."""
    with pytest.raises(PermanentError, match=told) as caught:
        _compare(challenger, champion)
    assert caught.value.code == "PredictionsNotComparable"


@pytest.mark.parametrize(
    ("changes", "most", "told"),
    [
        ({}, 0.2, None),
        ({}, 0.1, None),
        ({}, 0.09, "disagrees with the champion by 10.0%, and at most 9.0%"),
        ({}, None, None),
        ({"error": 2.0, "champion_error": 2.0}, None, None),
        ({"error": 2.0, "champion_error": 1.5}, None, "mean error 2 over 4 rows is worse than the champion's 1.5"),
        ({"error": 1.0, "champion_error": 1.5}, 0.2, None),
        ({"error": 2.0}, 0.2, None),
    ],
)
def test_what_speaks_against_a_challenger(changes: dict[str, float], most: float | None, told: str | None) -> None:
    """Too far apart, or worse where it is known what happened."""
    compared = PredictionsCompared(rows=9, unmatched=1, disagreement=0.1, known=4).model_copy(update=changes)
    against = objection(compared, most)
    assert (against is None) if told is None else (against is not None and told in against)


def test_how_it_went_is_one_sentence() -> None:
    """With the rows that only one has, and the errors once they are known."""
    compared = PredictionsCompared(rows=9, unmatched=1, disagreement=0.1)
    assert told_of(compared) == "disagreement 10.0% over 9 rows, 1 of which only one has; no actual values yet"
    known = compared.model_copy(update={"known": 4, "error": 2.0, "champion_error": 1.5})
    assert told_of(known).endswith("; mean error 2 beside 1.5 over 4 rows")
