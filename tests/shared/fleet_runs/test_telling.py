"""The one message at the end of a run."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.fleet_runs import CellOutcome, RunCells, RunDigest
from shared.contracts.notification import Fact, Message
from shared.fleet_runs.digest import conclude
from shared.fleet_runs.standing import Answer, first_cells, look
from shared.fleet_runs.telling import digest_message
from tests.shared.fleet_runs.builders import ORDER, START, plan

OUTCOMES: tuple[CellOutcome, ...] = ("passed", "scored", "rejected", "failed", "refused", "incomplete", "unchanged")
FACTS = (Fact(title="Gates", value="all hold"), Fact(title="Answer by", value="Monday"))
ASKED = Message(key="k", kind="approval", title="May it?", text="", facts=FACTS)


def _digest(*outcomes: CellOutcome, minutes: float = 2) -> RunDigest:
    names = [f"m{number}" for number in range(len(outcomes))]
    answers = {name: Answer(outcome, f"it is {outcome}") for name, outcome in zip(names, outcomes, strict=True)}
    cells: RunCells = look(first_cells(plan(*names)), answers, START, START)
    return conclude("run-1", ORDER, cells, START + timedelta(minutes=minutes))


def test_a_digest_names_what_a_person_should_look_at() -> None:
    """What failed and what was rejected, with the reasons; not what passed."""
    message = digest_message(_digest("passed", "rejected", "failed"), [], None)
    assert message is not None
    assert message.title == "Train of demo: 3 cells: 1 passed, 1 rejected, 1 failed."
    assert [(fact.title, fact.value) for fact in message.facts] == [
        ("m2 failed", "it is failed"),
        ("m1 rejected", "it is rejected"),
    ]


@pytest.mark.parametrize(
    ("minutes", "told"), [(0.2, "it took seconds."), (59, "it took 59 min."), (150, "it took 2 h 30 min.")]
)
def test_a_digest_tells_how_long_it_took(minutes: float, told: str) -> None:
    """As people say it."""
    message = digest_message(_digest("passed", minutes=minutes), [], None)
    assert message is not None
    assert message.text.endswith(told)


def test_a_run_without_news_is_told_only_when_somebody_has_to_answer() -> None:
    """Nothing came of it, but a version waits."""
    assert digest_message(_digest("unchanged"), [], None) is None
    asked = digest_message(_digest("unchanged"), [ASKED], None)
    assert asked is not None
    assert asked.facts[0] == Fact(title="May it?", value="Answer by Monday. all hold")


@given(outcomes=st.lists(st.sampled_from(OUTCOMES), min_size=1, max_size=60))
def test_a_digest_stays_small_however_many_cells_there_are(outcomes: list[CellOutcome]) -> None:
    """Some of each kind are named, the others counted."""
    message = digest_message(_digest(*outcomes), [], None)
    if message is None:
        assert set(outcomes) == {"unchanged"}
        return
    assert len(message.facts) <= 4 * 6
    shown = sum(fact.title.startswith("m") and fact.title.endswith(" failed") for fact in message.facts)
    counted = sum(int(fact.value) for fact in message.facts if fact.title == "More that failed")
    assert shown + counted == outcomes.count("failed")
