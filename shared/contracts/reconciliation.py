"""Finding what was lost: landed files and registered versions whose event never came."""

from shared.contracts.base import Contract, Instant
from shared.contracts.conditioning import ConditionDatasetInput
from shared.contracts.policy import ModelPolicy
from shared.contracts.registry import RegisteredVersion


class ReconcileInput(Contract):
    """Input of `reconcile_events`.

    Attributes:
        settle_seconds: Younger things are left alone: their event may still be under way.
    """

    at: Instant
    settle_seconds: int = 30
    trace: str | None = None


class LostArrivals(Contract):
    """What landed files should have led to and have not; a few at a time."""

    orders: tuple[ConditionDatasetInput, ...]


class LostVersion(Contract):
    """A lost version, and what its interlock must be told with it."""

    version: RegisteredVersion
    policy: ModelPolicy


class LostVersions(Contract):
    """Versions of models of the fleet that no delivery has told of; a few at a time."""

    versions: tuple[LostVersion, ...]


class ReconcileOutcome(Contract):
    """Result of `reconcile_events`: what was found and handed on as if its event had come.

    Attributes:
        arrivals: Cells of datasets, `departures origin=JFK year=2013`.
        failed: Those of them whose conditioning failed again; the reason is with their delivery.
        versions: `model@version`.
    """

    arrivals: tuple[str, ...]
    failed: tuple[str, ...]
    versions: tuple[str, ...]
