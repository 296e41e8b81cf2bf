"""Taking a model out of service that the fleet file does not have any more."""

from shared.contracts.base import Contract, Instant
from shared.contracts.policy import ModelPolicy
from shared.contracts.release import Serving


class RetireModelInput(Contract):
    """Input of `retire_model`.

    Attributes:
        attempt: The interlock's number of this retirement.
        policy: What the fleet file said last.
        champion: The version in production; absent when there is none.
        serving: Where its predictions come from.
    """

    model: str
    attempt: int
    policy: ModelPolicy
    requested_by: str
    at: Instant
    champion: str | None = None
    serving: Serving | None = None
    trace: str | None = None


class RetirementOutcome(Contract):
    """Result of `retire_model`."""

    model: str
    attempt: int
    retired: bool
    reason: str
