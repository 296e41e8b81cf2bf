"""One raw file through its recipe: the standard CSV, the quarantine, and counts that must add up."""

import csv
import io
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shared.conditioning.recipe import Recipe, missing_column
from shared.conditioning.records import Records, Rejection, read_records
from shared.errors import PermanentError

if TYPE_CHECKING:
    import polars as pl

_QUARANTINE_HEADER: Final = ("line", "rule", "reason", "raw")


@dataclass(frozen=True)
class Conditioned:
    """A raw file in standard form. The same bytes and recipe give the same bytes.

    Attributes:
        csv: The rows kept: UTF-8, header, comma, line feed; dates as YYYY-MM-DD, true and false, no value as nothing.
        quarantine: The other rows as CSV: line in the raw file, rule, reason, and the row as it was delivered.
            Empty bytes when there are none.
        rows_in: Records read; `rows_out + rejected`.
        rows_out: Rows kept.
        rejected: Rows in quarantine.
        reasons: Rejected rows by the first rule that they break: `field_count`, `date.not_a_date`.
        columns: Type of each column: text, integer, number, date or boolean.

    Raises:
        PermanentError: The counts do not add up (`CountsDoNotReconcile`): a fault of Signalbox.
    """

    csv: bytes
    quarantine: bytes
    rows_in: int
    rows_out: int
    rejected: int
    reasons: dict[str, int]
    columns: dict[str, str]

    def __post_init__(self) -> None:
        if self.rows_in != self.rows_out + self.rejected or self.rejected != sum(self.reasons.values()):
            counts = f"{self.rows_in} read, {self.rows_out} kept, {self.rejected} rejected, reasons {self.reasons}"
            raise PermanentError("CountsDoNotReconcile", f"rows were lost or counted twice: {counts}; report this")


def condition(content: bytes, recipe: Recipe, *, file: str = "the file") -> Conditioned:
    """Make standard CSV of a raw file. CPU-bound: about a second for 100,000 rows.

    Args:
        content: The raw file's bytes.
        recipe: What it looks like, and what must hold.
        file: Its name, for messages.

    Returns:
        The rows kept and the rows rejected. It may be that no row is kept.

    Raises:
        PermanentError: The file as a whole cannot be used: not UTF-8, empty, without rows, without a column that the
            recipe needs, or with a quote that is never closed.
    """
    from shared.conditioning.rules import BROKEN, check  # noqa: PLC0415 - polars is loaded at first use

    records = read_records(content, recipe.delimiter, file)
    if not records.rows and not records.rejected:
        raise PermanentError("NoRows", f"{file} has a header but no rows; deliver it again with its rows")
    raw = _raw_columns(records, recipe, file)
    checked = check(raw, recipe)
    kept = checked.filter(checked[BROKEN].is_null()).drop(BROKEN)
    rejected = sorted(
        [*records.rejected, *_rejections(raw, checked[BROKEN], records, recipe)], key=lambda rejection: rejection.line
    )
    return Conditioned(
        csv=kept.write_csv().encode(),
        quarantine=_quarantine(rejected),
        rows_in=len(records.rows) + len(records.rejected),
        rows_out=kept.height,
        rejected=len(rejected),
        reasons=dict(sorted(Counter(rejection.rule for rejection in rejected).items())),
        columns={
            name: "boolean" if column.type == "present" else column.type for name, column in recipe.columns.items()
        },
    )


def _raw_columns(records: Records, recipe: Recipe, file: str) -> "pl.DataFrame":
    """The texts of the recipe's columns, by standard name."""
    import polars as pl  # noqa: PLC0415 - loaded at first use

    _check_header(records.header, recipe, file)
    places = {name: records.header.index(column.source) for name, column in recipe.columns.items()}
    return pl.DataFrame(
        {name: [row[place] for row in records.rows] for name, place in places.items()},
        schema=dict.fromkeys(places, pl.String),
    )


def _check_header(header: list[str], recipe: Recipe, file: str) -> None:
    wanted = list(dict.fromkeys(column.source for column in recipe.columns.values()))
    missing = [name for name in wanted if name not in header]
    if missing:
        faults = "; ".join(missing_column(name, header) for name in missing)
        raise PermanentError("MissingColumn", f"{file}: {faults}; deliver the column, or correct `from` in the recipe")
    twice = [name for name in wanted if header.count(name) > 1]
    if twice:
        what = f"{file}: the header has the column `{twice[0]}` {header.count(twice[0])} times"
        raise PermanentError("DuplicateColumn", f"{what}; deliver it once")


def _rejections(raw: "pl.DataFrame", broken: "pl.Series", records: Records, recipe: Recipe) -> list[Rejection]:
    from shared.conditioning.rules import explain  # noqa: PLC0415 - polars is loaded at first use

    rejections = []
    for index in broken.is_not_null().arg_true():
        name, _, rule = broken[index].partition(".")
        first, last = records.spans[index]
        reason = f"line {first}: {name}: {explain(rule, recipe.columns[name], raw[name][index])}"
        rejections.append(Rejection(first, broken[index], reason, records.raw(first, last)))
    return rejections


def _quarantine(rejected: list[Rejection]) -> bytes:
    if not rejected:
        return b""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_QUARANTINE_HEADER)
    writer.writerows((rejection.line, rejection.rule, rejection.reason, rejection.raw) for rejection in rejected)
    return text.getvalue().encode()
