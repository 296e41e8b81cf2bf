"""Rows in quarantine as people look at them: blobs of the data container, read in pieces. All of it blocks.

Raw rows are shown only where it is certain that nothing in them is personal: a recipe may mark columns, and a row that
could not be read cannot be cut into columns.
"""

import io
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from itertools import takewhile
from typing import Any, Final

from functions import adapters, sight
from shared.conditioning.engine.quarantine import QuarantinedRow, read_quarantine
from shared.conditioning.engine.tables import record_pieces
from shared.contracts.conditioning import BlobArrival
from shared.errors import ConfigurationError, PermanentError
from shared.fleet.fleet import Fleet

_FOLDER: Final = "quarantine/"
_READ_BYTES: Final = 256 << 10
#: Bytes of a blob that are looked through for one answer.
SCANNED_BYTES: Final = 32 << 20


@dataclass
class Quarantined:
    """What is in quarantine of one raw file, or of one table.

    Attributes:
        path: The blob, in the data container.
        source: The source's name in the fleet file.
        at: When it was written.
        files: Paths of the raw files.
        rules: Rejected rows by rule.
        complete: Whether all of it was counted; of a large blob only the beginning is.
    """

    path: str
    source: str
    at: datetime
    files: list[str] = field(default_factory=list)
    rules: Counter[str] = field(default_factory=Counter)
    complete: bool = True

    def to_json(self) -> dict[str, Any]:
        """For an answer, with the number of rows."""
        return {
            "path": self.path,
            "source": self.source,
            "files": self.files,
            "rows": self.rules.total(),
            "rules": dict(self.rules.most_common()),
            "complete": self.complete,
            "at": self.at.isoformat(),
        }


@dataclass(frozen=True)
class Page:
    """Some rejected rows of a blob.

    Attributes:
        rows: As they were written, in order.
        next: Offset at which the next page begins; `None` at the end.
    """

    rows: list[QuarantinedRow]
    next: int | None


def find_quarantined(source: str | None, file: str | None, limit: int) -> list[Quarantined]:
    """What is in quarantine, newest first; of some models' readers, what came of files that one of these works with.

    Args:
        source: Only of this source.
        file: Only of this raw file, by its path in the landing container.
        limit: At most so many blobs are counted.
    """
    if source is not None and not source.isprintable():
        return []  # storage answers a failure for a prefix that XML cannot have
    blobs = [blob for prefix in _prefixes(source, file) for blob in adapters.data().list(prefix)]
    newest_first = sorted(blobs, key=lambda blob: (blob.at, blob.path), reverse=True)
    found: list[Quarantined] = []
    for blob in newest_first:
        if len(found) == limit:
            break
        if file is None or _is_of(blob, file):
            counted = _counted(blob)
            if counted.rules or sight.is_whole():
                found.append(counted)
    return found


def read_page(path: str, after: int, limit: int, rule: str | None) -> Page:
    """Rejected rows of a blob from an offset on.

    Args:
        path: The blob, in the data container.
        after: Where the page begins: 0, or `next` of the page before.
        limit: At most so many rows.
        rule: Only those that break this rule.

    Raises:
        PermanentError: There is no such blob (`BlobNotFound`), or no row in it that may be seen.
        ValueError: No row begins at that offset.
    """
    blob = next((blob for blob in adapters.data().list(path) if blob.path == path), None)
    if blob is None or not (sight.is_whole() or _counted(blob).rules):
        raise PermanentError("BlobNotFound", f"{path} is not in quarantine; it may have expired")
    if after and adapters.data().read_range(path, after - 1, 1) != b"\n":
        raise ValueError(f"no row of {path} begins at byte {after}")
    size, seen = blob.size, _seen(source_of(path))
    rows: list[QuarantinedRow] = []
    end = after
    for end, row in _rows(path, after):
        if rule in (None, row.rule) and seen(row.file):
            rows.append(row)
        if len(rows) == limit or end - after >= SCANNED_BYTES:
            break
    return Page(rows, end if (rows and end < size) or after < end < size else None)


def shown(rows: list[QuarantinedRow], source: str) -> list[dict[str, Any]]:
    """Rows for an answer; `raw` is null where it may hold something personal."""

    @cache
    def may_be_shown(file: str) -> bool:
        return _is_impersonal(file, source)

    return [
        {
            "file": row.file,
            "row": row.row,
            "line": row.line,
            "offset": row.offset,
            "rule": row.rule,
            "reason": row.reason,
            "raw": row.raw if may_be_shown(row.file) else None,
        }
        for row in rows
    ]


def source_of(path: str) -> str:
    """The source that a blob in quarantine is of."""
    return path.removeprefix(_FOLDER).partition("/")[0]


def _prefixes(source: str | None, file: str | None) -> list[str]:
    if source is not None:
        return [f"{_FOLDER}{source}/"]
    if not sight.is_whole():
        return [f"{_FOLDER}{name}/" for name in sorted({name for one in adapters.fleets().all for name in one.sources})]
    if file is None:
        return [_FOLDER]
    claimed = dict.fromkeys(claim.source for claim in adapters.fleets().claims(file))
    return [f"{_FOLDER}{name}/" for name in claimed] or [_FOLDER]


def _is_of(blob: BlobArrival, file: str) -> bool:
    """Whether rows of a raw file are in a blob; rows of several files are in the order of the files."""
    looked_at = takewhile(lambda one: one[0] <= SCANNED_BYTES, _rows(blob.path, 0))
    return any(row.file == file for _, row in looked_at)


def _counted(blob: BlobArrival) -> Quarantined:
    found = Quarantined(blob.path, source_of(blob.path), blob.at)
    seen = _seen(found.source)
    for end, row in _rows(blob.path, 0):
        if seen(row.file):
            found.rules[row.rule] += 1
            if row.file not in found.files:
                found.files.append(row.file)
        if end >= SCANNED_BYTES:
            found.complete = end >= blob.size
            break
    return found


def _seen(source: str) -> Callable[[str], bool]:
    """Whether who asks may see rows of a raw file, whose blob is of a source."""

    @cache
    def seen(file: str) -> bool:
        return sight.sees_path(file, source)

    return seen


def _rows(path: str, start: int) -> Iterator[tuple[int, QuarantinedRow]]:
    """Each row, with the offset past it."""
    for record in _records(path, start):
        start += len(record)
        for row in read_quarantine(record):  # of the header there is none
            yield start, row


def _records(path: str, start: int) -> Iterator[bytes]:
    for piece in record_pieces(_blocks(path, start)):
        record = b""
        for line in io.BytesIO(piece):
            record += line
            if not record.count(b'"') % 2:  # quotes are doubled inside quotes
                yield record
                record = b""


def _blocks(path: str, start: int) -> Iterator[bytes]:
    while content := adapters.data().read_range(path, start, _READ_BYTES):
        yield content
        start += len(content)
        if len(content) < _READ_BYTES:
            return


def _is_impersonal(file: str, source: str) -> bool:
    """Whether the recipes that read a file mark nothing as personal; not when nobody can tell.

    One of a fleet that the caller may not see counts, too.
    """
    with sight.everything():
        recipes = [
            (fleet, claim.cell) for fleet in adapters.fleets().all for claim in [fleet.claim(file)]
            if claim is not None and claim.source == source
        ]  # fmt: skip
    return bool(recipes) and not any(_is_personal(fleet, source, cell) for fleet, cell in recipes)


def _is_personal(fleet: Fleet, source: str, cell: dict[str, str]) -> bool:
    from shared.conditioning.recipe.facts import personal_columns  # noqa: PLC0415 - loads pydantic models
    from shared.conditioning.recipe.loader import load_recipe  # noqa: PLC0415 - loads yaml

    try:
        return bool(personal_columns(load_recipe(fleet.recipe_path(source, cell), fleet.path.parent)))
    except (ConfigurationError, PermanentError):
        return True
