"""The slots of a fleet: who runs, who waits, and whose turn it is. Pure; the entity `job_slots` keeps the state.

First come, first served. Each model asks for one slot at a time, so the models of a fleet take turns without any more
rules. An ask is never replaced by a later one of the same model: messages may come out of order, and only the model
knows what it wants, so only its own return takes an ask back. Whatever comes twice, or for what is not known, changes
nothing.

The state is plain JSON, and only the message is validated: a thousand waiting asks cost no more than reading them.
"""

from datetime import datetime
from typing import Any, NamedTuple

from pydantic import ValidationError

from shared.contracts.interlock import SlotGranted
from shared.contracts.slots import SlotAsk, SlotReturn, SlotsState


class Slots(NamedTuple):
    """The state after a message, and who has a slot now."""

    state: SlotsState
    granted: tuple[SlotGranted, ...]


def no_slots() -> SlotsState:
    """Nobody has asked yet."""
    return {"limit": 1, "limit_at": None, "held": [], "waiting": []}


def ask(state: SlotsState, raw: Any) -> Slots:
    """Somebody wants a slot. Who has it already is told again: the first word may have been lost."""
    try:
        asked = SlotAsk.from_wire(raw)
    except ValidationError:
        return Slots(state, ())
    state = _limited(state, asked)
    entry = [asked.model, asked.key]
    if entry in state["held"]:
        return Slots(state, (_granted(entry, asked),))
    if entry not in state["waiting"]:
        state = {**state, "waiting": [*state["waiting"], entry]}
    return _grant(state, asked)


def give_back(state: SlotsState, raw: Any) -> Slots:
    """A run has ended, or does not want to begin any more: the next ones may."""
    try:
        returned = SlotReturn.from_wire(raw)
    except ValidationError:
        return Slots(state, ())
    entry = [returned.model, returned.key]
    held = [other for other in state["held"] if other != entry]
    waiting = [other for other in state["waiting"] if other != entry]
    return _grant({**state, "held": held, "waiting": waiting}, returned)


def _limited(state: SlotsState, asked: SlotAsk) -> SlotsState:
    """The limit of the newest ask; below one nobody could ever begin."""
    if state["limit_at"] is not None and asked.at < datetime.fromisoformat(state["limit_at"]):
        return state
    return {**state, "limit": max(1, asked.limit), "limit_at": asked.at.isoformat()}


def _grant(state: SlotsState, message: SlotAsk | SlotReturn) -> Slots:
    """Give the free slots to those that have waited longest."""
    free = max(0, state["limit"] - len(state["held"]))
    begin, wait = state["waiting"][:free], state["waiting"][free:]
    after: SlotsState = {**state, "held": [*state["held"], *begin], "waiting": wait}
    return Slots(after, tuple(_granted(entry, message) for entry in begin))


def _granted(entry: list[str], message: SlotAsk | SlotReturn) -> SlotGranted:
    model, key = entry
    return SlotGranted(model=model, at=message.at, fleet=message.fleet, key=key)
