"""Whether a version that answers requests keeps its limits: what is broken fails, what is not known is not passed."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.platform_models import Answered, RequestCounts
from shared.contracts.release_policy import AnalysisPolicy
from shared.release.analysis import Observed, analyse, failed, in_requests, nothing_known, p95, shift

#: From worst to best.
RANKS = ("failed", "inconclusive", "passed")
FINITE = st.floats(-1e12, 1e12)
PREDICTIONS = st.lists(st.none() | FINITE, min_size=1, max_size=5).map(tuple)
ANSWERS = st.builds(
    Answered,
    seconds=st.floats(0, 60),
    predictions=PREDICTIONS,
    error=st.none() | st.just("down"),
    may_heal=st.booleans(),
)
COUNTS = st.builds(
    RequestCounts,
    requests=st.none() | st.integers(0, 200),
    failed=st.integers(0, 200),
    seconds_p95=st.none() | st.floats(0, 9),
)
LIMITS = st.builds(
    AnalysisPolicy,
    max_errors=st.floats(0, 1),
    max_latency_seconds=st.none() | st.floats(0, 9),
    max_shift=st.none() | st.floats(0, 9),
    min_requests=st.integers(0, 200),
)
OBSERVED = st.builds(
    Observed, st.lists(ANSWERS, max_size=5), st.none() | st.lists(ANSWERS, max_size=5), st.none() | COUNTS
)


def _answers(*predictions: float | None, seconds: float = 0.1) -> list[Answered]:
    return [Answered(seconds=seconds, predictions=(one,)) for one in predictions]


@given(st.lists(st.integers(), max_size=500))
def test_every_row_is_asked_once(rows: list[int]) -> None:
    """In its order, in at most 40 requests, none of which is empty."""
    requests = in_requests(rows)
    assert [row for one in requests for row in one] == rows
    assert len(requests) <= 40
    assert all(requests)


@given(OBSERVED, LIMITS)
def test_an_analysis_always_judges_and_says_why(observed: Observed, limits: AnalysisPolicy) -> None:
    """Whatever was seen, and it travels: no figure is NaN or infinite."""
    found = analyse(observed, limits)
    assert found.reason
    assert found == type(found).from_wire(found.to_wire())


@given(OBSERVED, LIMITS, LIMITS)
def test_a_looser_limit_makes_nothing_worse(observed: Observed, limits: AnalysisPolicy, other: AnalysisPolicy) -> None:
    """What has passed passes again; what was inconclusive may fail only where fewer requests are enough to tell."""
    before = analyse(observed, limits).outcome
    for name in ("max_errors", "max_latency_seconds", "max_shift", "min_requests"):
        here, there = getattr(limits, name), getattr(other, name)
        if name == "min_requests":
            looser = there <= here and before == "passed"
        else:
            looser = there is None or (here is not None and there >= here)
        if looser:
            after = analyse(observed, limits.model_copy(update={name: there})).outcome
            assert RANKS.index(after) >= RANKS.index(before)


@given(st.lists(FINITE, min_size=1, max_size=20), st.data())
def test_the_shift_is_the_mean_distance_by_the_champions_mean_size(ours: list[float], data: st.DataObject) -> None:
    """As it says; 0 where both are the same, and never NaN."""
    theirs = data.draw(st.lists(FINITE, min_size=len(ours), max_size=len(ours)))
    size = sum(map(abs, theirs)) / len(theirs)
    found = shift(_answers(*ours), _answers(*theirs))
    assert found is not None
    if size > 1e-3:
        distance = sum(abs(a - b) for a, b in zip(ours, theirs, strict=True)) / len(ours)
        assert found == pytest.approx(min(distance / size, 1e9))
    assert shift(_answers(*ours), _answers(*ours)) == 0


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [([1, 3], [2, 2], 0.5), ([0, 0], [0, 0], 0), ([1], [0], 1e9), ([None, 4], [1, 2], 1), ([None], [1], None)],
)
def test_shift(ours: Sequence[float | None], theirs: Sequence[float | None], expected: float | None) -> None:
    """Rows that only one has predicted say nothing; a champion that predicts 0 only is beyond measure."""
    assert shift(_answers(*ours), _answers(*theirs)) == expected


@given(st.lists(st.floats(0, 60), min_size=1, max_size=100))
def test_p95_leaves_at_most_one_in_twenty_above(seconds: list[float]) -> None:
    """It is one of the times, and 95 of 100 are no longer."""
    found = p95([Answered(seconds=one, predictions=(1.0,)) for one in seconds])
    assert found in seconds
    assert sum(one <= found for one in seconds) >= 0.95 * len(seconds)


@pytest.mark.parametrize(
    ("counts", "outcome", "told"),
    [
        (RequestCounts(requests=50, failed=0, seconds_p95=1), "passed", "0 of 50 real requests failed"),
        (RequestCounts(requests=50, failed=0), "inconclusive", "its latency is not known"),
        (RequestCounts(requests=49, failed=0), "inconclusive", "49 requests came, and 50 are needed"),
        (RequestCounts(unknown="no role"), "inconclusive", "nobody can tell how many came"),
        (RequestCounts(requests=200, failed=3), "failed", "3 of 200 requests failed, and 1.00% may"),
        (RequestCounts(requests=5, failed=1), "failed", "1 of 5 requests failed"),
        (RequestCounts(requests=60, failed=0, seconds_p95=3), "failed", "95 of 100 requests take up to 3 s"),
        (RequestCounts(requests=5, failed=0, seconds_p95=3), "inconclusive", "5 requests came"),
        (None, "passed", "1 of 1 requests asked here were answered"),
    ],
)
def test_real_requests(counts: RequestCounts | None, outcome: str, told: str) -> None:
    """Too few hold the release up, and fail it where no number of good ones could mend what they say already."""
    limits = AnalysisPolicy(min_requests=50, max_latency_seconds=2)
    found = analyse(Observed(_answers(1), None, counts), limits)
    assert (found.outcome, told in found.reason) == (outcome, True), found.reason


def test_requests_asked_here() -> None:
    """An answer without a number failed, latency is that of the answers, and predictions far away are told."""
    lost = analyse(Observed(_answers(1, None)), AnalysisPolicy())
    assert (lost.outcome, lost.probes_failed) == ("failed", 1)
    assert "1 of 2 requests asked here failed, and 1.00% may: an answer is no number" in lost.reason
    slow = analyse(Observed(_answers(1, seconds=3)), AnalysisPolicy(max_latency_seconds=2))
    assert "95 of 100 requests asked here take up to 3 s, and 2 s are allowed" in slow.reason
    far = analyse(Observed(_answers(3), _answers(2)), AnalysisPolicy(max_shift=0.4))
    assert "predictions lie 50.0% from the champion's, and 40.0% is allowed" in far.reason
    assert analyse(Observed(_answers(3), _answers(2)), AnalysisPolicy(max_shift=0.5)).outcome == "passed"


@pytest.mark.parametrize(
    ("passing", "lasting", "of", "outcome"),
    [
        (1, 0, 40, "passed"),
        (1, 0, 2, "passed"),
        (2, 0, 40, "failed"),
        (0, 1, 40, "failed"),
        (1, 1, 40, "failed"),
        (1, 0, 1, "failed"),
        (2, 0, 2, "failed"),
    ],
)
def test_one_hiccup_fails_no_version(passing: int, lasting: int, of: int, outcome: str) -> None:
    """One failure that may heal, among answers; two are a rate, and one that lasts is the version's."""
    hiccup = Answered(seconds=1, predictions=(None,), error="answered 503", may_heal=True)
    broken = hiccup.model_copy(update={"error": "answered 400", "may_heal": False})
    answers = [hiccup] * passing + [broken] * lasting + _answers(*[1.0] * (of - passing - lasting))
    assert analyse(Observed(answers), AnalysisPolicy()).outcome == outcome


def test_an_unknown_latency_is_no_matter_without_its_limit() -> None:
    """Only what is limited has to be known."""
    counts = RequestCounts(requests=50, failed=0)
    assert analyse(Observed(_answers(1), None, counts), AnalysisPolicy(min_requests=50)).outcome == "passed"


def test_a_limit_that_cannot_be_judged_is_not_passed() -> None:
    """Nothing of the champion's to compare with: a person is asked."""
    silent = [Answered(seconds=1, predictions=(None,), error="down")]
    assert analyse(Observed(_answers(1), silent), AnalysisPolicy(max_shift=1)).outcome == "inconclusive"
    assert analyse(Observed([]), AnalysisPolicy()).outcome == "failed"


@given(st.lists(ANSWERS, min_size=1, max_size=4), st.none() | st.lists(ANSWERS, max_size=4))
def test_nothing_is_known_where_nobody_was_reached(ours: list[Answered], theirs: list[Answered] | None) -> None:
    """One answer of one of them is something; so is a refusal that will not heal."""
    asked = [*ours, *(theirs or [])]
    assert nothing_known(Observed(ours, theirs)) == all(one.error and one.may_heal for one in asked)
    assert failed(ours) <= len(ours)
