"""The interlock's state as one row of the read model."""

from shared.contracts.evaluation import Evaluation
from shared.contracts.read_model import ModelRow
from shared.interlock.memory import Candidate
from shared.interlock.requests import request_notes
from shared.interlock.state import InterlockState
from shared.interlock.values import made

_SHOWN_DECISIONS = 8


def model_row(state: InterlockState) -> ModelRow | None:
    """The row of a model; `None` while no event has said which fleet it belongs to."""
    if state.policy is None or state.last_at is None:
        return None
    last = state.trainings[-1] if state.trainings else None
    candidate, release, in_flight = _shown_candidate(state), state.release, state.in_flight
    verdict = candidate.verdict if candidate else None
    return made(
        ModelRow,
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
        in_flight=in_flight,
        requests=request_notes(state, in_flight),
        datasets=_needed_datasets(state),
        phase=release.phase if release else None,
        evidence=release.evidence if release and release.phase == "awaiting_approval" else None,
        holds=state.holds,
        parked=state.parked,
        barred={one.version: one.barred for one in state.candidates if one.barred},
        overrides=candidate.overrides if candidate else (),
        last_good=state.last_good,
        stands_in=state.champion.stands_in if state.champion else None,
        drift=state.drift,
        ledger_findings=state.ledger_findings,
    )


def _needed_datasets(state: InterlockState) -> tuple[str, ...]:
    """What runs, waits for its turn, or may still be released: none of it may be deleted meanwhile."""
    now = state.last_at
    needed = (
        state.training and state.training.dataset,
        state.queued,
        state.scoring and state.scoring.dataset,
        state.evaluation and state.evaluation.dataset,
        state.rollback and state.champion and state.champion.dataset,
        *(request.dataset for request in state.requests if request.outcome is None),
        *(candidate.dataset for candidate in state.candidates if candidate.released is None and candidate.ready(now)),
    )
    return tuple(dict.fromkeys(dataset.version for dataset in needed if dataset))


def _shown_candidate(state: InterlockState) -> Candidate | None:
    """The newest version that was evaluated, else the newest."""
    newest = state.candidates[-1] if state.candidates else None
    return next((candidate for candidate in reversed(state.candidates) if candidate.verdict is not None), newest)


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
