"""`model_interlock`: one durable entity per model around the pure decision in `shared.interlock`."""

from typing import TYPE_CHECKING, Any

from durabletask.entities import DurableEntity, EntityInstanceId

from shared import names

if TYPE_CHECKING:
    from shared.interlock.commands import Command
    from shared.interlock.decide import Decision


class ModelInterlock(DurableEntity):
    """Serializes everything that happens to a model.

    The state, what it starts and what it asks of the fleet's slots are kept in one transaction.
    """

    def receive(self, event: Any) -> None:
        """An event as a signal: nobody waits for an answer, and none may be lost."""
        if self._decide(event) is None:
            from shared.interlock.state import put_aside

            # It waits in the state for the code that wrote it: a signal whose operation raises is gone for good.
            self.set_state(put_aside(self.get_state(dict) or {}, event))

    def request(self, event: Any) -> dict[str, Any]:
        """An event as a call: the asker gets an answer; what is refused is not carried out later, either."""
        from shared.contracts.interlock import RequestAnswer

        decision = self._decide(event)
        if decision is None or decision.answer is None:
            reason = "The model's state or the request could not be read by this version of the app: ask again later."
            return RequestAnswer(decision="refused", attempt=None, reason=reason).to_wire()
        return decision.answer.to_wire()

    def progress(self, attempt: int) -> dict[str, Any]:
        """How a training stands, for those who asked for it."""
        from shared.interlock.decide import progress
        from shared.interlock.state import upcast

        return progress(upcast(self.get_state(dict)), attempt).to_wire()

    def _decide(self, event: Any) -> "Decision | None":
        from shared.interlock.decide import receive
        from shared.interlock.state import StateFromTheFutureError, upcast

        try:
            state = upcast(self.get_state(dict))
        except StateFromTheFutureError:
            return None
        decision = receive(state, event)
        self.set_state(decision.state.to_wire())
        for command in decision.commands:
            self._carry_out(command)
        return decision

    def _carry_out(self, command: "Command") -> None:
        from shared.interlock.commands import AskForSlot, ReturnSlot

        order = command.input.to_wire()
        if isinstance(command, AskForSlot | ReturnSlot):
            self.signal_entity(EntityInstanceId(names.JOB_SLOTS, command.input.fleet), command.operation, order)
        else:
            self.schedule_new_orchestration(command.orchestrator, order, instance_id=command.instance)
