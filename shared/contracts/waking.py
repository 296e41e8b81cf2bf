"""Waking a model at a time, with what its fleet file says then."""

from shared.contracts.base import Contract, Instant
from shared.contracts.policy import ModelPolicy


class WakeModelInput(Contract):
    """Input of `wake_model`.

    Attributes:
        at: When.
    """

    model: str
    at: Instant
    trace: str | None = None


class ModelWoken(Contract):
    """Result of `wake_model`.

    Attributes:
        known: Whether a fleet file still has the model.
    """

    model: str
    known: bool


class FindPolicyInput(Contract):
    """Input of `find_policy`."""

    model: str
    trace: str | None = None


class FoundPolicy(Contract):
    """Result of `find_policy`: what the fleet files say of a model now; nothing where none has it any more."""

    policy: ModelPolicy | None = None
