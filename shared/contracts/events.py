"""The base of all events that reach a model's interlock."""

from shared.contracts.base import Contract, Instant


class InterlockEvent(Contract):
    """What every event carries.

    Attributes:
        at: Stamped by the trigger or orchestrator that sent it: the interlock has no clock of its own.
        trace: W3C traceparent of the delivery that it came from.
    """

    model: str
    at: Instant
    trace: str | None = None
