"""The row names every dataset version that must not be deleted while the model has something to do with it."""

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from functions.boundary import PermanentFailure, fitting
from shared.contracts.evaluation import Evaluation, Figures, GateResult, Verdict
from shared.contracts.read_model import DecisionNote, Hold, Override, Parked, RecordModelInput
from shared.contracts.release import Serving
from shared.contracts.rollback import GoodVersion
from shared.interlock.memory import Candidate, Champion, Request
from shared.interlock.row import surely_fits
from shared.interlock.values import changed
from tests.shared.interlock.builders import (
    MODEL,
    at,
    batch,
    dataset,
    published,
    registered,
    released,
    requested,
    scored,
    scoring_requested,
    trained,
)
from tests.shared.interlock.playing import play, row_of


def test_a_training_and_all_that_waits_behind_it() -> None:
    """The one that runs, the one that was asked for, and the newest that arrived."""
    state, _ = play(published("d1"), requested("d0", minutes=1), published("d2", minutes=2))
    assert set(row_of(state).datasets) == {"d0", "d1", "d2"}


def test_what_has_ended_is_not_named() -> None:
    """A registered version keeps its dataset by its tag in the registry, not by the row."""
    state, _ = play(requested("d1"), trained(1, "1", passed=False, minutes=1))
    assert row_of(state).datasets == ()


def test_a_release_and_a_scoring() -> None:
    """A release in batch scores the dataset of its version; a scoring that waits behind it scores another one."""
    state, _ = play(
        published("d1", says=batch()),
        trained(1, "1", passed=True, minutes=1),
        registered("1", 2, says=batch()),
    )
    assert row_of(state).datasets == ("d1",)
    state, _ = play(released(1, "1", minutes=3, mode="batch"), scoring_requested("d7", minutes=4), state=state)
    assert row_of(state).datasets == ("d7",)
    state, _ = play(scored(1, "1", minutes=5), state=state)
    assert row_of(state).datasets == ()


def test_the_largest_row_travels() -> None:
    """However long the texts are in any script: one that is too large would stay as it is for ever."""
    long, names = "数" * 500, [f"{number:0>3}" + "n" * 97 for number in range(40)]
    says = batch(labels={f"label {number}": "値" * 30 for number in range(10)})
    state, _ = play(published("d1", says=says), trained(1, "1", True), registered("1", says=says))
    figures = Figures(
        rows=10**6, zeros=10**6, mape=0.1 + 0.2, rmse=1 / 3, rmse_zero=1 / 3, mae=1 / 3, bias=1 / 3, r2=1 / 3, auc=1 / 3
    )
    gate = GateResult(gate="accuracy", metric="mape", passed=False, got=0.1, required=0.45, reason=long)
    override = Override(gate=long[:100], by=long[:200], reason=long, until=at(9))
    candidates = tuple(
        Candidate(
            version=str(number), registered=True, verdict=Verdict(passed=False, gates=(gate,) * 12),
            evaluation=Evaluation(model=figures, baseline=figures, naive=figures), dataset=dataset(names[number]),
            barred=long[:200], overrides=(override,) * 4,
        )
        for number in range(20)
    )  # fmt: skip
    serving = Serving(mode="batch", published=f"predictions/{names[0]}.csv", rows=10**6)
    asked = tuple(
        Request(request_id=names[number] * 2, dataset=dataset(names[number % 20]), requested_by=long, reason=long[:240])
        for number in range(40)
    )
    state = changed(
        state,
        reason=long,
        candidates=candidates,
        champion=Champion(version="18", since=at(), serving=serving, previous="17"),
        last_good=GoodVersion(model=MODEL, version="17", serving=serving, dataset=dataset(names[1])),
        requests=asked,
        holds=(Hold(scope=f"label:{long[:60]}", by=long[:200], reason=long, since=at(), until=at(9)),) * 10,
        parked=Parked(at=at(), by="policy", reason=long),
        drift=long,
        ledger_findings=(long,) * 8,
        decisions=(DecisionNote(at=at(), event="dataset_published", decision=long[:90], reason=long),) * 20,
    )
    wire = row_of(state).model_dump_json().encode()
    assert 10_000 < len(wire) < 15_000
    assert fitting(RecordModelInput(row=row_of(state), trace="t" * 55))


@given(
    model=st.text(min_size=1, max_size=100), label=st.text(max_size=60), reason=st.text(max_size=500),
    asked=st.lists(st.text(max_size=100), max_size=10), notes=st.integers(0, 20), gates=st.integers(0, 12),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_what_surely_fits_does(  # noqa: PLR0917 - one argument for each that grows
    model: str, label: str, reason: str, asked: list[str], notes: int, gates: int
) -> None:
    """Whatever is in its texts: only a row that may be too large is written to see."""
    state, _ = play(published("d1", says=batch(labels={label: label[::-1]})), trained(1, "1", True))
    gate = GateResult(gate="accuracy", metric="mape", passed=False, got=0.1, required=0.45, reason=reason)
    serving = Serving(mode="batch", published=f"predictions/{model}/v1.csv", rows=10**6)
    state = changed(
        state,
        model=model,
        reason=reason,
        candidates=(changed(state.candidate("1"), verdict=Verdict(passed=False, gates=(gate,) * gates)),),
        champion=Champion(version="1", since=at(), serving=serving, previous="17"),
        last_good=GoodVersion(model=model, version="17", serving=serving, dataset=dataset(model)),
        requests=tuple(Request(request_id=one, dataset=dataset(), requested_by=one, reason=reason) for one in asked),
        decisions=(DecisionNote(at=at(), event="dataset_published", decision="noted", reason=reason),) * notes,
    )
    row = row_of(state)
    assert not surely_fits(row) or len(row.model_dump_json().encode()) < 15_000


def test_what_travels_is_counted_in_bytes() -> None:
    """A text in another script takes up to four times as many bytes as it has characters."""
    with pytest.raises(PermanentFailure, match="at most 16384 travel"):
        fitting(Parked(at=at(), by="policy", reason="数" * 6000))
