"""Feeding an interlock."""

from typing import Any

from shared.contracts.interlock import AnyInterlockEvent
from shared.contracts.read_model import ModelRow
from shared.interlock.commands import RecordModel
from shared.interlock.decide import decide
from shared.interlock.row import model_row
from shared.interlock.state import InterlockState, upcast


def play(*events: AnyInterlockEvent, state: InterlockState | None = None) -> tuple[InterlockState, list[Any]]:
    """Feed events; the state afterwards and everything that was ordered, without the read model's updates."""
    current, ordered = state or InterlockState(), []
    for event in events:
        decision = decide(current, event)
        current = upcast(decision.state.to_wire())
        ordered += [command for command in decision.commands if not isinstance(command, RecordModel)]
    return current, ordered


def kinds(ordered: list[Any]) -> list[str]:
    """What was ordered, by name."""
    return [type(command).__name__ for command in ordered]


def row_of(state: InterlockState) -> ModelRow:
    """What the read model shows."""
    row = model_row(state)
    assert row is not None
    return row
