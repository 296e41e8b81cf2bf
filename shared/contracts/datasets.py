"""Raw files, and the dataset versions made of them."""

from datetime import date

from shared.contracts.base import Contract, Instant
from shared.contracts.policy import ModelPolicy


class BlobArrival(Contract):
    """A file that has landed completely.

    Attributes:
        container: The container that it lies in.
        path: Its path inside the container.
        etag: Without quotes; a replaced file has another one.
        size: Bytes.
        at: When the storage service wrote it.
    """

    container: str
    path: str
    etag: str
    size: int
    at: Instant

    @property
    def key(self) -> str:
        """What makes this arrival the same one on every delivery: one blob can raise two or three events."""
        return f"{self.container}/{self.path}@{self.etag}"


class SourceFile(Contract):
    """A landed file that a source of the fleet claims."""

    source: str
    path: str
    etag: str
    size: int


class ConditionDatasetInput(Contract):
    """Input of `condition_dataset`: look whether this cell of the dataset is complete, and publish it if so.

    Attributes:
        fleet: The fleet file's name.
        dataset: The dataset's name in that file.
        cell: The labels read from the path: `{"origin": "JFK", "year": "2013"}`.
        cause: Key of the arrival that asks; part of the instance id.
        at: When the arrival happened.
        trace: W3C traceparent.
    """

    fleet: str
    dataset: str
    cell: dict[str, str]
    cause: str
    at: Instant
    trace: str | None = None

    @property
    def key(self) -> str:
        """The same for every delivery of the arrival."""
        return f"{self.fleet}/{self.dataset}/{self.subject}@{self.cause}"

    @property
    def subject(self) -> str:
        """The cell, for a person: `departures origin=JFK year=2013`."""
        return " ".join((self.dataset, *(f"{label}={value}" for label, value in self.cell.items())))


class SourceFiles(Contract):
    """Which sources of a cell have landed.

    Attributes:
        present: One file per source.
        missing: Names of the sources whose file is not there yet.
    """

    present: tuple[SourceFile, ...]
    missing: tuple[str, ...]


class ConditionSourceInput(Contract):
    """Input of `condition_source`: one raw file through its recipe."""

    fleet: str
    file: SourceFile
    trace: str | None = None


class ConditionedSource(Contract):
    """A raw file in standard form.

    Attributes:
        source: The source's name in the fleet file.
        raw: The file that it was made of.
        raw_sha256: Hash of the raw bytes: the identity that a re-upload of the same bytes keeps.
        recipe_sha256: Hash of the recipe file.
        path: The standard CSV, in the data container.
        sha256: Hash of the standard CSV.
        rows_in: Records read; always `rows_out + rejected`.
        rows_out: Rows in the standard CSV.
        rejected: Rows in quarantine.
        reasons: Rejected rows by reason.
        quarantine: The rejected rows with their reasons, in the data container; absent when there are none.
        columns: Name and type of each column.
    """

    source: str
    raw: SourceFile
    raw_sha256: str
    recipe_sha256: str
    path: str
    sha256: str
    rows_in: int
    rows_out: int
    rejected: int
    reasons: dict[str, int]
    quarantine: str | None
    columns: dict[str, str]


class PublishDatasetInput(Contract):
    """Input of `publish_dataset`: the sources of one cell, all conditioned."""

    dataset: str
    cell: dict[str, str]
    sources: tuple[ConditionedSource, ...]
    trace: str | None = None


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


class ConcernedModelsInput(Contract):
    """Input of `find_concerned_models`: a page, since policies of a large fleet do not fit into one payload."""

    fleet: str
    dataset: DatasetRef
    page: int = 0
    trace: str | None = None


class ConcernedModels(Contract):
    """Models that are trained on a dataset version, a page of them."""

    policies: tuple[ModelPolicy, ...]
    more: bool


class FindDatasetInput(Contract):
    """Input of `find_dataset`.

    Attributes:
        labels: The model's labels; a dataset's cell must agree with them.
        version: The version asked for; the newest one when absent.
    """

    dataset: str
    labels: dict[str, str]
    version: str | None = None
    trace: str | None = None


class DatasetOutcome(Contract):
    """Result of `condition_dataset`.

    Attributes:
        published: The version, when every source was there.
        waiting_for: The sources that were missing, otherwise.
        told: How many models were told.
    """

    published: DatasetRef | None
    waiting_for: tuple[str, ...] = ()
    told: int = 0
