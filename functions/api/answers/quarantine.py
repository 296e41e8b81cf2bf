"""What is answered of rows that were rejected."""

from shared.contracts.base import Contract, Instant


class QuarantinedBlob(Contract):
    """What is in quarantine of a raw file, or of a table.

    Attributes:
        path: To be asked for by `GET /api/quarantine/{path}`.
        files: Paths of the raw files.
        rules: Rejected rows by the rule that they break.
        complete: Whether all of it was counted; of a large one only the beginning is.
    """

    path: str
    source: str
    files: tuple[str, ...]
    rows: int
    rules: dict[str, int]
    complete: bool
    at: Instant


class Quarantine(Contract):
    """What is in quarantine, newest first."""

    quarantine: tuple[QuarantinedBlob, ...]


class RejectedRow(Contract):
    """A row that broke a rule.

    Attributes:
        row: Its number in the raw file; null where it cannot be told.
        line: Where it begins there, likewise.
        offset: The same in bytes.
        raw: As it was written; null where something in it may be personal.
    """

    file: str
    row: int | None
    line: int | None
    offset: int | None
    rule: str
    reason: str
    raw: str | None


class RejectedRows(Contract):
    """A page of rejected rows.

    Attributes:
        next: What to give as `after` for the next page; null at the end.
    """

    path: str
    source: str
    rows: tuple[RejectedRow, ...]
    next: int | None
