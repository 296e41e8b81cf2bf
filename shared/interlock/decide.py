"""The mind of a model: what to do about an event, from what is known.

Pure: no clock, no files, no randomness. It never raises: a signal whose operation raises is lost without a trace, so an
event that cannot be used becomes a dead letter in the state.

At most one training is in flight, and beside it one release, scoring or rollback; a release that only waits lets a
scoring by. A newer dataset or version supersedes one that waits, never one that changes production. A version is
released when three things are known of it, in whatever order they come: it is registered, it was evaluated here, and it
passed. What may not begin now waits; no event is lost. Everything may come twice, late and out of order.

An event is decided on in three steps: its rule says what it means; then what waits and may begin now begins; then the
fleet's slots are asked for and given back.
"""

from datetime import datetime
from typing import Any, Final, NamedTuple, assert_never

from pydantic import ValidationError

from shared import names
from shared.contracts.health import HealthObserved, ServingLost
from shared.contracts.interlock import (
    INTERLOCK_EVENT,
    AdoptionFinished,
    AnyInterlockEvent,
    CodeChanged,
    DatasetPublished,
    HoldsFound,
    LedgerAdvanced,
    RegistryChanged,
    ReleaseFinished,
    ReleaseStepped,
    RequestAnswer,
    RetirementFinished,
    RetirementRequested,
    RollbackFinished,
    ScoringFinished,
    ScoringRequested,
    SlotGranted,
    TrainingFinished,
    TrainingRequested,
    VersionEvaluated,
    VersionRegistered,
    Woken,
)
from shared.contracts.orders import Order
from shared.contracts.policy import ModelPolicy
from shared.contracts.read_model import DecisionNote, RecordModelInput
from shared.contracts.training import TrainingOutcome, TrainingProgress
from shared.interlock.adopting import on_adopted
from shared.interlock.code_changes import on_code
from shared.interlock.commands import Command, RecordModel
from shared.interlock.evaluating import evaluate_next, on_evaluated
from shared.interlock.giving_way import end_release_next, go_next, on_stepped
from shared.interlock.health import on_health, on_serving_lost
from shared.interlock.holding import is_elsewhere, look_next, moved, on_holds_found, wake_next
from shared.interlock.idling import slot_next
from shared.interlock.memory import DeadLetter
from shared.interlock.ordering import on_order
from shared.interlock.registering import on_registered, on_registry_change
from shared.interlock.releasing import release_next
from shared.interlock.retiring import live_on, on_retired, on_retirement, retire_next
from shared.interlock.rolling_back import on_release_ended, on_rolled_back, roll_back_next
from shared.interlock.row import model_row
from shared.interlock.scoring import on_scored, on_scoring, score_next
from shared.interlock.standing_down import stand_down_next
from shared.interlock.state import REMEMBERED, InterlockState
from shared.interlock.steps import CONFIRMED, Step, cut
from shared.interlock.training import on_dataset, on_request, on_trained, train_next
from shared.interlock.turns import on_granted, take_turns
from shared.interlock.values import changed, made
from shared.interlock.witnessing import on_ledger

#: What may begin after any event, in this order; what may not begin any more makes room first.
_NEXT: Final = (
    stand_down_next,
    end_release_next,
    roll_back_next,
    release_next,
    go_next,
    slot_next,
    train_next,
    evaluate_next,
    score_next,
    retire_next,
    wake_next,
    look_next,
)


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
        after = changed(state, dead_letters=letters, revision=state.revision + 1)
        return Decision(after, _record(after, None))  # a person should see it before something else happens
    return decide(state, event)


def decide(state: InterlockState, event: AnyInterlockEvent) -> Decision:
    """Decide on an event."""
    now = max(state.last_at, event.at) if state.last_at else event.at
    step = _rule(live_on(_knowing(state, event, now), event), event, now)
    for begin_next in _NEXT:
        step = begin_next(step, now, event.trace)
    step = take_turns(step, now)
    note = made(DecisionNote, at=now, event=event.kind, decision=step.decision, reason=cut(step.reason))
    born = state.born or now  # the first event may not have said when it was
    decisions = (*step.state.decisions, note)[-REMEMBERED:]
    after = changed(step.state, revision=state.revision + 1, born=born, decisions=decisions)
    # What only confirms changes nothing that a row shows, and every release of a version is confirmed several times.
    record = () if step.decision == CONFIRMED else _record(after, event.trace)
    return Decision(after, (*step.commands, *record), step.answer)


def progress(state: InterlockState, attempt: int) -> TrainingProgress:
    """How an attempt stands, for those who asked for it; an attempt that is forgotten counts as failed."""
    training = next((t for t in state.trainings if t.attempt == attempt), None)
    if training is None:
        reason = f"Attempt {attempt} is not known any more; only the last {REMEMBERED} are kept."
        forgotten = TrainingOutcome(model=state.model, attempt=attempt, outcome="failed", reason=reason)
        return TrainingProgress(attempt=attempt, outcome=forgotten)
    match training.outcome:
        case "queued" | "running":
            return TrainingProgress(attempt=attempt, outcome=None)
        case ended:
            candidate = state.candidate(training.version) if training.version else None
            outcome = TrainingOutcome(
                model=state.model,
                attempt=attempt,
                outcome=ended,
                reason=training.reason,
                version=training.version,
                evaluation=candidate.evaluation if candidate else None,
                verdict=candidate.verdict if candidate else None,
            )
            return TrainingProgress(attempt=attempt, outcome=outcome)


def _knowing(state: InterlockState, event: AnyInterlockEvent, now: datetime) -> InterlockState:
    """The state with the time and with what the event tells of the fleet file; a late one does not turn that back."""
    policy: ModelPolicy | None = event.__dict__.get("policy")  # a model is slow to say that it has no such field
    before, heard_at = state.policy, state.policy_at
    if policy is None or (before is not None and heard_at is not None and event.at < heard_at):
        # Where a file was looked for in vain, what is known of it is all that there is.
        if isinstance(event, Woken) and policy is None:
            heard_at = max(event.at, heard_at or event.at)
        return changed(state, model=event.model, last_at=now, policy_at=heard_at)
    if before is not None and is_elsewhere(before, policy):
        state = moved(state)
    return changed(state, model=event.model, last_at=now, policy=policy, policy_at=event.at)


def _rule(  # noqa: C901, PLR0911, PLR0912 - one return per event
    state: InterlockState, event: AnyInterlockEvent, now: datetime
) -> Step:
    match event:
        case DatasetPublished():
            return on_dataset(state, event, now)
        case CodeChanged():
            return on_code(state, event, now)
        case TrainingRequested():
            return on_request(state, event, now)
        case TrainingFinished():
            return on_trained(state, event, now)
        case VersionRegistered():
            return on_registered(state, event)
        case VersionEvaluated():
            return on_evaluated(state, event)
        case ReleaseStepped():
            return on_stepped(state, event)
        case ReleaseFinished():
            return on_release_ended(state, event, now)
        case RollbackFinished():
            return on_rolled_back(state, event, now)
        case RegistryChanged():
            return on_registry_change(state, event, now)
        case SlotGranted():
            return on_granted(state, event, now)
        case ScoringRequested():
            return on_scoring(state, event, now)
        case ScoringFinished():
            return on_scored(state, event, now)
        case ServingLost():
            return on_serving_lost(state, event, now)
        case HealthObserved():
            return on_health(state, event, now)
        case RetirementRequested():
            return on_retirement(state, event, now)
        case RetirementFinished():
            return on_retired(state, event, now)
        case LedgerAdvanced():
            return on_ledger(state, event)
        case Woken():
            return Step(state, (), "woken", "A time has come that something waited for.")
        case HoldsFound():
            return on_holds_found(state, event)
        case AdoptionFinished():
            return on_adopted(state, event)
        case Order():
            return on_order(state, event, now)
        case _:
            assert_never(event)


def _record(state: InterlockState, trace: str | None) -> tuple[Command, ...]:
    row = model_row(state)
    if row is None:
        return ()
    # Revisions begin anew with a model whose entity was lost; an id that was used before would start nothing.
    instance = names.instance_id(f"record {state.model}", str(row.born), attempt=state.revision)
    return (made(RecordModel, instance=instance, input=made(RecordModelInput, row=row, trace=trace)),)
