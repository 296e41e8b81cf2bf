"""Rules of taking turns: a run that has jobs asks the fleet for a slot, begins when it has one, and gives it back.

A model asks for one slot at a time, however much waits, so the models of a fleet take turns. Whatever rule has run, the
slots are put right afterwards: what has no run any more, or one that runs no job for now, is given back, and what waits
first is asked for. So no way to end a run can forget its slot.

Trainings, releases in batch, scorings and evaluations take turns. A rollback does not, though it may score a period: a
version that does harm leaves production at once, whatever else runs. So `at_once` may be exceeded by the rollbacks.
"""

from datetime import datetime
from typing import Final

from shared.contracts.interlock import SlotGranted
from shared.contracts.slots import NO_LIMIT, SlotAsk, SlotReturn
from shared.interlock.beginning_training import begin_training
from shared.interlock.commands import AskForSlot, ReturnSlot
from shared.interlock.evaluating import begin_evaluation
from shared.interlock.idling import give_slot
from shared.interlock.releasing import begin_release
from shared.interlock.runs import Slot
from shared.interlock.scoring import begin_scoring
from shared.interlock.state import InterlockState
from shared.interlock.steps import Step, policy_of, waits_for_slot
from shared.interlock.values import changed

#: What is nearest to production goes first; a training begins no sooner than the evaluation that would wait for it.
_ORDER: Final = {"release": 0, "scoring": 1, "evaluation": 2, "training": 3, "retirement": 4, "rollback": 5}


def on_granted(state: InterlockState, event: SlotGranted, now: datetime) -> Step:
    """A slot is there: begin what waits for it; one that nothing waits for is given back at once."""
    slot = Slot(fleet=event.fleet, key=event.key)
    if slot in state.held:
        return Step(state, (), "ignored", f"The {event.key} has its slot already.")
    if slot != state.asked:
        reason = f"The {event.key} does not wait for a slot any more."
        return Step(state, (_give_back(state, slot, now),), "gave the slot back", reason)
    return _begin(changed(state, asked=None, held=(*state.held, slot)), slot, now, event.trace)


def take_turns(step: Step, now: datetime) -> Step:
    """Give back what is not needed any more, and ask for what waits first, if nothing is asked for."""
    state = step.state
    if state.asked is None and not state.held and not waits_for_slot(state):
        return step
    runs = sorted(state.in_flight, key=lambda run: _ORDER[run.kind])
    idle = state.release is not None and state.release.needs == "nothing"
    needed = [run.key for run in runs if not run.waits_for_slot and not (idle and run.kind == "release")]
    waiting = [run.key for run in runs if run.waits_for_slot]
    free = [slot for slot in state.held if slot.key not in needed]
    asked = state.asked
    if asked is not None and asked.key not in waiting:
        free.append(asked)
        asked = None
    commands = [_give_back(state, slot, now) for slot in free]
    held = tuple(slot for slot in state.held if slot.key in needed)
    if asked is not None or not waiting:
        return step._replace(state=changed(state, asked=asked, held=held), commands=(*step.commands, *commands))
    asked = Slot(fleet=policy_of(state).fleet, key=waiting[0])
    after = changed(state, asked=asked, held=held)
    return step._replace(state=after, commands=(*step.commands, *commands, _ask(after, asked, now)))


def _begin(state: InterlockState, slot: Slot, now: datetime, trace: str | None) -> Step:
    training, release, scoring, evaluation = state.training, state.release, state.scoring, state.evaluation
    match next((run.kind for run in state.in_flight if run.key == slot.key), None):
        case "training" if training is not None:
            return begin_training(state, training, now)
        case "release" if release is not None:
            return begin_release(state, release, now) if release.queued else give_slot(state, release, trace)
        case "scoring" if scoring is not None:
            return begin_scoring(state, scoring, now)
        case "evaluation" if evaluation is not None:
            return begin_evaluation(state, evaluation, now)
        case _:
            return Step(state, (), "gave the slot back", f"The {slot.key} does not wait for a slot any more.")


def _ask(state: InterlockState, slot: Slot, now: datetime) -> AskForSlot:
    limit = policy_of(state).at_once or NO_LIMIT
    return AskForSlot(input=SlotAsk(fleet=slot.fleet, model=state.model, key=slot.key, limit=limit, at=now))


def _give_back(state: InterlockState, slot: Slot, now: datetime) -> ReturnSlot:
    return ReturnSlot(input=SlotReturn(fleet=slot.fleet, model=state.model, key=slot.key, at=now))
