"""Deployments for testing go when their release has left them behind; one run takes a bounded number of things."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.deployments import DeploymentState
from shared.contracts.policy import RetentionPolicy
from shared.contracts.retention import Expired, RetentionOutcome
from shared.retention.deployments import expired_deployments
from shared.retention.expiry import longest
from shared.retention.plan import LIMIT, plan_retention

NOW = datetime(2026, 11, 20, 3, 30, tzinfo=UTC)
LEFT = DeploymentState(
    endpoint="departures-jfk", deployment="qa-v3-1", status="Succeeded", model="m", version="3",
    created_at=NOW - timedelta(hours=25),
)  # fmt: skip


def _gone(deployment: DeploymentState, traffic: int = 0, releasing: tuple[tuple[str, str], ...] = ()) -> list[str]:
    share = {deployment.deployment: traffic}
    return [one.name for one in expired_deployments([deployment], share, {"m"}, releasing, NOW)]


def test_what_a_release_left_behind_goes() -> None:
    """It is older than a day, nobody is sent to it, and no release needs it."""
    assert _gone(LEFT) == ["departures-jfk/qa-v3-1"]


@pytest.mark.parametrize(
    "change",
    [
        {"deployment": "v3-1"},
        {"created_at": NOW - timedelta(hours=23)},
        {"created_at": None},
        {"deployment": "qa-blue"},
        {"deployment": "qa-v31-1"},
        {"model": "theirs"},
        {"model": None},
    ],
    ids=["production", "young", "age unknown", "a person's", "of another version", "another team's", "of no model"],
)
def test_anything_else_stays(change: dict[str, object]) -> None:
    """What serves, what is young, what nobody knows the age of, and what somebody else put behind a shared endpoint."""
    assert _gone(LEFT.model_copy(update=change)) == []


def test_what_is_in_use_stays() -> None:
    """A release in flight needs it, or people are sent to it."""
    assert _gone(LEFT, releasing=(("m", "3"),)) == []
    assert _gone(LEFT, traffic=1) == []
    assert _gone(LEFT, releasing=(("other", "3"), ("m", "4"))) == ["departures-jfk/qa-v3-1"]


@given(st.sampled_from([0, 1, LIMIT - 1, LIMIT, LIMIT + 100]), st.integers(0, 100))
def test_a_plan_is_bounded_and_tells_what_waits(versions: int, files: int) -> None:
    """The first things are taken, in order; the counts tell how many were found and how many go."""
    found = [Expired(kind="version", name=f"m@{number}", reason="") for number in range(versions)]
    found += [Expired(kind="quarantine", name=f"q/{number}", reason="") for number in range(files)]
    plan = plan_retention(found, NOW)
    assert list(plan.things) == found[:LIMIT]
    by_kind = {line.kind: (line.found, line.going) for line in plan.counts}
    assert by_kind["version"] == (versions, min(versions, LIMIT))
    assert by_kind["quarantine"] == (files, min(files, max(0, LIMIT - versions)))


def test_what_fleets_share_stays_as_long_as_one_of_them_wants() -> None:
    """Each figure on its own; the default where no fleet speaks."""
    policies = [RetentionPolicy(runs_days=7, versions=50), RetentionPolicy(runs_days=60, versions=3)]
    assert longest(policies) == RetentionPolicy(runs_days=60, versions=50)
    assert longest([]) == RetentionPolicy()


def test_a_report_is_one_sentence() -> None:
    """What would go and what went are told apart, and so is what waits."""
    counts = plan_retention([Expired(kind="version", name="m@1", reason="")] * (LIMIT + 1), NOW).counts
    report = RetentionOutcome(at=NOW, requested_by="ana", dry_run=True, plan="p", counts=counts)
    assert report.summary == f"Would delete: {LIMIT} of {LIMIT + 1} model versions."
    nothing = report.model_copy(update={"dry_run": False, "counts": ()})
    assert nothing.summary == "No change: nothing has expired."
