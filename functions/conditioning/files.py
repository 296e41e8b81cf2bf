"""One raw file through its recipe: what is known of it, and how it is made at once. All of it blocks.

What a file gives is kept under its path, ETag and recipe, so that it is conditioned once, whoever asks.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from threading import Lock
from typing import Final

import polars as pl

from functions import adapters
from functions.conditioning.blob_source import BlobSource
from functions.conditioning.documents import CSV, JSON, find_document, keep_document
from shared import names
from shared.conditioning.custom import Step, load_steps
from shared.conditioning.engine.digest import raw_sha256
from shared.conditioning.engine.one_pass import condition_in_one_pass
from shared.conditioning.engine.pieces import Pieces
from shared.conditioning.engine.quarantine import HEADER
from shared.conditioning.engine.sinks import Sink
from shared.conditioning.engine.verdict import check_file
from shared.conditioning.profile import Profile
from shared.conditioning.recipe.facts import needs_whole
from shared.conditioning.recipe.references import read_references
from shared.conditioning.recipe.schema import Recipe
from shared.conditioning.rows.standard import standard_schema, value_types, whole_steps
from shared.conditioning.rows.steps import RowSteps
from shared.conditioning.rows.writing import header_line
from shared.conditioning.whole.places import OFFSET
from shared.contracts.conditioning import ConditionedFile, Counted, SourceFile
from shared.storage.block_writer import BlockWriter

#: Raised when the same bytes and recipe give another table than before.
ENGINE: Final = 1
#: Ranges that begin together wait for the first one's work instead of making their own.
_SHARING: Final = Lock()


def identity(file: SourceFile, recipe: Recipe) -> str:
    """What a conditioned file is kept under."""
    return names.content_hash(file.to_wire(), recipe.sha256, ENGINE, length=32)


def find_conditioned(file: SourceFile, recipe: Recipe) -> ConditionedFile | None:
    """What a file has given before; `None` also when it has expired."""
    before = find_document(_known(file, recipe), ConditionedFile)
    return before if before is not None and all_there(before.path, before.profile) else None


def all_there(path: str, profile: str | None) -> bool:
    """Whether rows and their profile lie in the data container; both begin alike."""
    found = {blob.path for blob in adapters.data().list(path.removesuffix("csv"))}
    return {path, profile or path} <= found


def profile_path(table: str) -> str:
    """Where the profile of a CSV's columns is kept: beside it."""
    return f"{table.removesuffix('csv')}profile.json"


def table_path(file: SourceFile, recipe: Recipe) -> str:
    """Where the rows of a file are written."""
    return f"conditioned/{file.source}/{identity(file, recipe)}.csv"


def quarantine_path(file: SourceFile, recipe: Recipe) -> str:
    """Where the rejected rows of a file are written."""
    return f"quarantine/{file.source}/{identity(file, recipe)}.csv"


@dataclass(frozen=True)
class Work:
    """A recipe with all that it refers to, ready to be used.

    Attributes:
        recipe: The recipe.
        custom: Its custom steps, by name.
        steps: What it does row by row.
    """

    recipe: Recipe
    custom: Mapping[str, Step]
    steps: RowSteps

    @property
    def placed(self) -> bool:
        """Whether rows keep their places, since steps over the whole table follow."""
        return needs_whole(self.recipe) or bool(whole_steps(self.recipe, self.custom))

    @property
    def schema(self) -> dict[str, pl.DataType]:
        """The columns that the row steps write, with their types."""
        return standard_schema(self.recipe, self.custom)

    @property
    def header(self) -> bytes:
        """The first line of a file's rows."""
        return header_line([*([OFFSET] if self.placed else ()), *self.schema])

    def pieces(self, file: str, table: Sink, quarantine: Sink) -> Pieces:
        """A file's way through it."""
        return Pieces(self.recipe, self.steps, file, table, quarantine, placed=self.placed)


def work_of(fleet: str, recipe: Recipe) -> Work:
    """A recipe of a fleet with the files beside the fleet file that it refers to."""
    folder = adapters.fleet(fleet).path.parent
    references = read_references(recipe, folder)
    if recipe.custom:  # the module of a step may keep something between its calls: each work has its own
        custom = load_steps({one.step: folder / one.source for one in recipe.custom})
        return Work(recipe, custom, RowSteps(recipe, references, custom))
    hashes = tuple((name, sha256(content).hexdigest()) for name, content in references.items())
    with _SHARING:
        return _shared_work(_WorkKey(recipe.sha256, hashes, recipe, references))


@dataclass(frozen=True)
class _WorkKey:
    """What a work is made of, compared by hashes."""

    sha256: str
    hashes: tuple[tuple[str, str], ...]
    recipe: Recipe = field(compare=False)
    references: Mapping[str, bytes] = field(compare=False)


@lru_cache(maxsize=2)
def _shared_work(key: _WorkKey) -> Work:
    """The ranges of a file share their work: reference tables can be large, and values that were read are known."""
    return Work(key.recipe, {}, RowSteps(key.recipe, key.references))


def condition_at_once(fleet: str, file: SourceFile, recipe: Recipe) -> ConditionedFile:
    """Condition a file in one pass, and keep what it gives."""
    work, run = work_of(fleet, recipe), identity(file, recipe)
    table = BlockWriter(adapters.data(), table_path(file, recipe), run=run, content_type=CSV)
    quarantine = BlockWriter(adapters.data(), quarantine_path(file, recipe), run=run, content_type=CSV)
    table.write(work.header)
    quarantine.write(HEADER)
    pieces = work.pieces(file.path, table, quarantine)
    hashes = condition_in_one_pass(BlobSource(adapters.landing(), file), recipe, file.path, pieces)
    table.commit()
    if pieces.counts.rejected:
        quarantine.commit()
    return conclude(work, file, pieces.counts, raw_sha256(hashes), pieces.profile)


def conclude(work: Work, file: SourceFile, counts: Counted, raw: str, profile: Profile | None) -> ConditionedFile:
    """Check what a file has given, and keep it.

    Args:
        work: Its recipe.
        file: The raw file.
        counts: What became of its rows.
        raw: Hash of its bytes.
        profile: Of its columns, unless the whole table has one.

    Raises:
        PermanentError: Rows were lost (`CountsDoNotReconcile`), or too many are rejected (`NoRows`, `NothingAccepted`,
            `TooManyRejected`, `RuleFailed`). What is in quarantine stays there to be looked at.
    """
    recipe = work.recipe
    path = profile_path(table_path(file, recipe))
    quarantine = quarantine_path(file, recipe) if counts.rejected else None
    check_file(counts, recipe, file.path, quarantine)
    if profile is not None:
        adapters.data().write(path, json.dumps(profile.to_json()).encode(), content_type=JSON)
    made = ConditionedFile(
        **counts.to_wire(),
        raw=file,
        raw_sha256=raw,
        recipe_sha256=recipe.sha256,
        path=table_path(file, recipe),
        quarantine=quarantine,
        profile=path if profile is not None else None,
        columns=dict(value_types(work.schema)),
    )
    keep_document(_known(file, recipe), made)
    return made


def _known(file: SourceFile, recipe: Recipe) -> str:
    return f"conditioned/{file.source}/known/{identity(file, recipe)}.json"
