"""A recipe tried on a file: all of it, through the engine that the app runs, and in bounded memory."""

import tempfile
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any, Final

import polars as pl

from cli.recipe_tried import Trial, TriedRule
from cli.recipe_watching import Examples, Watched, written
from shared.conditioning.custom import Step, load_steps
from shared.conditioning.engine.counts import added
from shared.conditioning.engine.one_pass import condition_in_one_pass
from shared.conditioning.engine.quarantine import QuarantinedRow
from shared.conditioning.engine.tables import record_pieces
from shared.conditioning.engine.verdict import check_file, check_table
from shared.conditioning.reading.header import read_layout
from shared.conditioning.reading.parquet_records import ParquetRecords
from shared.conditioning.reading.raw import FileSource, RangeSource
from shared.conditioning.reading.unpacking import is_gzip, unpack
from shared.conditioning.recipe.facts import needs_whole, personal_outputs, rule_names
from shared.conditioning.recipe.references import read_references
from shared.conditioning.recipe.schema import Recipe
from shared.conditioning.rows.standard import standard_schema, value_types, whole_steps
from shared.conditioning.rows.steps import RowSteps
from shared.conditioning.whole.places import read_placed_rows
from shared.conditioning.whole.repeats import REASON, RULE
from shared.conditioning.whole.run import Whole, run_whole
from shared.contracts.conditioning import Counted
from shared.errors import PermanentError

#: Rules that need a version that was published before, or the moment at which one is.
_LATER: Final = ("rows_vs_last", "fresh")
_READ_BYTES: Final = 1 << 20


def try_recipe(recipe: Recipe, folder: Path, sample: Path, rows: int) -> Trial:
    """Condition a file as the app would, and keep what a person wants to see.

    Args:
        recipe: A recipe without faults.
        folder: What the files that it refers to are relative to.
        sample: The raw file.
        rows: First rows that are shown.

    Raises:
        ConfigurationError: A file that the recipe refers to cannot be used.
    """
    trial = Trial(str(sample))
    try:
        with tempfile.TemporaryDirectory() as scratch:
            _Run(recipe, folder, sample, trial, Path(scratch)).go(rows)
    except PermanentError as error:
        trial.refused = error.message
    return trial


class _Run:
    def __init__(self, recipe: Recipe, folder: Path, sample: Path, trial: Trial, scratch: Path) -> None:
        self._recipe = recipe
        self._trial = trial
        self._scratch = scratch
        self._sample = sample
        custom = load_steps({one.step: folder / one.source for one in recipe.custom})
        self._whole: tuple[Step, ...] = whole_steps(recipe, custom)
        self._schema = standard_schema(recipe, custom)
        self._steps = RowSteps(recipe, read_references(recipe, folder), custom)
        self._placed = needs_whole(recipe) or bool(self._whole)
        for name, rule in zip(rule_names(recipe), recipe.rules, strict=True):
            note = "checked when a version is published" if rule.kind in _LATER else ""
            trial.rules[name] = TriedRule(rule.severity, note=note)

    def go(self, rows: int) -> None:
        trial, file = self._trial, self._sample.name
        source = FileSource(self._sample)
        trial.header = _columns_of(source, self._recipe, file)
        trial.types = value_types(self._schema)
        examples = Examples(trial, hidden=bool(self._steps.personal))
        with (self._scratch / "rows.csv").open("w+b") as table:
            sink = table if self._placed else _Nothing()
            watched = Watched(self._recipe, self._steps, file, sink, examples, placed=self._placed)
            watched.watch(self._steps, rows, trial)
            condition_in_one_pass(source, self._recipe, file, watched)
            trial.counts = watched.counts
            examples.count(watched.counts)
            check_file(watched.counts, self._recipe, file, None)
            if self._placed:
                self._run_whole(table, rows, watched.counts)

    def _run_whole(self, table: Any, rows: int, so_far: Counted) -> None:
        table.seek(0)
        content = record_pieces(iter(lambda: table.read(_READ_BYTES), b""))
        read = (read_placed_rows(piece, self._schema, 0) for piece in content)
        custom = {step.name: step.function for step in self._whole}
        whole = run_whole(self._recipe, self._schema, read, _FileScratch(self._scratch), custom=custom)
        trial = self._trial
        trial.types = value_types(whole.schema)
        hidden = personal_outputs(self._recipe)
        for frame in whole.frames:
            trial.table += islice(written(frame, hidden), max(0, rows - len(trial.table)))
        counts = _counts(whole, so_far)
        trial.counts = counts
        self._tell_rules(whole, counts)
        check_table(counts, self._recipe, self._sample.name, whole.tally.findings, None)

    def _tell_rules(self, whole: Whole, counts: Counted) -> None:
        rules = self._trial.rules
        for severity, found in (("reject", counts.reasons), ("warn", counts.warned), ("fail", counts.failed)):
            for name, count in found.items():
                rules.setdefault(name, TriedRule(severity)).count = count
        for name, finding in whole.tally.findings.items():
            rules[name].note = finding
        for frame in whole.rejections:
            values = written(frame.select(pl.exclude("*file", "*offset", RULE, REASON)), self._steps.personal)
            for (rule, reason, offset), row in zip(
                frame.select(RULE, REASON, "*offset").iter_rows(), values, strict=True
            ):
                if rules[rule].example is None:
                    raw = ",".join(row.values())
                    rules[rule].example = QuarantinedRow(self._sample.name, None, None, offset, rule, reason, raw)


class _Nothing:
    """A sink for rows that nobody looks at."""

    def write(self, content: bytes, /) -> None:
        """Forget them."""


class _FileScratch:
    """Scratch space for steps over the whole table, as files in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, name: str, content: bytes) -> None:
        """Keep bytes."""
        path = self._folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)

    def read(self, name: str, offset: int, length: int) -> bytes:
        """So many bytes of a name, from an offset."""
        with (self._folder / name).open("rb") as file:
            file.seek(offset)
            return file.read(length)

    def delete(self, name: str) -> None:
        """Forget a name."""
        (self._folder / name).unlink()


def _columns_of(source: RangeSource, recipe: Recipe, file: str) -> tuple[str, ...]:
    """The names of a file's columns."""
    if recipe.format == "parquet" and source.read(0, 4) == b"PAR1":
        return ParquetRecords(source, recipe, file).layout.names
    first = source.read(0, 2)
    head = b""
    raw = (source.read(offset, _READ_BYTES) for offset in range(0, source.size, _READ_BYTES))
    for chunk in unpack(raw, file) if is_gzip(first) else raw:
        head += chunk
        layout = read_layout(head, recipe, file, final=False)
        if layout is not None:
            return layout.names
    layout = read_layout(head, recipe, file, final=True)
    return layout.names if layout is not None else ()


def _counts(whole: Whole, so_far: Counted) -> Counted:
    """What became of the rows, row by row and then together."""
    tally = whole.tally
    together = Counted(
        rejected=tally.rejected,
        deduplicated=tally.deduplicated,
        aggregated=tally.aggregated,
        custom=sum(tally.custom.values()),
        reasons=dict(Counter(tally.reasons)),
        warned=dict(tally.warned),
        failed=dict(tally.failed),
    )
    return Counted(**(added([so_far, together]) | {"rows_out": tally.rows_out}))
