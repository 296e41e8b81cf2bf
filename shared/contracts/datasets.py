"""Published dataset versions, and who is told of them."""

from datetime import date

from shared.contracts.base import Contract, Instant
from shared.contracts.policy import ModelPolicy


class DatasetRef(Contract):
    """A published dataset version: where it is, not what is in it.

    Attributes:
        dataset: Its name in the fleet file.
        version: Content-addressed: the same files and recipes give the same version.
        cell: Its labels.
        path: Folder in the data container with one CSV per source and `manifest.json`.
        rows: Rows over all sources.
        rejected: Rows in quarantine over all sources.
        ends: Last day of the cell's period; absent when no label of the cell is a period.
    """

    dataset: str
    version: str
    cell: dict[str, str]
    path: str
    rows: int
    rejected: int
    ends: date | None = None


class IndexedDataset(Contract):
    """A published version, as the index of datasets knows it.

    Attributes:
        at: When the arrival happened that it follows from.
    """

    fleet: str
    dataset: DatasetRef
    at: Instant


class IndexPage(Contract):
    """Some entries of the index.

    Attributes:
        next: Where the next page begins; absent on the last one.
    """

    entries: tuple[IndexedDataset, ...]
    next: str | None = None


class ConcernedModelsInput(Contract):
    """Input of `find_concerned_models`: a page, since policies of a large fleet do not fit into one payload."""

    fleet: str
    dataset: DatasetRef
    page: int = 0
    trace: str | None = None


class ConcernedModels(Contract):
    """Models that are trained on a dataset version, a page of them.

    Attributes:
        pages: How many pages there are.
        replaced_by: The present version of the cell where a later arrival has led to another one; then there are none.
    """

    policies: tuple[ModelPolicy, ...]
    pages: int
    replaced_by: str | None = None


class TellModelsInput(Contract):
    """Input of `tell_models`: tell the models of some pages that a dataset version is there."""

    fleet: str
    dataset: DatasetRef
    at: Instant
    first_page: int
    pages: int
    trace: str | None = None


class ModelsTold(Contract):
    """Result of `tell_models`: how many."""

    told: int


class FindDatasetInput(Contract):
    """Input of `find_dataset`.

    Attributes:
        labels: The model's labels; a dataset's cell must agree with them.
        version: The version asked for; the newest one when absent.
        as_of: Versions whose period was not over at this moment are not seen.
    """

    fleet: str
    dataset: str
    labels: dict[str, str]
    version: str | None = None
    as_of: Instant | None = None
    trace: str | None = None
