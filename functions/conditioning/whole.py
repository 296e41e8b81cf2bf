"""The files of a source through the steps that need the whole table; what does not fit in memory waits in blobs."""

import json
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final
from uuid import uuid4

import polars as pl

from functions import adapters
from functions.conditioning.documents import CSV, JSON, find_document, keep_document
from functions.conditioning.files import ENGINE, Work, all_there, profile_path
from functions.conditioning.tables import read_blocks
from shared import names
from shared.conditioning.custom import Step, apply
from shared.conditioning.engine.counts import added
from shared.conditioning.engine.quarantine import HEADER, QuarantinedRow, quarantine_csv
from shared.conditioning.engine.tables import record_pieces
from shared.conditioning.engine.verdict import check_table
from shared.conditioning.profile import Profile
from shared.conditioning.recipe.facts import personal_additions, personal_columns, personal_outputs
from shared.conditioning.recipe.schema import Recipe
from shared.conditioning.rows.standard import value_types, whole_steps
from shared.conditioning.rows.steps import MASK
from shared.conditioning.rows.writing import header_line, write_rows
from shared.conditioning.whole.custom_steps import WholeStep
from shared.conditioning.whole.places import FILE, OFFSET, read_placed_rows
from shared.conditioning.whole.repeats import REASON, RULE
from shared.conditioning.whole.run import Whole, run_whole
from shared.contracts.conditioning import ConditionedFile, ConditionedTable, Counted
from shared.storage.base import BlobStore
from shared.storage.block_writer import BlockWriter

#: Rejected rows that become Python objects at once.
_AT_ONCE: Final = 4096


class BlobScratch:
    """Scratch space in the data container; what a run leaves behind when it is killed expires.

    Args:
        store: The container.
        folder: Of the run.
    """

    def __init__(self, store: BlobStore, folder: str) -> None:
        self._store = store
        self._folder = folder

    def write(self, name: str, content: bytes) -> None:
        """Keep bytes."""
        self._store.write(f"{self._folder}/{name}", content)

    def read(self, name: str, offset: int, length: int) -> bytes:
        """So many bytes of a name, from an offset."""
        return self._store.read_range(f"{self._folder}/{name}", offset, length)

    def delete(self, name: str) -> None:
        """Forget a name."""
        self._store.delete(f"{self._folder}/{name}")

    def clear(self) -> None:
        """Forget what a step that failed has left."""
        for blob in self._store.list(f"{self._folder}/"):
            self._store.delete(blob.path)


def make_table(source: str, work: Work, files: Sequence[ConditionedFile]) -> ConditionedTable:
    """The table of all files of a source together, made once per content.

    Args:
        source: Its name.
        work: Its recipe.
        files: In the order in which they are joined.

    Raises:
        PermanentError: The table must not be used (`check_table`), or a step cannot be run.
    """
    recipe = work.recipe
    identity = names.content_hash([one.to_wire() for one in files], recipe.sha256, ENGINE, length=32)
    known = f"conditioned/{source}/tables/{identity}.json"
    before = find_document(known, ConditionedTable)
    if before is not None and all_there(before.path, before.profile):
        return before
    # A folder of its own, since a run frees what it has read.
    scratch = BlobScratch(adapters.data(), f"scratch/{source}/{identity}-{uuid4().hex[:8]}")
    try:
        made = _make(source, work, files, identity, scratch)
    finally:
        scratch.clear()
    keep_document(known, made)
    return made


def _make(
    source: str, work: Work, files: Sequence[ConditionedFile], identity: str, scratch: BlobScratch
) -> ConditionedTable:
    recipe, store = work.recipe, adapters.data()
    whole = _run(work, files, scratch)
    table = BlockWriter(store, f"conditioned/{source}/{identity}.csv", run=identity, content_type=CSV)
    profile = _write(whole, table, recipe, identity)
    table.commit()
    quarantine = f"quarantine/{source}/{identity}.csv" if whole.tally.rejected else None
    if quarantine:
        rejects = BlockWriter(store, quarantine, run=identity, content_type=CSV)
        rejects.write(HEADER)
        for frame in whole.rejections:
            rejects.write(quarantine_csv(_rejected(frame, files, recipe)))
        rejects.commit()
    counts = _counts(whole, files)
    check_table(counts, recipe, source, whole.tally.findings, quarantine)
    profiled = profile_path(table.path)
    store.write(profiled, json.dumps(profile.to_json()).encode(), content_type=JSON)
    return ConditionedTable(
        **counts.to_wire(),
        path=table.path,
        quarantine=quarantine,
        profile=profiled,
        columns=dict(value_types(whole.schema)),
    )


def _run(work: Work, files: Sequence[ConditionedFile], scratch: BlobScratch) -> Whole:
    schema = work.schema

    def pieces() -> Iterator[pl.DataFrame]:
        for number, file in enumerate(files):
            rows = record_pieces(read_blocks(file.path))
            first = next(rows).partition(b"\n")[2]
            for piece in chain([first], rows):
                yield read_placed_rows(piece, schema, number)

    return run_whole(
        work.recipe,
        schema,
        pieces(),
        scratch,
        custom={step.name: _lazily(step) for step in whole_steps(work.recipe, work.custom)},
        files=[file.raw.path for file in files],
    )


def _lazily(step: Step) -> WholeStep:
    return lambda frame: apply(frame.collect(), step).lazy()


def _write(whole: Whole, table: BlockWriter, recipe: Recipe, seed: str) -> Profile:
    """Write all rows; their profile. A row of a table is known by its number."""
    import numpy as np  # noqa: PLC0415 - as in `profile`

    personal, written = personal_outputs(recipe) | personal_additions(recipe, whole.schema), 0
    table.write(header_line(whole.schema))
    profile = Profile.of(pl.DataFrame(schema=whole.schema), np.arange(0), seed, personal)
    for frame in whole.frames:
        table.write(write_rows(frame))
        profile = profile.merged(Profile.of(frame, np.arange(written, written + frame.height), seed, personal))
        written += frame.height
    return profile


def _rejected(frame: pl.DataFrame, files: Sequence[ConditionedFile], recipe: Recipe) -> Iterator[QuarantinedRow]:
    """Rows in standard form, since their raw form is no longer at hand; personal values are masked."""
    values = frame.drop(FILE, OFFSET, RULE, REASON)
    hidden = personal_columns(recipe) | personal_additions(recipe, values.columns)
    shown = values.with_columns(pl.lit(MASK).alias(name) for name in values.columns if name in hidden)
    places = frame.select(FILE, OFFSET, RULE, REASON).iter_rows()
    for (number, offset, rule, reason), raw in zip(places, _records(shown), strict=True):
        file = files[number].raw.path if number >= 0 else ""
        yield QuarantinedRow(file, None, None, offset, rule, reason, raw)


def _records(frame: pl.DataFrame) -> Iterator[str]:
    """Each row in standard form; they are written together, which takes a hundredth of the time of one by one."""
    for some in frame.iter_slices(_AT_ONCE):
        lines = write_rows(some).decode().split("\n")[:-1]
        if len(lines) == some.height:
            yield from lines
            continue
        record: list[str] = []
        inside = False  # quotes: a text may have line feeds
        for line in lines:
            record.append(line)
            inside ^= line.count('"') % 2 == 1
            if not inside:
                yield "\n".join(record)
                record.clear()


def _counts(whole: Whole, files: Sequence[ConditionedFile]) -> Counted:
    """What became of the rows of all files, row by row and then together."""
    tally, total = whole.tally, added(files)
    together = Counted(
        rejected=tally.rejected,
        deduplicated=tally.deduplicated,
        aggregated=tally.aggregated,
        custom=sum(tally.custom.values()),
        reasons=dict(tally.reasons),
        warned=dict(tally.warned),
        failed=dict(tally.failed),
    )
    return Counted(**(added([Counted(**total), together]) | {"rows_out": tally.rows_out}))
