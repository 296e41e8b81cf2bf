"""The interlock's state as one row of the read model.

A row travels as a whole, so its texts are cut, and cut again until all of them fit: one that is too large to travel
would stay as it is for ever.
"""

from typing import Any, Final

from shared.contracts.evaluation import Evaluation, Figures, Verdict
from shared.contracts.read_model import DecisionNote, Hold, ModelRow, Override
from shared.contracts.release import Serving
from shared.interlock.memory import Candidate
from shared.interlock.requests import request_notes
from shared.interlock.state import InterlockState
from shared.interlock.steps import shown
from shared.interlock.values import changed, made

_SHOWN_DECISIONS: Final = 8
#: Of holds, overrides, barred versions and findings: the newest.
_SHOWN_OTHERS: Final = 5
#: Bytes of texts, in UTF-8.
_REASON: Final = 500
_DECISION: Final = 200
_ORDERED: Final = 120
_NAME: Final = 100
_FINDING: Final = 200
_GATE: Final = 300
#: Of the reasons of all gates together.
_GATES: Final = 2400
#: Of the whole row; 16 KB travel, with what else is told.
_ROW: Final = 15_000
#: Bytes of a character in JSON; of the names and times of a value; and of all that has a bound of its own.
_MOST_OF_CHARACTER: Final = 6
#: How often a model's name is in its row at most, in paths and names of others; its labels are there twice.
_NAMED: Final = 6
_MOST_OF_VALUE: Final = 160
_MOST_OF_OTHERS: Final = 5_000
#: How often all limits of texts are halved, where the row is larger.
_HALVED: Final = 4
#: Fields that are written though they are absent.
_KEPT: Final = {
    kind: {name for name, field in kind.model_fields.items() if field.exclude_if is None} for kind in (Figures, Serving)
}


def model_row(state: InterlockState) -> ModelRow | None:
    """The row of a model; `None` while no event has said which fleet it belongs to."""
    row = _row(state, 1)
    if row is None or surely_fits(row):
        return row
    for halved in range(1, _HALVED + 1):
        if len(row.model_dump_json().encode()) < _ROW:
            break
        row = _row(state, 1 << halved)
        assert row is not None  # as the first one was
    return row


def surely_fits(row: ModelRow) -> bool:
    """Whether it is small enough however its texts are written; most rows are, and need not be written to know it.

    Counted is what grows: characters, each of which takes up to six bytes in JSON, and values, each with its names.
    """
    odd = (
        row.holds,
        row.parked,
        row.overrides,
        row.drift,
        row.ledger_findings,
        row.barred,
        row.evidence,
        row.dead_letter,
    )
    if any(odd):
        return False
    texts = len(row.reason) + sum(map(len, row.gates)) + sum(map(len, row.datasets)) + _NAMED * len(row.model)
    texts += sum([len(note.reason) + len(note.decision) for note in row.decisions])
    texts += sum([len(asked.reason) + len(asked.request_id) for asked in row.requests])
    texts += 2 * sum([len(label) + len(value) for label, value in row.labels.items()])
    values = len(row.decisions) + len(row.requests) + len(row.gates) + len(row.datasets) + len(row.labels)
    return texts * _MOST_OF_CHARACTER + values * _MOST_OF_VALUE + _MOST_OF_OTHERS < _ROW


# ── How ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _row(state: InterlockState, share: int) -> ModelRow | None:
    """The row with texts of so large a share of what they may have: a whole, a half, a quarter."""
    if state.policy is None or state.last_at is None:
        return None
    last = state.trainings[-1] if state.trainings else None
    candidate, release, in_flight = _shown_candidate(state), state.release, state.in_flight
    verdict = candidate.verdict if candidate else None
    marked = [one for one in state.candidates if one.barred or one.overrides]
    barred = [one for one in marked if one.barred]
    return made(
        ModelRow,
        fleet=state.policy.fleet,
        model=state.model,
        labels=state.policy.labels,
        revision=state.revision,
        born=state.born,
        state=state.summary,
        reason=shown(state.reason, _REASON // share),
        updated_at=state.last_at,
        dataset=last.dataset.version if last else None,
        attempt=last.attempt if last else None,
        commit=last.commit if last else None,
        version=candidate.version if candidate else None,
        champion=state.champion.version if state.champion else None,
        champion_since=state.champion.since if state.champion else None,
        serving=_plain(state.champion.serving) if state.champion and state.champion.serving else {},
        figures=_figures(candidate.evaluation) if candidate and candidate.evaluation else {},
        verdict=None if verdict is None else "passed" if verdict.passed else "rejected",
        gates=_gates(verdict, share) if verdict else (),
        decisions=tuple([_decision(note, share) for note in state.decisions[-_SHOWN_DECISIONS:]]),
        in_flight=in_flight,
        requests=request_notes(state, in_flight, share),
        datasets=_needed_datasets(state),
        phase=release.phase if release else None,
        evidence=release.evidence if release and release.phase == "awaiting_approval" else None,
        holds=tuple(_ordered(hold, share) for hold in state.holds[-_SHOWN_OTHERS:]),
        parked=state.parked and changed(state.parked, reason=shown(state.parked.reason, _GATE // share)),
        barred={one.version: shown(one.barred, _ORDERED // share) for one in barred[-_SHOWN_OTHERS:]},
        overrides=_overrides(state, candidate, share) if marked else (),
        last_good=state.last_good,
        stands_in=state.champion.stands_in if state.champion else None,
        drift=state.drift and shown(state.drift, _GATE // share),
        ledger_findings=tuple(shown(one, _FINDING // share) for one in state.ledger_findings[-_SHOWN_OTHERS:]),
        dead_letters=len(state.dead_letters),
        dead_letter=shown(state.dead_letters[-1].reason, _FINDING // share) if state.dead_letters else "",
    )


def _decision(note: DecisionNote, share: int) -> DecisionNote:
    reason, decision = note.reason, note.decision
    if len(reason) <= _DECISION // share and len(decision) <= _NAME // share and (reason + decision).isascii():
        return note  # mostly
    return changed(note, reason=shown(reason, _DECISION // share), decision=shown(decision, _NAME // share))


def _ordered[C: (Hold, Override)](order: C, share: int) -> C:
    """What a person has ordered, in short."""
    return changed(order, by=shown(order.by, _NAME // share), reason=shown(order.reason, _ORDERED // share))


def _overrides(state: InterlockState, candidate: Candidate | None, share: int) -> tuple[Override, ...]:
    """Those of the version in production, and of the version shown where that is another one."""
    champion = state.champion
    serves = state.candidate(champion.version) if champion is not None and champion.stands_in is None else None
    versions = {one.version: one for one in (serves, candidate) if one is not None}
    found = [changed(one, version=version.version) for version in versions.values() for one in version.overrides]
    return tuple(_ordered(one, share) for one in found[-_SHOWN_OTHERS:])


def _gates(verdict: Verdict, share: int) -> tuple[str, ...]:
    each = min(_GATE, _GATES // max(1, len(verdict.gates))) // share
    return tuple(shown(gate.reason, each) for gate in verdict.gates)


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
    for candidate in reversed(state.candidates):  # mostly the newest
        if candidate.verdict is not None:
            return candidate
    return state.candidates[-1] if state.candidates else None


def _figures(evaluation: Evaluation) -> dict[str, dict[str, float | int | None]]:
    return {
        name: _plain(figures)
        for name, figures in (
            ("model", evaluation.model),
            ("baseline", evaluation.baseline),
            ("naive", evaluation.naive),
        )
        if figures is not None
    }


def _plain(value: Figures | Serving) -> dict[str, Any]:
    """What `to_wire` makes of it, in a fraction of its time: its fields are plain values."""
    kept = _KEPT[type(value)]
    return {name: one for name, one in value.__dict__.items() if one is not None or name in kept}
