"""The entity beside newer code's state: signals wait for that code, and what is refused is not carried out later."""

from typing import Any

from functions.entities.model_interlock import ModelInterlock
from tests.shared.interlock.builders import published
from tests.shared.interlock.order_builders import rollback_ordered

NEWER: dict[str, Any] = {"schema_version": 99, "new": True}


class _Entity(ModelInterlock):
    """With a state that is a plain value."""

    def __init__(self, state: dict[str, Any]) -> None:
        super().__init__()
        self.kept = state

    def get_state(self, intended_type: Any = None, default: Any = None) -> Any:
        return self.kept

    def set_state(self, state: Any) -> None:
        self.kept = state


def test_a_signal_waits_for_the_newer_code() -> None:
    """Nobody tells it again."""
    entity, event = _Entity(NEWER), published().to_wire()
    entity.receive(event)
    assert entity.kept == {**NEWER, "unread_events": [event]}


def test_an_order_that_is_refused_is_not_carried_out_later() -> None:
    """Whoever gave it was told no."""
    entity = _Entity(NEWER)
    answer = entity.request(rollback_ordered().to_wire())
    assert answer["decision"] == "refused"
    assert entity.kept == NEWER
