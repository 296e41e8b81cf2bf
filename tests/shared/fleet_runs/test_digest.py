"""What a run is said to have come to."""

from datetime import timedelta

import pytest

from shared.contracts.fleet_runs import CellOutcome, FailOn, PlanRunInput, RunCells
from shared.fleet_runs.digest import conclude, first_row, is_failure, outcome_of, refused_row, sentence
from shared.fleet_runs.standing import Answer, first_cells, look
from tests.shared.fleet_runs.builders import ORDER, START, plan


def _cells(*outcomes: CellOutcome) -> RunCells:
    names = [f"m{number}" for number in range(len(outcomes))]
    answers = {name: Answer(outcome, outcome) for name, outcome in zip(names, outcomes, strict=True)}
    return look(first_cells(plan(*names)), answers, START, START)


@pytest.mark.parametrize(
    ("outcomes", "state", "fails"),
    [
        (("passed", "passed"), "done", {"any": False, "all": False, "never": False}),
        (("passed", "rejected", "skipped"), "done", {"any": False, "all": False, "never": False}),
        (("rejected",), "done", {"any": False, "all": False, "never": False}),
        (("incomplete",), "done", {"any": False, "all": False, "never": False}),
        (("passed", "failed"), "done", {"any": True, "all": False, "never": False}),
        (("scored", "refused"), "done", {"any": True, "all": False, "never": False}),
        (("failed", "skipped"), "failed", {"any": True, "all": True, "never": False}),
        (("skipped",), "failed", {"any": True, "all": True, "never": False}),
    ],
)  # fmt: skip
def test_partial_success_is_success_and_failures_are_told_to_who_asked(
    outcomes: tuple[CellOutcome, ...], state: str, fails: dict[FailOn, bool]
) -> None:
    """A run has failed when nothing came of it; a caller may be told of any failure."""
    digest = conclude("run-1", ORDER, _cells(*outcomes), START + timedelta(minutes=2))
    assert (digest.row.state, digest.seconds) == (state, 120.0)
    outcome = outcome_of(digest, "p")
    assert {fail_on: is_failure(outcome, fail_on) for fail_on in fails} == fails


def test_the_sentence_tells_what_went_well_first() -> None:
    """Whatever the order of the figures."""
    assert sentence({"failed": 1, "rejected": 3, "passed": 8}) == "12 cells: 8 passed, 3 rejected, 1 failed."
    assert sentence({"passed": 1}) == "1 cell: 1 passed."


def test_a_row_says_what_was_asked_by_whom() -> None:
    """The run can be read, and retried, from its row alone."""
    asked = ORDER.model_copy(update={"select": {"origin": ("JFK",)}, "again": True, "fail_on": "any", "trace": "00-1"})
    row = first_row(PlanRunInput(run="run-1", order=asked))
    assert (row.select, row.again, row.fail_on, row.requested_by, row.trace) == (
        {"origin": ("JFK",)}, True, "any", "test", "00-1"
    )  # fmt: skip
    refused = refused_row(PlanRunInput(run="run-1", order=asked), "nothing", START)
    assert (refused.state, refused.ended_at) == ("failed", START)
