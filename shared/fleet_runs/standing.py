"""How the cells of a run stand: what is final stays so, whatever is said of it later."""

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from datetime import datetime
from typing import Final, NamedTuple

from shared.contracts.deliveries import Delivery
from shared.contracts.fleet_runs import CellOutcome, CellState, PlannedCell, RunCells, RunLook, RunPlan
from shared.contracts.read_model import ModelRow

#: What may still change.
OPEN: Final[frozenset[CellOutcome]] = frozenset({"asked", "waiting", "running"})
#: What was not done, although it was asked for.
FAILED: Final[frozenset[CellOutcome]] = frozenset({"failed", "refused"})

#: What a conditioning writes down of its end, in the words of a run.
_CONDITIONED: Final[Mapping[str, CellOutcome]] = {
    "done": "published",
    "waiting": "incomplete",
    "failed": "failed",
    "dead": "failed",
}


class Answer(NamedTuple):
    """What is known of a cell."""

    outcome: CellOutcome
    reason: str
    attempt: int | None = None


def model_answers(rows: Iterable[ModelRow], run: str) -> dict[str, Answer]:
    """What the models of the read model say of a run's requests."""
    return {
        row.model: Answer(note.outcome, note.reason, note.attempt)
        for row in rows
        for note in row.requests
        if note.request_id == run
    }


def gone_answers(before: RunCells, there: Container[str]) -> dict[str, Answer]:
    """What is said for models that the fleet file has lost before they were asked."""
    return {
        cell.name: Answer("skipped", f"The fleet file does not have {cell.name} any more.")
        for cell in before.cells
        if cell.outcome == "asked" and cell.name not in there
    }


def conditioning_answer(delivery: Delivery | None) -> Answer | None:
    """What a conditioning has written down of its end; `None` while it has not."""
    if delivery is None or delivery.outcome not in _CONDITIONED:
        return None
    return Answer(_CONDITIONED[delivery.outcome], delivery.reason)


def first_cells(plan: RunPlan) -> RunCells:
    """The cells of a run before any has answered."""
    return RunCells(cells=tuple(_first(cell) for cell in plan.cells))


def look(before: RunCells, answers: Mapping[str, Answer], began: datetime, at: datetime) -> RunCells:
    """The cells after some have answered; `moves` grows with every change."""
    after = tuple(_after(cell, answers.get(cell.name), began, at) for cell in before.cells)
    moves = sum(one.outcome != other.outcome for one, other in zip(before.cells, after, strict=True))
    return RunCells(cells=after, moves=before.moves + moves)


def give_up(cells: RunCells, began: datetime, at: datetime) -> RunCells:
    """The cells at the end of a run: what is still open has failed, and says how it stood."""
    answers = {
        cell.name: Answer("failed", f"The run gave it up while it was {cell.outcome}: {_last_word(cell)}", cell.attempt)
        for cell in cells.cells
        if cell.outcome in OPEN
    }
    return look(cells, answers, began, at)


def counts(cells: RunCells) -> dict[str, int]:
    """How many cells stand how."""
    return dict(sorted(Counter(cell.outcome for cell in cells.cells).items()))


def seen(cells: RunCells) -> RunLook:
    """What a look has shown, in figures."""
    return RunLook(counts=counts(cells), open=sum(cell.outcome in OPEN for cell in cells.cells), moves=cells.moves)


def _first(cell: PlannedCell) -> CellState:
    return CellState(
        name=cell.name,
        labels=cell.labels,
        dataset=cell.dataset,
        version=cell.data.version if cell.data else None,
        outcome=cell.outcome,
        reason=cell.reason,
    )


def _after(cell: CellState, answer: Answer | None, began: datetime, at: datetime) -> CellState:
    if cell.outcome not in OPEN or answer is None:
        return cell
    seconds = None if answer.outcome in OPEN else round((at - began).total_seconds(), 1)
    return cell.model_copy(update={**answer._asdict(), "seconds": seconds})


def _last_word(cell: CellState) -> str:
    return cell.reason or "nothing was heard of it for as long as the run may wait."
