"""Which cells a run has, and why some are not asked."""

from datetime import timedelta

import hypothesis.strategies as st
import pytest
from hypothesis import given

from shared.contracts.datasets import DatasetRef, IndexedDataset
from shared.contracts.fleet_runs import CellOutcome, CellState, Operation
from shared.contracts.policy import ModelPolicy, ServePolicy
from shared.errors import PermanentError
from shared.fleet_runs.planning import (
    LandedCell,
    condition_order,
    leave_unchanged,
    patience_minutes,
    plan_cells,
    plan_models,
    to_retry,
)
from tests.shared.fleet_runs.builders import ORDER, START, cell, data
from tests.shared.interlock.builders import MODEL, POLICY

BATCH = POLICY.model_copy(update={"serve": ServePolicy(mode="batch", pipeline="s.yml", dataset="arrivals")})


@pytest.mark.parametrize(
    ("operation", "policy", "champion", "there", "skipped"),
    [
        ("train", POLICY, None, True, None),
        ("train", POLICY, None, False, "has no version for it"),
        ("score", POLICY, "1", True, "answers from an endpoint"),
        ("score", BATCH, None, True, "in production"),
        ("score", BATCH, "1", False, "has no version for it"),
        ("score", BATCH, "1", True, None),
    ],
)
def test_what_cannot_be_asked_says_why(
    operation: Operation, policy: ModelPolicy, champion: str | None, there: bool, skipped: str | None
) -> None:
    """Everything else has its dataset version; a scoring that of the dataset that is scored."""
    asked: list[str] = []

    def newest(dataset: str, _: ModelPolicy) -> DatasetRef | None:
        asked.append(dataset)
        return data() if there else None

    (planned,) = plan_models(operation, [policy], newest, {MODEL: champion})
    assert planned.dataset == ("arrivals" if operation == "score" and policy is BATCH else "departures")
    if skipped is None:
        assert (planned.data, planned.outcome, asked) == (data(), "asked", [planned.dataset])
    else:
        assert (planned.data, planned.outcome) == (None, "skipped")
        assert skipped in planned.reason


def test_files_of_one_cell_make_one_cell() -> None:
    """In an order that does not depend on that of the files."""
    landed = [LandedCell("departures", {"origin": origin}, START) for origin in ("LGA", "JFK", "LGA")]
    assert [one.name for one in plan_cells(landed)] == ["departures origin=JFK", "departures origin=LGA"]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 5)), min_size=1), st.integers(0, 5))
def test_a_cell_is_unchanged_when_its_version_is_as_young_as_its_files(files: list[tuple[str, int]], made: int) -> None:
    """In whatever order the files are listed; a cell without a version is always asked."""
    landed = [LandedCell("d", {"origin": origin}, START + timedelta(days=day)) for origin, day in files]
    ref = data().model_copy(update={"dataset": "d", "cell": {"origin": "a"}})
    version = IndexedDataset(fleet="demo", dataset=ref, at=START + timedelta(days=made))
    for one in leave_unchanged(plan_cells(landed), landed, [version]):
        newer = any(day > made for origin, day in files if origin == one.labels["origin"])
        assert (one.outcome == "asked") == (newer or one.labels["origin"] == "b")


def test_a_conditioning_of_a_run_is_known_by_run_and_cell() -> None:
    """Repeated it is the same; the name of the cell is the conditioning's own subject."""
    one = condition_order(ORDER, cell("departures"), "run-1")
    assert one == condition_order(ORDER, cell("departures"), "run-1")
    assert one.key != condition_order(ORDER, cell("departures"), "run-2").key
    assert one.subject == "departures"


def test_a_retry_takes_what_was_not_done() -> None:
    """What has an end, and be it a rejection, is left alone."""
    outcomes: tuple[CellOutcome, ...] = ("passed", "failed", "rejected", "refused", "skipped", "running", "unchanged")
    cells = [CellState(name=outcome, labels={}, dataset="d", outcome=outcome) for outcome in outcomes]
    assert [one.name for one in to_retry(cells, "run-1")] == ["failed", "refused", "skipped", "running"]
    with pytest.raises(PermanentError, match="nothing left to do"):
        to_retry(cells[:1], "run-1")


def test_patience_is_that_of_the_slowest_model() -> None:
    """The training before, ours, each with its time in the queue, and some time for services that are down."""
    slow = POLICY.model_copy(
        update={"train": POLICY.train.model_copy(update={"timeout_minutes": 600, "queue_timeout_minutes": 60})}
    )
    assert patience_minutes([slow]) == 2 * (600 + 60) + 120
    assert patience_minutes([POLICY, slow]) == 2 * (24 * 60 + 120) + 120
    assert patience_minutes([]) == 240
