"""How planned jobs go, without any wire."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.doubles.azure_ml.plans import JobPlan, ProvisioningPlan


@given(queue=st.integers(0, 5), run=st.integers(0, 5), end=st.sampled_from(["Completed", "Failed", "Canceled"]))
def test_a_job_is_queued_runs_and_ends(queue: int, run: int, end: str) -> None:
    """So many reads see each status, and the end stays."""
    plan = JobPlan("*", queue=queue, run=run, end=end)
    seen = [plan.status(read, 0.0) for read in range(1, queue + run + 3)]
    assert seen == ["Queued"] * queue + ["Running"] * run + [end, end]


@given(statuses=st.lists(st.sampled_from(["Queued", "Running", "NotResponding", "Failed"]), min_size=1, max_size=6))
def test_the_last_of_a_list_of_statuses_stays(statuses: list[str]) -> None:
    """One status per read, and no more of them after the last."""
    plan = JobPlan("*", statuses=tuple(statuses))
    assert [plan.status(read, 0.0) for read in range(1, len(statuses) + 3)] == [*statuses, statuses[-1], statuses[-1]]


@pytest.mark.parametrize(("seconds", "status"), [(0, "Queued"), (2.9, "Queued"), (3, "Running"), (8, "Completed")])
def test_a_job_may_go_by_the_clock(seconds: float, status: str) -> None:
    """Reads do not move it then."""
    plan = JobPlan("*", queue_seconds=3, run_seconds=5)
    assert {plan.status(read, seconds) for read in range(5)} == {status}


def test_a_plan_cannot_end_anyhow() -> None:
    """A typing error in a test is an error there."""
    with pytest.raises(ValueError, match="Completed, Failed or Canceled"):
        JobPlan("*", end="Cancelled")
    with pytest.raises(ValueError, match="Succeeded or Failed"):
        ProvisioningPlan("*", end="Completed")
