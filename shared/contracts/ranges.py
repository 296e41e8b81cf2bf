"""One large file in ranges: what its orchestrations and activities tell each other."""

from pydantic import JsonValue

from shared.contracts.base import Contract
from shared.contracts.conditioning import Counted, SourceFile


class Refusal(Contract):
    """Why something can never be done as it was asked, as an orchestration tells the one that has called it."""

    code: str
    message: str


class FileConditioned(Contract):
    """Result of `condition_file`; what the file has given lies in the data container."""

    rows_in: int = 0
    rows_out: int = 0
    rejected: int = 0
    refused: Refusal | None = None


class ConditionFileInput(Contract):
    """Input of `condition_file`: one large file through its recipe, in ranges.

    Attributes:
        cell: Labels of the cell; they choose the recipe.
    """

    fleet: str
    cell: dict[str, str]
    file: SourceFile
    trace: str | None = None


class PlanFileInput(Contract):
    """Input of `plan_file`.

    Attributes:
        run: Who conditions the file: part of every block's id.
    """

    fleet: str
    cell: dict[str, str]
    file: SourceFile
    run: str
    trace: str | None = None


class FilePlan(Contract):
    """Result of `plan_file`: how a file is cut.

    Attributes:
        path: Where the layout of its columns lies in the data container.
        body: Offset of its first record.
        step: Bytes of a range; range `i` owns the records that begin in `[i * step, (i + 1) * step)`.
        ranges: How many there are.
    """

    path: str
    body: int
    step: int
    ranges: int


class ConditionRangesInput(Contract):
    """Input of `condition_ranges`: some ranges of a file, at once.

    Attributes:
        first: Index of the first range.
        count: How many, at most 50.
    """

    plan: PlanFileInput
    cut: FilePlan
    first: int
    count: int
    trace: str | None = None


class ConditionRangeInput(Contract):
    """Input of `condition_range`.

    Attributes:
        index: Of the range.
        start: Offset at which its first record begins, where that is known; guessed otherwise.
    """

    plan: PlanFileInput
    cut: FilePlan
    index: int
    start: int | None = None
    trace: str | None = None


class RangeDone(Contract):
    """Result of `condition_range`: its seams. All else lies in the data container, as a `RangePart`.

    Attributes:
        start: Offset of its first record; of a range that owns none, where one would begin.
        end: Offset past its last record.
        rows: Records read.
    """

    start: int
    end: int
    rows: int


class RangesDone(Contract):
    """Result of `condition_ranges`: all of them in their order, or why one can never be done."""

    ranges: tuple[RangeDone, ...] = ()
    refused: Refusal | None = None


class RangePart(Counted):
    """What a range gave: a JSON in the data container.

    Attributes:
        start: Offset of its first record.
        end: Offset past its last record.
        lines: Lines that end in its records.
        blocks: Ids of its blocks of the output, in order.
        quarantine: Its rejected rows, counted from its own first record; absent when there are none.
        hashes: SHA-256 of each 4 MiB of its own bytes.
        profile: The profile of its rows; absent where the whole table has one.
    """

    start: int
    end: int
    lines: int
    blocks: tuple[str, ...]
    quarantine: str | None
    hashes: tuple[str, ...]
    profile: dict[str, JsonValue] | None


class CommitFileInput(Contract):
    """Input of `commit_file`: every range is done, and every seam fits."""

    plan: PlanFileInput
    cut: FilePlan
    trace: str | None = None
