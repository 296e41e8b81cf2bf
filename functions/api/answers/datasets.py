"""What is answered of dataset versions, and of what they were made of."""

from pydantic import ConfigDict, JsonValue

from shared.contracts.base import Contract, Instant


class ListedVersion(Contract):
    """A dataset version.

    Attributes:
        cell: Its labels.
        rejected: Rows in quarantine.
        ends: Last day of its period; null where it has none.
        at: When it was published.
        present: Whether it is its cell's present one.
    """

    version: str
    cell: dict[str, str]
    rows: int
    rejected: int
    ends: str | None
    at: Instant
    present: bool


class ListedDataset(Contract):
    """A dataset with its versions.

    Attributes:
        more: Whether there are more than were asked for.
    """

    fleet: str
    dataset: str
    versions: tuple[ListedVersion, ...]
    more: bool


class Datasets(Contract):
    """Datasets of all fleets, or of those that were asked for."""

    datasets: tuple[ListedDataset, ...]


class Manifest(Contract):
    """What a dataset version was made of, as it was written down when it was published.

    Attributes:
        sources: Each with its files, their hashes, its recipe's and its profile.
    """

    model_config = ConfigDict(extra="allow")

    dataset: str
    version: str
    cell: dict[str, str]
    rows: int
    rejected: int
    sources: tuple[dict[str, JsonValue], ...]


class Publication(Contract):
    """Where a version was published.

    Attributes:
        present: Whether it is its cell's present one.
    """

    fleet: str
    at: Instant
    present: bool


class DescribedVersion(Contract):
    """A dataset version: what it was made of, and where it was published."""

    manifest: Manifest
    published: tuple[Publication, ...]
