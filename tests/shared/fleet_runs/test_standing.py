"""How cells stand only ever goes forward: what is final stays, whatever is heard later and however often."""

from datetime import timedelta
from typing import get_args

import hypothesis.strategies as st
from hypothesis import given

from shared.contracts.deliveries import Delivery
from shared.contracts.fleet_runs import CellOutcome
from shared.contracts.read_model import ModelRow, RequestNote
from shared.fleet_runs.standing import (
    OPEN,
    Answer,
    conditioning_answer,
    counts,
    first_cells,
    give_up,
    gone_answers,
    look,
    model_answers,
    seen,
)
from tests.shared.fleet_runs.builders import START, cell, plan

OUTCOMES: tuple[CellOutcome, ...] = get_args(CellOutcome)
HEARD = st.lists(st.dictionaries(st.sampled_from("ab"), st.sampled_from(OUTCOMES)), max_size=8)


@given(HEARD)
def test_what_is_final_stays(heard: list[dict[str, CellOutcome]]) -> None:
    """Late and repeated answers change nothing; `moves` counts the changes, so it stays when nothing moves."""
    cells = first_cells(plan("a", "b"))
    for minutes, outcomes in enumerate(heard):
        answers = {name: Answer(outcome, "why") for name, outcome in outcomes.items()}
        after = look(cells, answers, START, START + timedelta(minutes=minutes))
        changed = [one != other for one, other in zip(cells.cells, after.cells, strict=True)]
        for before, now in zip(cells.cells, after.cells, strict=True):
            assert before.outcome in OPEN or now == before
            assert (now.seconds is None) == (now.outcome in OPEN)
        assert after.moves - cells.moves <= sum(changed)
        assert look(after, answers, START, START + timedelta(days=1)).moves >= after.moves
        cells = after
    assert sum(counts(cells).values()) == 2
    assert seen(cells).open == sum(one.outcome in OPEN for one in cells.cells)


@given(HEARD)
def test_a_run_that_is_given_up_has_an_end_for_every_cell(heard: list[dict[str, CellOutcome]]) -> None:
    """Each cell that was open has failed, and says how it stood."""
    cells = first_cells(plan("a", "b"))
    for outcomes in heard:
        cells = look(cells, {name: Answer(outcome, "") for name, outcome in outcomes.items()}, START, START)
    ended = give_up(cells, START, START + timedelta(hours=6))
    assert seen(ended).open == 0
    for before, after in zip(cells.cells, ended.cells, strict=True):
        if before.outcome in OPEN:
            assert (after.outcome, after.seconds) == ("failed", 21600.0)
            assert f"while it was {before.outcome}" in after.reason
        else:
            assert after == before


def test_only_the_runs_own_requests_are_read() -> None:
    """A model has answered others, too."""
    notes = [
        RequestNote(request_id="other", kind="training", outcome="failed", reason="x"),
        RequestNote(request_id="run-1", kind="training", outcome="running", reason="y", attempt=3),
    ]
    row = ModelRow(
        fleet="demo", model="a", labels={}, revision=1, state="training", reason="", updated_at=START,
        requests=tuple(notes),
    )  # fmt: skip
    assert model_answers([row], "run-1") == {"a": Answer("running", "y", 3)}


def test_a_model_that_is_gone_is_skipped_unless_it_has_been_heard() -> None:
    """What runs goes on to its end, also when the file has lost it."""
    cells = look(first_cells(plan("a", "b", "c")), {"b": Answer("running", "")}, START, START)
    assert set(gone_answers(cells, {"c"})) == {"a"}


def test_a_conditioning_tells_its_end_by_its_delivery() -> None:
    """While there is none, or it only came in, nothing is known."""
    delivery = Delivery(
        channel="conditioning", key="k", subject="s", received_at=START, outcome="dead", reason="broken"
    )
    assert conditioning_answer(delivery) == Answer("failed", "broken")
    assert conditioning_answer(delivery.model_copy(update={"outcome": "done"})) == Answer("published", "broken")
    assert conditioning_answer(delivery.model_copy(update={"outcome": "accepted"})) is None
    assert conditioning_answer(None) is None


def test_what_cannot_be_asked_is_final_from_the_start() -> None:
    """It is not waited for."""
    skipped = plan("a").model_copy(update={"cells": (cell("a", skipped="no data"),)})
    (state,) = first_cells(skipped).cells
    assert (state.outcome, state.reason, state.version) == ("skipped", "no data", None)
