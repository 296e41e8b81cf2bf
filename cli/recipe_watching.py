"""Looks at rows on their way through the engine: the first ones before and after, and one for each broken rule."""

import csv
import io
from collections.abc import Iterator

import polars as pl

from cli.recipe_tried import Trial, TriedRow, TriedRule
from shared.conditioning.engine.pieces import Pieces
from shared.conditioning.engine.quarantine import QuarantinedRow, read_quarantine
from shared.conditioning.reading.stretch import Stretch
from shared.conditioning.rows.steps import MASK, RowSteps
from shared.conditioning.rows.writing import write_rows
from shared.contracts.conditioning import Counted


class Watched(Pieces):
    """Pieces that keep the first rows as they were, and as they become."""

    def watch(self, steps: RowSteps, rows: int, trial: Trial) -> None:
        """Say how many rows to keep, and where."""
        self._watching, self._wanted, self._trial = steps, rows, trial

    def take(self, stretch: Stretch, offset: int, line: int = 0) -> None:
        """Condition a stretch; look at its first rows where some are still wanted."""
        missing = self._wanted - len(self._trial.rows)
        records, lines = self.records, self.lines + line
        if missing > 0 and stretch.frame.height:
            self._look(stretch, stretch.frame.head(missing), lines)
        super().take(stretch, offset, line)
        for name in (*self.counts.warned, *self.counts.failed):
            rule = self._trial.rules[name]
            if rule.example is None:
                self._exemplify(rule, name, stretch, records, lines, offset)

    def _exemplify(  # noqa: PLR0917 - a rule, and where the stretch lies
        self, rule: TriedRule, name: str, stretch: Stretch, records: int, lines: int, offset: int
    ) -> None:
        """Find the first row that breaks a rule which rejects none: the engine only counts these."""
        record = stretch.record_of(first_breaking(self._watching, stretch.frame, name))
        rule.example = QuarantinedRow(
            file=self._trial.file,
            row=records + record + 1,
            line=lines + int(stretch.lines[record]) + 1,
            offset=offset + int(stretch.starts[record]),
            rule=name,
            reason="it is counted, and kept" if rule.severity == "warn" else "it fails the dataset",
            raw=MASK if self._watching.personal else stretch.raw(record),
        )

    def _look(self, stretch: Stretch, head: pl.DataFrame, lines: int) -> None:
        checked = self._watching.run(head)
        after = written(checked.kept, self._watching.personal)
        kept = dict(zip(checked.rows.tolist(), after, strict=True))
        why = {row: (rule, reason) for row, rule, reason in checked.rejected}
        for row, values in enumerate(head.iter_rows(named=True)):
            before = self._watching.masked(values)
            line = lines + int(stretch.lines[stretch.record_of(row)]) + 1
            if row in kept:
                self._trial.rows.append(TriedRow(line, before, kept[row]))
            else:
                self._trial.rows.append(TriedRow(line, before, None, *why.get(row, ("filter", "left out"))))


class Examples:
    """A sink for rejected rows that keeps the first one of each rule."""

    def __init__(self, trial: Trial, *, hidden: bool) -> None:
        self._rules = trial.rules
        self._hidden = hidden

    def write(self, content: bytes, /) -> None:
        """Look at rejected rows."""
        for row in read_quarantine(content):
            rule = self._rules.setdefault(row.rule, TriedRule("reject"))
            if rule.example is None:
                rule.example = row._replace(raw=MASK) if self._hidden else row

    def count(self, counts: Counted) -> None:
        """Note how often each rule was broken."""
        for severity, found in (("reject", counts.reasons), ("warn", counts.warned), ("fail", counts.failed)):
            for name, count in found.items():
                self._rules.setdefault(name, TriedRule(severity)).count = count


def written(frame: pl.DataFrame, hidden: frozenset[str]) -> Iterator[dict[str, str]]:
    """Rows as standard CSV writes them, value by value; personal ones are masked."""
    text = io.StringIO(write_rows(frame).decode(), newline="")
    for values in csv.reader(text):
        row = dict(zip(frame.columns, values or [""], strict=True))  # the null of an only column is a blank line
        yield {name: MASK if name in hidden else value for name, value in row.items()}


def first_breaking(steps: RowSteps, rows: pl.DataFrame, name: str) -> int:
    """The first of some rows that breaks a rule; one of them does. What becomes of a row depends on that row alone."""
    first, count = 0, rows.height
    while count > 1:
        half = count // 2
        checked = steps.run(rows.slice(first, half))
        if name in checked.warned or name in checked.failed:
            count = half
        else:
            first, count = first + half, count - half
    return first
