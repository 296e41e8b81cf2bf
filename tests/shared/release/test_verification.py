"""Gates before a release: whatever the figures, nothing passes that a gate or a missing figure forbids."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.evaluation import Evaluation, Figures
from shared.contracts.policy import GatePolicy
from shared.errors import PermanentError
from shared.release.recorded import RecordedVersion
from shared.release.verification import report_sha256, require_figures, require_gates
from tests.shared.interlock.builders import at
from tests.shared.lineage.chains import chained, entry

NAMES = ("accuracy", "error", "average")
FIGURE = st.none() | st.floats(0, 2)
GATES = st.lists(
    st.sampled_from(
        (
            GatePolicy(name="accuracy", metric="mape", max=0.45),
            GatePolicy(name="error", metric="rmse", max=1.0),
            GatePolicy(name="average", metric="mape", better_than="baseline"),
            GatePolicy(name="sure", metric="mape", better_than="baseline", confidence=0.9),
        )
    ),
    unique_by=lambda gate: gate.name,
).map(tuple)


def _known(mape: float | None, rmse: float | None, baseline: float | None) -> RecordedVersion:
    (row,) = chained([entry()])
    figures = Figures(rows=9, zeros=0, mape=mape, rmse=rmse)
    evaluation = Evaluation(model=figures, baseline=Figures(rows=9, zeros=0, mape=baseline))
    return RecordedVersion(
        model="m",
        version="3",
        row=row,
        evaluation=evaluation,
        dataset="d1",
        job="j",
        baseline_job=None,
        artifact_sha256=None,
        manifest_sha256=None,
        author=None,
    )


def _refusal(known: RecordedVersion, gates: tuple[GatePolicy, ...], overridden: set[str]) -> str | None:
    try:
        require_gates(known, gates, overridden, at(), None)
    except PermanentError as error:
        return error.code
    return None


@given(mape=FIGURE, rmse=FIGURE, baseline=FIGURE, gates=GATES, overridden=st.sets(st.sampled_from((*NAMES, "gates"))))
def test_what_passes_holds_every_gate_that_nobody_has_overridden(
    mape: float | None,
    rmse: float | None,
    baseline: float | None,
    gates: tuple[GatePolicy, ...],
    overridden: set[str],
) -> None:
    """A figure that is missing fails, rows that are missing fail, and so does a model without gates."""
    holds = {
        "accuracy": mape is not None and mape <= 0.45,
        "error": rmse is not None and rmse <= 1.0,
        "average": mape is not None and baseline is not None and mape < baseline,
        "sure": False,
    }
    expected = bool(gates) and all(holds[gate.name] or gate.name in overridden for gate in gates)
    assert _refusal(_known(mape, rmse, baseline), gates, overridden) == (None if expected else "GatesNotMet")


@given(mape=st.floats(0, 1), other=st.floats(0, 1), gates=GATES, less=GATES)
def test_a_report_is_another_exactly_when_something_of_it_is(
    mape: float, other: float, gates: tuple[GatePolicy, ...], less: tuple[GatePolicy, ...]
) -> None:
    """Figures and gates; what is the same gives the same hash on every machine."""
    first, second = _known(mape, 1.0, 0.5), _known(other, 1.0, 0.5)
    same = mape == other and gates == less
    assert (report_sha256(first, gates, ()) == report_sha256(second, less, ())) == same
    assert report_sha256(first, gates, ("b", "a")) == report_sha256(first, gates, ("a", "b"))


@pytest.mark.parametrize("which", ["baseline", "naive", "champion"])
def test_what_a_version_was_compared_with_has_to_be_what_it_was(which: str) -> None:
    """A gate against a baseline or a champion passes on changed rows of those as well as on the model's own."""
    known = _known(0.2, 1.0, 0.4)
    beside = known.evaluation.model_copy(update={which: Figures(rows=9, zeros=0, mape=0.3)})
    known = dataclasses.replace(known, evaluation=beside)
    require_figures(known, beside)
    for changed in (Figures(rows=9, zeros=0, mape=0.5), None):
        with pytest.raises(PermanentError, match=f"figures that were recorded .{which} ") as caught:
            require_figures(known, beside.model_copy(update={which: changed}))
        assert caught.value.code == "LineageIncomplete"
