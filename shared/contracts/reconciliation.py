"""Finding what was lost: landed files and registered versions whose event never came."""

from shared.contracts.base import Contract, Instant
from shared.contracts.datasets import BlobArrival, ConditionDatasetInput
from shared.contracts.policy import ModelPolicy
from shared.contracts.registry import RegisteredVersion


class ReconcileInput(Contract):
    """Input of `reconcile_events`.

    Attributes:
        asked_by: `timer`, or who asked on demand.
        settle_seconds: Younger things are left alone: their event may still be under way.
    """

    asked_by: str
    at: Instant
    settle_seconds: int = 30
    trace: str | None = None


class LostArrival(Contract):
    """A lost file, and the cells of datasets that it belongs to."""

    arrival: BlobArrival
    orders: tuple[ConditionDatasetInput, ...]


class LostArrivals(Contract):
    """Files that a source claims and of which no delivery is recorded; a few at a time."""

    arrivals: tuple[LostArrival, ...]


class LostVersion(Contract):
    """A lost version, and what its interlock must be told with it."""

    version: RegisteredVersion
    policy: ModelPolicy


class LostVersions(Contract):
    """Versions of models of the fleet that no delivery has told of; a few at a time."""

    versions: tuple[LostVersion, ...]


class ReconcileOutcome(Contract):
    """Result of `reconcile_events`: what was found and handed on as if its event had come."""

    arrivals: tuple[str, ...]
    versions: tuple[str, ...]
