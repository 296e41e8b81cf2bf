"""The interlock's state as one row of the read model."""

from shared.contracts.evaluation import Evaluation
from shared.contracts.read_model import ModelRow
from shared.interlock.memory import Candidate
from shared.interlock.requests import request_notes
from shared.interlock.state import InterlockState

_SHOWN_DECISIONS = 8


def model_row(state: InterlockState) -> ModelRow | None:
    """The row of a model; `None` while no event has said which fleet it belongs to."""
    if state.policy is None or state.last_at is None:
        return None
    last = state.trainings[-1] if state.trainings else None
    candidate = _shown_candidate(state)
    verdict = candidate.verdict if candidate else None
    return ModelRow(
        fleet=state.policy.fleet,
        model=state.model,
        labels=state.policy.labels,
        revision=state.revision,
        state=state.summary,
        reason=state.reason,
        updated_at=state.last_at,
        dataset=last.dataset.version if last else None,
        attempt=last.attempt if last else None,
        version=candidate.version if candidate else None,
        champion=state.champion.version if state.champion else None,
        champion_since=state.champion.since if state.champion else None,
        serving=state.champion.serving.to_wire() if state.champion and state.champion.serving else {},
        figures=_figures(candidate.evaluation) if candidate and candidate.evaluation else {},
        verdict=None if verdict is None else "passed" if verdict.passed else "rejected",
        gates=tuple(gate.reason for gate in verdict.gates) if verdict else (),
        decisions=state.decisions[-_SHOWN_DECISIONS:],
        in_flight=state.in_flight,
        requests=request_notes(state),
        datasets=_needed_datasets(state),
    )


def _needed_datasets(state: InterlockState) -> tuple[str, ...]:
    """What runs, waits for its turn, or may still be released: none of it may be deleted meanwhile."""
    needed = (
        state.training and state.training.dataset,
        state.queued,
        state.scoring and state.scoring.dataset,
        *(request.dataset for request in state.requests if request.outcome is None),
        *(candidate.dataset for candidate in state.candidates if candidate.ready),
    )
    return tuple(dict.fromkeys(dataset.version for dataset in needed if dataset))


def _shown_candidate(state: InterlockState) -> Candidate | None:
    """The newest version that was evaluated, else the newest."""
    evaluated = [candidate for candidate in state.candidates if candidate.verdict is not None]
    shown = evaluated or list(state.candidates)
    return shown[-1] if shown else None


def _figures(evaluation: Evaluation) -> dict[str, dict[str, float | int | None]]:
    return {
        name: figures.model_dump()
        for name, figures in (
            ("model", evaluation.model),
            ("baseline", evaluation.baseline),
            ("naive", evaluation.naive),
        )
        if figures is not None
    }
