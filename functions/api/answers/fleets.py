"""What is answered of fleets: how their models stand, what runs, waits and holds, and what is next."""

from shared.contracts.base import Contract, Instant


class ModelRun(Contract):
    """A model that runs something, or waits for its turn to."""

    model: str
    kind: str
    attempt: int


class FleetHolding(Contract):
    """A hold of a fleet, or of its models with some labels, that is on.

    Attributes:
        scope: What it is lifted by: `fleet:demand`, `label:region=rockies`.
        until: When it ends by itself; null where somebody has to lift it.
        models: How many models it is on for.
    """

    scope: str
    by: str
    reason: str
    since: Instant
    until: Instant | None
    models: int


class FleetNow(Contract):
    """One fleet at one glance.

    Attributes:
        revision: Hash of the fleet file.
        models: How many are in each state.
        at_once: How many jobs may run at the same time; any number when null.
        waiting: For their turn.
        next: When the clock starts what.
    """

    fleet: str
    environment: str | None
    revision: str
    timezone: str
    models: dict[str, int]
    at_once: int | None
    running: tuple[ModelRun, ...]
    waiting: tuple[ModelRun, ...]
    holds: tuple[FleetHolding, ...]
    next: dict[str, Instant]


class Fleets(Contract):
    """Every fleet of the app."""

    fleets: tuple[FleetNow, ...]
