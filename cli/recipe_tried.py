"""What a recipe makes of a file, as it is shown."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.conditioning.engine.quarantine import QuarantinedRow
from shared.contracts.conditioning import Counted


@dataclass(frozen=True)
class TriedRow:
    """One of the first records that could be read.

    Attributes:
        line: Where it begins, from 1; of Parquet the row's number.
        before: Raw values by standard name.
        after: Values as they are written, by name; `None` where it is not kept.
        rule: What rejects it; `filter` where that leaves it out; empty where it is kept.
        reason: For a person.
    """

    line: int
    before: dict[str, str | None]
    after: dict[str, str] | None
    rule: str = ""
    reason: str = ""


@dataclass
class TriedRule:
    """A rule, and what it did.

    Attributes:
        severity: `reject`, `warn` or `fail`.
        count: Rows that break it.
        example: The first of them, where it is known.
        note: Anything else that a person should know.
    """

    severity: str
    count: int = 0
    example: QuarantinedRow | None = None
    note: str = ""


@dataclass
class Trial:
    """What a recipe makes of a file.

    Attributes:
        file: Its path.
        header: The columns that the file has.
        types: Type of each column of the output.
        rows: The first rows.
        table: The first rows of the output, where steps over the whole table come after those row by row.
        counts: What became of every row; absent when the file cannot be read.
        rules: By name, those that nothing broke included.
        refused: Why the file would be refused; empty when it would not.
    """

    file: str
    header: tuple[str, ...] = ()
    types: Mapping[str, str] = field(default_factory=dict)
    rows: list[TriedRow] = field(default_factory=list)
    table: list[dict[str, str]] = field(default_factory=list)
    counts: Counted | None = None
    rules: dict[str, TriedRule] = field(default_factory=dict)
    refused: str = ""
