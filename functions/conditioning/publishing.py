"""A dataset version's folder: one CSV per source, its manifest, and the profile of its columns. All of it blocks."""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from functions import adapters
from functions.conditioning.documents import CSV, JSON, read_document
from functions.conditioning.files import ENGINE
from functions.conditioning.tables import read_blocks, tables_of
from shared.conditioning.profile import Profile
from shared.contracts.conditioning import BlobPlace, CellListing, ConditionedFiles, ConditionedSource
from shared.contracts.datasets import DatasetRef
from shared.contracts.publishing import PublishDatasetInput
from shared.lineage.manifest import manifest
from shared.storage.block_writer import BlockWriter
from shared.version import VERSION

#: Requests to storage; a cell may have thousands of raw files.
_AT_ONCE: Final = 8


@dataclass(frozen=True)
class Made:
    """What has been made of a source; read when it is asked for, and once.

    Attributes:
        source: Its figures, and where the rest lies.
    """

    source: ConditionedSource

    @cached_property
    def files(self) -> ConditionedFiles:
        """Its conditioned files."""
        return read_document(self.source.path, ConditionedFiles)

    @cached_property
    def profile(self) -> Profile:
        """The profile of its table."""
        return _profile(self.files)


def write_version(
    order: PublishDatasetInput, dataset: DatasetRef, made: Sequence[Made], warnings: Sequence[str]
) -> None:
    """Write the folder; the manifest last and once, since it says that the rest is there."""
    for one in made:
        _join(f"{dataset.path}{one.source.source}.csv", tables_of(one.files), dataset.version)
    described = manifest(
        order.dataset,
        order.cell,
        order.sources,
        {one.source.source: one.files for one in made},
        listing=read_document(order.listing, CellListing),
        profiles={one.source.source: one.profile.summary() for one in made},
        places=_places(made),
        warnings=warnings,
    )
    made_by = {"signalbox": VERSION, "conditioning": ENGINE}
    text = json.dumps({**described, "made_by": made_by, "ref": dataset.to_wire()}, indent=2)
    adapters.data().write_once(f"{dataset.path}manifest.json", text.encode(), content_type=JSON)


def _places(made: Sequence[Made]) -> dict[str, BlobPlace]:
    """Where each raw file is, by its path; a request for each, some at once."""
    raw = [file.raw for one in made for file in one.files.files]
    locate = adapters.landing().locate
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="locate") as pool:
        return dict(zip((one.path for one in raw), pool.map(lambda one: locate(one.path, one.etag), raw), strict=True))


def _join(target: str, tables: Sequence[str], run: str) -> None:
    """Several CSVs with the same header as one."""
    writer = BlockWriter(adapters.data(), target, run=run[-12:], content_type=CSV)
    for number, table in enumerate(tables):
        for piece, content in enumerate(read_blocks(table)):
            writer.write(content.partition(b"\n")[2] if number and not piece else content)
    writer.commit()


def _profile(files: ConditionedFiles) -> Profile:
    paths = [files.table.profile] if files.table else [file.profile for file in files.files if file.profile]
    first, *others = (Profile.from_json(json.loads(adapters.data().read(path))) for path in paths)
    for other in others:
        first = first.merged(other)
    return first
