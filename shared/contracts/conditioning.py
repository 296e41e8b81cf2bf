"""Raw files that land, and their way to a dataset version."""

from shared.contracts.base import Contract, Instant
from shared.contracts.datasets import DatasetRef


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
        cause: Key of the arrival that asks, or the deadline that has passed; part of the instance id.
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

    @staticmethod
    def cause_of(key: str) -> str:
        """The cause in a key; labels hold no slash, a cause does."""
        subject, _, rest = key.partition("/")[2].partition("/")[2].partition("/")
        return f"{subject.rpartition('@')[2]}/{rest}"

    @property
    def subject(self) -> str:
        """The cell, for a person: `departures origin=JFK year=2013`."""
        return " ".join((self.dataset, *(f"{label}={value}" for label, value in self.cell.items())))


class SourceFilesOfCell(Contract):
    """The landed files of one source that belong to a cell.

    Attributes:
        files: In the order in which they are joined.
        gaps: Periods before the cell's own of which no file has landed, though the source is wanted since then.
        earlier: Whether these are files of an earlier period, in place of those that did not come in time.
    """

    source: str
    files: tuple[SourceFile, ...]
    gaps: tuple[str, ...] = ()
    earlier: bool = False


class CellListing(Contract):
    """All landed files of a cell: a JSON in the data container, since 500 files do not fit into a payload."""

    sources: tuple[SourceFilesOfCell, ...]


class MissingSource(Contract):
    """A source that a cell waits for, and why."""

    source: str
    reason: str


class SourceFiles(Contract):
    """Result of `find_source_files`: which sources of a cell have landed.

    Attributes:
        listing: Where the `CellListing` lies in the data container, under the hash of its content; absent while the
            cell waits.
        present: Names of the sources in it.
        missing: What the cell waits for.
        late_since: The deadline that has passed while something was missing.
        give_up: Whether the fleet file says that a late cell fails.
        replaced: What did not come in time, and is replaced by files of an earlier period.
    """

    listing: str | None
    present: tuple[str, ...]
    missing: tuple[MissingSource, ...] = ()
    late_since: Instant | None = None
    give_up: bool = False
    replaced: tuple[MissingSource, ...] = ()


class ConditionSourceInput(Contract):
    """Input of `condition_source`: the files of one source in a cell through their recipe."""

    fleet: str
    source: str
    cell: dict[str, str]
    listing: str
    trace: str | None = None


class ConditionedFile(Contract):
    """A raw file in standard form.

    Attributes:
        raw: The file that it was made of.
        raw_sha256: Hash of the raw bytes: the identity that a re-upload of the same bytes keeps.
        recipe_sha256: Hash of the recipe file.
        path: The standard CSV, in the data container.
        rows_in: Records read; always `rows_out + rejected`.
        rows_out: Rows in the standard CSV.
        rejected: Rows in quarantine.
        reasons: Rejected rows by reason.
        quarantine: The rejected rows with their reasons, in the data container; absent when there are none.
        columns: Name and type of each column.
    """

    raw: SourceFile
    raw_sha256: str
    recipe_sha256: str
    path: str
    rows_in: int
    rows_out: int
    rejected: int
    reasons: dict[str, int]
    quarantine: str | None
    columns: dict[str, str]


class ConditionedFiles(Contract):
    """The conditioned files of one source in a cell: a JSON in the data container."""

    files: tuple[ConditionedFile, ...]


class ConditionedSource(Contract):
    """The files of one source in a cell, all in standard form and with the same columns.

    Attributes:
        source: The source's name in the fleet file.
        raw_sha256: Of one file its own hash; of several a hash over theirs, in their order.
        recipe_sha256: Hash of the recipe file.
        path: Where the `ConditionedFiles` lie in the data container.
        files: How many there are.
        rows_in: Records read; always `rows_out + rejected`.
        rows_out: Rows in the standard CSVs.
        rejected: Rows in quarantine.
        reasons: Rejected rows by reason.
        columns: Name and type of each column.
    """

    source: str
    raw_sha256: str
    recipe_sha256: str
    path: str
    files: int
    rows_in: int
    rows_out: int
    rejected: int
    reasons: dict[str, int]
    columns: dict[str, str]


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
        told: How many models were told.
    """

    published: DatasetRef | None
    reason: str
    waiting_for: tuple[str, ...] = ()
    told: int = 0
