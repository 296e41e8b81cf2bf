"""The sources of one cell, all conditioned, as a dataset version."""

from shared.contracts.base import Contract, Instant
from shared.contracts.conditioning import ConditionedSource
from shared.contracts.datasets import DatasetRef


class DatasetPublished(DatasetRef):
    """Result of `publish_dataset`: the version.

    Attributes:
        warnings: What its recipes only warn of.
    """

    warnings: tuple[str, ...] = ()

    @property
    def ref(self) -> DatasetRef:
        """The version alone, as everybody else knows it."""
        return DatasetRef.model_validate(self.model_dump(exclude={"warnings"}))


class PublishDatasetInput(Contract):
    """Input of `publish_dataset`: the sources of one cell, all conditioned.

    Attributes:
        listing: What was found of the cell; its gaps and replacements are noted in the manifest.
        at: When the arrival happened that this version follows from.
    """

    fleet: str
    dataset: str
    cell: dict[str, str]
    sources: tuple[ConditionedSource, ...]
    listing: str
    at: Instant
    trace: str | None = None


class DatasetOutcome(Contract):
    """Result of `condition_dataset`.

    Attributes:
        published: The version, when every source was there.
        reason: What it waits for, or what was published, for a person.
        waiting_for: The sources that were missing, otherwise.
        left_to: The file that landed later and makes the version, otherwise.
        told: How many models were told.
    """

    published: DatasetRef | None
    reason: str
    waiting_for: tuple[str, ...] = ()
    left_to: str | None = None
    told: int = 0
