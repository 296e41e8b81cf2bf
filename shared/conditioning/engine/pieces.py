"""Stretches of one file through the row steps: what is kept goes to one sink, what is rejected to another."""

from collections import Counter
from collections.abc import Iterator
from heapq import merge
from itertools import batched
from typing import Final

import polars as pl

from shared.conditioning.engine.quarantine import QuarantinedRow, masked_row, quarantine_csv
from shared.conditioning.engine.sinks import Sink
from shared.conditioning.profile import Profile
from shared.conditioning.reading.stretch import Stretch
from shared.conditioning.recipe.facts import personal_additions, personal_columns
from shared.conditioning.recipe.schema import Recipe
from shared.conditioning.rows.steps import MASK, Checked, RowSteps
from shared.conditioning.rows.writing import write_rows
from shared.conditioning.whole.places import OFFSET
from shared.contracts.conditioning import Counted

#: Rejected rows that are written at once.
_AT_ONCE: Final = 10_000


class Pieces:
    """Conditions the stretches of a file, or of a range of it, one after the other.

    Args:
        recipe: The file's recipe.
        steps: All that it does row by row.
        file: The file's path.
        placed: Whether rows are written with their places, for steps over the whole table.
        table: Takes the rows kept, as CSV without header.
        quarantine: Takes the others.
    """

    def __init__(
        self, recipe: Recipe, steps: RowSteps, file: str, table: Sink, quarantine: Sink, *, placed: bool
    ) -> None:
        self._steps = steps
        self._file = file
        self._table = table
        self._quarantine = quarantine
        self._placed = placed
        self._recipe = recipe
        self._personal = personal_columns(recipe)
        self._reasons: Counter[str] = Counter()
        self._warned: Counter[str] = Counter()
        self._failed: Counter[str] = Counter()
        self._kept = self._filtered = 0
        self.records = 0
        self.lines = 0
        self.profile: Profile | None = None

    def take(self, stretch: Stretch, offset: int, line: int = 0) -> None:
        """Condition a stretch.

        Args:
            stretch: Its records.
            offset: Of its first byte in the file.
            line: Lines before the first record of all, where that is known: header and blank lines.
        """
        if not stretch.count:  # a file's end mostly; the steps and the profile would cost as much as for many rows
            self.lines += stretch.lines_consumed
            return
        checked = self._steps.run(stretch.frame)
        self._keep(stretch, checked, offset)
        for rejected in batched(self._rejected(stretch, checked, offset, line), _AT_ONCE, strict=False):
            self._quarantine.write(quarantine_csv(rejected))
            self._reasons.update(row.rule for row in rejected)
        self._warned.update(checked.warned)
        self._failed.update(checked.failed)
        self._filtered += checked.filtered
        self._kept += checked.kept.height
        self.records += stretch.count
        self.lines += stretch.lines_consumed

    def skip(self, lines: int) -> None:
        """Leave out what belongs to a record that was rejected already, being too long."""
        self.lines += lines

    @property
    def counts(self) -> Counted:
        """What became of the rows so far."""
        return Counted(
            rows_in=self.records,
            rows_out=self._kept,
            rejected=self._reasons.total(),
            filtered=self._filtered,
            reasons=dict(self._reasons),
            warned=dict(self._warned),
            failed=dict(self._failed),
        )

    def _keep(self, stretch: Stretch, checked: Checked, offset: int) -> None:
        kept = checked.kept
        places = stretch.places()[checked.rows] + offset
        if self._placed:
            self._table.write(write_rows(kept.insert_column(0, pl.Series(OFFSET, places, pl.Int64))))
            return
        self._table.write(write_rows(kept))
        personal = self._personal | personal_additions(self._recipe, kept.columns)
        profile = Profile.of(kept, places, self._file, personal)
        self.profile = profile if self.profile is None else self.profile.merged(profile)

    def _rejected(self, stretch: Stretch, checked: Checked, offset: int, line: int) -> Iterator[QuarantinedRow]:
        """The malformed records and the rows that break a rule, in the order of the file."""
        malformed = ((one.record, None, one.rule, one.reason) for one in stretch.malformed)
        broken = ((stretch.record_of(row), row, rule, reason) for row, rule, reason in checked.rejected)
        for record, row, rule, reason in merge(malformed, broken):
            yield QuarantinedRow(
                file=self._file,
                row=self.records + record + 1,
                line=self.lines + line + int(stretch.lines[record]) + 1,
                offset=offset + int(stretch.starts[record]),
                rule=rule,
                reason=reason,
                raw=self._raw(stretch, record, row),
            )

    def _raw(self, stretch: Stretch, record: int, row: int | None = None) -> str:
        """A record as it was delivered, without personal values: of one that cannot be read, nothing can be shown."""
        if not self._steps.personal:
            return stretch.raw(record)
        return MASK if row is None else masked_row(self._steps.masked(stretch.frame.row(row, named=True)))
