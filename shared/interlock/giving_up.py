"""A training that is not wanted any more, or has to wait once more: what becomes of its data and of who asked."""

from shared import names
from shared.contracts.jobs import JobWord, WithdrawJobInput
from shared.contracts.training import NOT_WANTED
from shared.interlock.commands import WithdrawTraining
from shared.interlock.precedence import asked_for, not_older
from shared.interlock.requests import note, settle
from shared.interlock.runs import Training
from shared.interlock.state import InterlockState
from shared.interlock.steps import with_training
from shared.interlock.values import changed


def end_training(state: InterlockState, training: Training) -> InterlockState:
    """A training has ended, and with it what was asked for; what was superseded is asked for still."""
    state = changed(with_training(state, training), reason=training.reason)
    if training.outcome == "superseded" and state.retirement is None:
        return _wait_again(state, training)
    outcome = "refused" if training.outcome in NOT_WANTED else training.outcome
    return settle(state, "training", training.attempt, outcome, training.reason)


def withdraw_training(training: Training, word: JobWord, trace: str | None) -> WithdrawTraining:
    """Tell the wait for a training's job; the same word twice is one orchestration."""
    order = WithdrawJobInput(job=training.instance, instance=training.instance, word=word, trace=trace)
    said = names.instance_id(f"withdraw {training.instance}", word.to_wire())
    return WithdrawTraining(instance=said, input=order)


def drop_training(state: InterlockState, reason: str) -> InterlockState:
    """A training that has not begun does not begin any more; the dataset that waits is kept until the model is gone."""
    current = state.training
    if current is None or current.outcome != "queued":
        return state
    return end_training(state, changed(current, outcome="unwanted", reason=reason))


def without_waiting_data(state: InterlockState) -> InterlockState:
    """Nothing will be trained on the dataset that waits."""
    return changed(state, queued=None, queued_at=None)


def with_unwanted_data(state: InterlockState) -> InterlockState:
    """The model is wanted again: what its retirement kept from being trained on waits, unless newer data does already.

    Who asked for a training was refused, and may ask again.
    """
    last = state.trainings[-1] if state.trainings else None
    if state.queued is not None or last is None or last.outcome != "unwanted" or asked_for(state, last):
        return state
    return changed(state, queued=last.dataset, queued_at=last.data_by)


def put_back_training(state: InterlockState, reason: str) -> InterlockState:
    """A training that waits for its slot waits without it: the fleet has no slot for what may not begin.

    Its data is next again, unless newer data is; who asked for it waits for the next one.
    """
    current = state.training
    if current is None or current.outcome != "queued":
        return state
    if asked_for(state, current):
        return end_training(state, changed(current, outcome="superseded", reason=reason))
    state = changed(state, trainings=tuple(one for one in state.trainings if one is not current), reason=reason)
    if state.queued is not None and not not_older(current.data_by, state.queued_at):
        return state
    return changed(state, queued=current.dataset, queued_at=current.data_by)


# ── How ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _wait_again(state: InterlockState, training: Training) -> InterlockState:
    """Whoever asked for a training after it was told to give way has their way: the next one is theirs."""
    for request in state.requests:
        if request.kind == "training" and request.attempt == training.attempt and request.outcome is None:
            reason = f"{training.reason} The request of {request.requested_by} waits for the next one."
            state = note(state, changed(request, attempt=None, reason=reason))
    return state
