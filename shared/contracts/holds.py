"""Holds of whole fleets, or of their models with some labels: kept apart from the models, for those that come later."""

from typing import Final

from pydantic import Field

from shared.contracts.base import Contract, Instant, absent
from shared.contracts.policy import ModelPolicy
from shared.contracts.read_model import Hold

#: So many orders about a scope are known when they come again.
_REMEMBERED: Final = 20


class FleetHold(Contract):
    """The latest order about a scope of a fleet: that it is held, or not any more.

    Attributes:
        scope: What it is lifted by: `fleet:demand`, `label:region=rockies`.
        select: Values per label, any of which is meant; the whole fleet when empty.
        at: When it was ordered.
        until: When a hold ends by itself; absent where somebody has to lift it.
        lifted: Whether the order was to lift it.
        requests: The last few orders about the scope, this one last, by kind and id: none counts again.
    """

    fleet: str
    scope: str
    select: dict[str, tuple[str, ...]]
    by: str
    reason: str
    at: Instant
    until: Instant | None = None
    lifted: bool = False
    requests: tuple[str, ...] = ()

    def holds(self, at: Instant) -> bool:
        """Whether it is on."""
        return not self.lifted and (self.until is None or at < self.until)


def replacing(kept: FleetHold | None, order: FleetHold) -> FleetHold | None:
    """What is kept once an order has come; `None` where it changes nothing, since it came before.

    Of one that is older than what is kept it is only remembered that it came.
    """
    if kept is None:
        return order
    if set(order.requests) & set(kept.requests):
        return None
    latest = kept if kept.at >= order.at else order
    return latest.model_copy(update={"requests": (*kept.requests, *order.requests)[-_REMEMBERED:]})


class LookForHoldsInput(Contract):
    """Input of `look_for_holds` and `find_holds`: who holds this model, of which nothing was known until now.

    Attributes:
        at: When the model asked; each of its questions has a time of its own.
        problem: Why nobody could look so far, as the model was told.
    """

    policy: ModelPolicy
    at: Instant
    trace: str | None = None
    problem: str | None = Field(default=None, exclude_if=absent)


class FoundHolds(Contract):
    """Result of `look_for_holds` and `find_holds`."""

    holds: tuple[Hold, ...]
