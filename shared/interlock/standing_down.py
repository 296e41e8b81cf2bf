"""What waits for a slot of the fleet and may not begin any more gives up its place, and waits in its model's state.

Otherwise a held model would take slots from others, and a run whose slot comes would have to be asked about it again.
"""

from datetime import datetime

from shared.interlock.evaluating import drop_evaluation, why_evaluation_waits
from shared.interlock.giving_up import put_back_training
from shared.interlock.holding import why_frozen, why_held
from shared.interlock.releasing import drop_release
from shared.interlock.scoring import put_back_scoring
from shared.interlock.state import InterlockState
from shared.interlock.steps import Step, waits_for_slot


def stand_down_next(step: Step, now: datetime, trace: str | None) -> Step:  # noqa: ARG001 - as all that may begin next
    """A hold stops trainings, evaluations and releases, a freeze releases, and a rollback releases and scorings.

    A training that has begun stops evaluations: it may have made the version itself.
    """
    state = step.state
    if not waits_for_slot(state):
        return step
    after, why = _stood_down(state, now)
    return step if after is state else step.then(Step(after, (), "put back", why))


def _stood_down(state: InterlockState, now: datetime) -> tuple[InterlockState, str]:
    """The state without what may not begin, and why; a training may be stopped by one thing, a release by another."""
    why = []
    if state.rollback is not None:
        first = f"Rollback {state.rollback.attempt} comes first."
        state = put_back_scoring(drop_release(state), first)
        why.append(first)
    if (held := why_held(state, now)) is not None:
        state = put_back_training(drop_release(state), held)
        why.append(held)
    elif (frozen := why_frozen(state, now)) is not None:
        state = drop_release(state)
        why.append(frozen)
    if state.evaluation is not None and (waits := why_evaluation_waits(state, now)) is not None:
        state = drop_evaluation(state)
        why += [waits] if waits != held else []
    return state, " ".join(why)
