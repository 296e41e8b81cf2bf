"""What must hold of a dataset version before it is published; a broken rule says what it required and what it got."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence

from shared.errors import PermanentError

#: Missing rows that one reason names; more are counted.
_SHOWN = 3


def rejected_fault(limit: float | None, rows_in: int, rejected: int) -> str | None:
    """Why there are too many rows in quarantine; `None` when there are not."""
    if limit is None or rejected <= limit * rows_in:
        return None
    got = f"{_percent(rejected / rows_in)} ({rejected} of {rows_in})"
    return f"max_rejected requires at most {_percent(limit)} of the rows in quarantine, got {got}"


def rows_fault(limit: float | None, rows: int, last: int | None, version: str) -> str | None:
    """Why the number of rows is too far from that of the last version; `None` when it is not, or there is none."""
    if limit is None or not last or abs(rows - last) <= limit * last:
        return None
    got = f"{rows} ({_percent(abs(rows - last) / last)} {'more' if rows > last else 'fewer'})"
    return f"rows_vs_last requires at most {_percent(limit)} more or fewer rows than the {last} of {version}, got {got}"


class Reference:
    """The rows that a dataset must have.

    A column that is named like a label of the cell chooses: only its rows with the cell's value are required.

    Args:
        content: A CSV; its header names columns of the dataset.
        file: Its name, for messages.
        cell: The cell's labels.

    Raises:
        PermanentError: `ReferenceUnusable`: it is no CSV, or has no columns or no rows.
    """

    def __init__(self, content: bytes, file: str, cell: Mapping[str, str]) -> None:
        self.file = file
        try:
            rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))
        except (UnicodeDecodeError, csv.Error) as error:
            raise PermanentError("ReferenceUnusable", f"{file} cannot be read as CSV in UTF-8: {error}") from error
        self.columns = tuple(
            column for column in (rows[0] if rows else ()) if column is not None and column not in cell
        )
        if not self.columns:
            raise PermanentError(
                "ReferenceUnusable", f"{file} must have rows, and a column that is no label of the cell"
            )
        wanted = [row for row in rows if all(row[label] == cell[label] for label in cell if label in row)]
        self._missing = dict.fromkeys(tuple(row[column] for column in self.columns) for row in wanted)

    def fits(self, columns: Iterable[str]) -> bool:
        """Whether a source with these columns can have its rows."""
        return set(self.columns) <= set(columns)

    def see(self, content: bytes) -> None:
        """Strike out the rows that a standard CSV of the dataset has."""
        for row in _values(content, self.columns):
            self._missing.pop(row, None)

    @property
    def fault(self) -> str | None:
        """What has not been seen."""
        if not self._missing:
            return None
        shown = [
            "; ".join(f"{name}={value}" for name, value in zip(self.columns, row, strict=True)) for row in self._missing
        ]
        more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
        listed = ", ".join(shown[:_SHOWN])
        return f"complete requires every row of {self.file}, got none of {listed}{more}"


def _values(content: bytes, columns: Sequence[str]) -> Iterator[tuple[str | None, ...]]:
    rows = csv.reader(io.StringIO(content.decode(), newline=""))
    header = next(rows, [])
    places = [header.index(column) for column in columns]
    return (tuple(row[place] for place in places) for row in rows)


def _percent(share: float) -> str:
    return f"{share * 100:.3g}%"
