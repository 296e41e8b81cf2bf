"""The mind of a model: what to do about an event, from what is known.

Pure: no clock, no files, no randomness. It never raises: a signal whose operation raises is lost without a trace, so an
event that cannot be used becomes a dead letter in the state.

One training and one release are in flight at most. A newer dataset or version supersedes one that waits, never one that
runs. A version is released when three things are known of it, in whatever order they come: it is registered, it was
evaluated here, and it passed. Everything may come twice, late and out of order.
"""

from datetime import datetime
from typing import Any, NamedTuple, assert_never

from pydantic import ValidationError

from shared import names
from shared.contracts.interlock import (
    INTERLOCK_EVENT,
    AnyInterlockEvent,
    DatasetPublished,
    DecisionNote,
    RecordModelInput,
    RegistryChanged,
    ReleaseFinished,
    RequestAnswer,
    RetirementFinished,
    RetirementRequested,
    ScoringFinished,
    ScoringRequested,
    SlotGranted,
    TrainingFinished,
    TrainingProgress,
    TrainingRequested,
    VersionRegistered,
)
from shared.contracts.training import TrainingOutcome
from shared.interlock.commands import Command, RecordModel
from shared.interlock.releasing import on_registered, on_registry_change, on_released
from shared.interlock.row import model_row
from shared.interlock.state import REASON_LIMIT, REMEMBERED, DeadLetter, InterlockState
from shared.interlock.steps import Step, changed
from shared.interlock.training import on_dataset, on_request, on_trained


class Decision(NamedTuple):
    """The state after an event, what to start, and, for a request, the answer."""

    state: InterlockState
    commands: tuple[Command, ...]
    answer: RequestAnswer | None = None


def receive(state: InterlockState, raw: Any) -> Decision:
    """Decide on an event as it came over the wire; what cannot be read becomes a dead letter.

    Events that older code has put aside are decided on first.
    """
    commands: tuple[Command, ...] = ()
    kept, state = state.unread_events, changed(state, unread_events=())
    for event in kept:
        state, started, _ = _receive(state, event)
        commands += started
    decision = _receive(state, raw)
    return decision._replace(commands=(*commands, *decision.commands))


def _receive(state: InterlockState, raw: Any) -> Decision:
    try:
        event = INTERLOCK_EVENT.validate_python(raw)
    except ValidationError as error:
        reason = (
            f"not an event of the interlock: {error.error_count()} fields do not fit, first {error.errors()[0]['loc']}"
        )
        letter = DeadLetter(
            at=state.last_at, reason=reason, event=raw if isinstance(raw, dict) else {"value": repr(raw)}
        )
        letters = (*state.dead_letters, letter)[-REMEMBERED:]
        return Decision(changed(state, dead_letters=letters, revision=state.revision + 1), ())
    return decide(state, event)


def decide(state: InterlockState, event: AnyInterlockEvent) -> Decision:
    """Decide on an event."""
    now = max(state.last_at, event.at) if state.last_at else event.at
    # A late event does not turn the policy back to an older fleet file.
    policy = getattr(event, "policy", None) if now == event.at else None
    known = changed(
        state, model=event.model, last_at=now, policy=policy or state.policy or getattr(event, "policy", None)
    )
    step = _rule(known, event, now)
    note = DecisionNote(at=now, event=event.kind, decision=step.decision, reason=step.reason[:REASON_LIMIT])
    after = changed(step.state, revision=state.revision + 1, decisions=(*step.state.decisions, note)[-REMEMBERED:])
    return Decision(after, (*step.commands, *_record(after, event.trace)), step.answer)


def progress(state: InterlockState, attempt: int) -> TrainingProgress:
    """How an attempt stands, for those who asked for it; an attempt that is forgotten counts as failed."""
    training = next((t for t in state.trainings if t.attempt == attempt), None)
    if training is not None and training.outcome == "running":
        return TrainingProgress(attempt=attempt, outcome=None)
    if training is None or training.outcome == "running":
        reason = f"Attempt {attempt} is not known any more; only the last {REMEMBERED} are kept."
        return TrainingProgress(
            attempt=attempt,
            outcome=TrainingOutcome(model=state.model, attempt=attempt, outcome="failed", reason=reason),
        )
    candidate = state.candidate(training.version) if training.version else None
    return TrainingProgress(
        attempt=attempt,
        outcome=TrainingOutcome(
            model=state.model,
            attempt=attempt,
            outcome=training.outcome,
            reason=training.reason,
            version=training.version,
            evaluation=candidate.evaluation if candidate else None,
            verdict=candidate.verdict if candidate else None,
        ),
    )


def _rule(  # noqa: PLR0911 - one return per event
    state: InterlockState, event: AnyInterlockEvent, now: datetime
) -> Step:
    match event:
        case DatasetPublished():
            return on_dataset(state, event, now)
        case TrainingRequested():
            return on_request(state, event, now)
        case TrainingFinished():
            return on_trained(state, event, now)
        case VersionRegistered():
            return on_registered(state, event, now)
        case ReleaseFinished():
            return on_released(state, event, now)
        case RegistryChanged():
            return on_registry_change(state, event)
        case SlotGranted() | ScoringRequested() | ScoringFinished() | RetirementRequested() | RetirementFinished():
            return Step(state, (), "ignored", "Not decided on yet.")
        case _:
            assert_never(event)


def _record(state: InterlockState, trace: str | None) -> tuple[Command, ...]:
    row = model_row(state)
    if row is None:
        return ()
    instance = names.instance_id(f"record {state.model}", state.revision)
    return (RecordModel(instance=instance, input=RecordModelInput(row=row, trace=trace)),)
