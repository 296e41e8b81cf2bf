"""`job_slots`: one durable entity per fleet around the pure slots in `shared.interlock`."""

from typing import TYPE_CHECKING, Any

from durabletask.entities import DurableEntity, EntityInstanceId

from shared import names

if TYPE_CHECKING:
    from shared.interlock.slots import Slots


class JobSlots(DurableEntity):
    """Hands out a fleet's slots. State and the words to the models leave in one transaction, so none gets lost."""

    def ask(self, message: Any) -> None:
        """A model wants a slot."""
        from shared.interlock.slots import ask

        self._keep(ask(self._state(), message))

    def give_back(self, message: Any) -> None:
        """A model's run has ended, or does not want to begin any more."""
        from shared.interlock.slots import give_back

        self._keep(give_back(self._state(), message))

    def _state(self) -> Any:
        from shared.interlock.slots import no_slots

        return {**no_slots(), **(self.get_state(dict) or {})}

    def _keep(self, slots: "Slots") -> None:
        self.set_state(slots.state)
        for event in slots.granted:
            entity = EntityInstanceId(names.MODEL_INTERLOCK, event.model)
            self.signal_entity(entity, names.INTERLOCK_RECEIVE, event.to_wire())
