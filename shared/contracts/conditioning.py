"""Raw files that land, and their way to a dataset version."""

from shared.contracts.base import Contract, Instant


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


class BlobPlace(Contract):
    """Where a blob is for anybody who may read it.

    Attributes:
        url: Of its container and path; without credentials.
        version: Id of the version that was asked for; absent where the account keeps no versions, and where the blob
            was replaced since.
    """

    url: str
    version: str | None = None


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
        left_to: Path of a file that landed later and asks for the same cell: it makes the version.
        quiet_until: When the burst of files that this one belongs to counts as over.
    """

    listing: str | None
    present: tuple[str, ...]
    missing: tuple[MissingSource, ...] = ()
    late_since: Instant | None = None
    give_up: bool = False
    replaced: tuple[MissingSource, ...] = ()
    left_to: str | None = None
    quiet_until: Instant | None = None


class ConditionSourceInput(Contract):
    """Input of `condition_source`: the files of one source in a cell through their recipe."""

    fleet: str
    source: str
    cell: dict[str, str]
    listing: str
    trace: str | None = None


class Counted(Contract):
    """What became of every row: `rows_in = rows_out + rejected + filtered + deduplicated + aggregated + custom`.

    Attributes:
        rows_in: Records read.
        rows_out: Rows in standard form.
        rejected: Rows in quarantine.
        filtered: Rows that the recipe's `filter` left out.
        deduplicated: Rows that gave way to another one with their key.
        aggregated: Rows that went into groups, less the groups.
        custom: Rows that custom steps over the whole table left out, less those that they added.
        reasons: Rejected rows by the first rule that they break.
        warned: Rows by broken rule of severity `warn`; they are kept.
        failed: Rows by broken rule of severity `fail`; one is enough to fail the dataset.
    """

    rows_in: int = 0
    rows_out: int = 0
    rejected: int = 0
    filtered: int = 0
    deduplicated: int = 0
    aggregated: int = 0
    custom: int = 0
    reasons: dict[str, int] = {}
    warned: dict[str, int] = {}
    failed: dict[str, int] = {}


class ConditionedFile(Counted):
    """A raw file after all that its recipe does row by row.

    Attributes:
        raw: The file that it was made of.
        raw_sha256: Hash of the raw bytes: the identity that a re-upload of the same bytes keeps.
        recipe_sha256: Hash of the recipe file and of what it refers to.
        path: Its rows as CSV, in the data container: standard, or with a leading column of their places where the
            recipe has steps over the whole table.
        quarantine: The rejected rows with their reasons, in the data container; absent when there are none.
        profile: The profile of its columns, in the data container; absent where the recipe has steps over the whole
            table, which has one itself.
        columns: Name and type of each column.
    """

    raw: SourceFile
    raw_sha256: str
    recipe_sha256: str
    path: str
    quarantine: str | None
    profile: str | None = None
    columns: dict[str, str]


class ConditionedTable(Counted):
    """The files of a source after the steps over the whole table; its counts are those of the files and of these.

    Attributes:
        path: The standard CSV, in the data container.
        quarantine: What these steps rejected; absent when there is none.
        profile: The profile of its columns.
        columns: Name and type of each column.
    """

    path: str
    quarantine: str | None
    profile: str
    columns: dict[str, str]


class ConditionedFiles(Contract):
    """The conditioned files of one source in a cell: a JSON in the data container.

    Attributes:
        table: All of them together, where the recipe has steps over the whole table.
        columns: Name and type of each column of the standard CSV.
    """

    files: tuple[ConditionedFile, ...]
    columns: dict[str, str] = {}
    table: ConditionedTable | None = None


class ConditionedSource(Counted):
    """The files of one source in a cell, all in standard form and with the same columns.

    Attributes:
        source: The source's name in the fleet file.
        raw_sha256: Of one file its own hash; of several a hash over theirs, in their order.
        recipe_sha256: Hash of the recipe file and of what it refers to.
        path: Where the `ConditionedFiles` lie in the data container.
        files: How many there are.
    """

    source: str
    raw_sha256: str
    recipe_sha256: str
    path: str
    files: int


class SourceConditioned(Contract):
    """Result of `condition_source`: the source, or the files that are too large for one activity.

    Attributes:
        done: The source, when every file of it is conditioned.
        large: Otherwise some of those that `condition_file` has to do first.
    """

    done: ConditionedSource | None = None
    large: tuple[SourceFile, ...] = ()
