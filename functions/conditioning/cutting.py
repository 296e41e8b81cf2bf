"""A large file cut into ranges, and the bytes of each. It loads no polars: that is done while the first ones arrive."""

import json
from dataclasses import asdict, dataclass

from functions import adapters
from functions.conditioning.blob_source import BlobSource
from functions.conditioning.documents import JSON
from functions.conditioning.recipes import recipe_of
from shared.conditioning.engine.cuts import RANGE_BYTES, first_read
from shared.conditioning.engine.digest import HASHED_BYTES, RawHasher
from shared.conditioning.reading.header import read_layout
from shared.conditioning.reading.stretch import Layout
from shared.conditioning.reading.unpacking import is_gzip
from shared.conditioning.recipe.schema import Recipe
from shared.contracts.conditioning import SourceFile
from shared.contracts.ranges import ConditionRangeInput, FilePlan, PlanFileInput

#: A table has at most 50,000 blocks, and a range rarely needs more than two.
_MOST_RANGES = 20_000
#: Enough for nearly every header; four times as much is read until it is complete.
_HEAD_BYTES = 256 << 10


@dataclass(frozen=True)
class ReadRange:
    """A range that was read.

    Attributes:
        source: The file, which has the range's bytes at hand.
        begin: Offset of the range.
        stop: Offset past it.
        layout: Where its columns are.
        hashes: SHA-256 of each 4 MiB of the range's own bytes.
    """

    source: BlobSource
    begin: int
    stop: int
    layout: Layout
    hashes: tuple[str, ...]


def is_large(file: SourceFile, recipe: Recipe) -> bool:
    """Whether a file is cut: it is larger than a range, and can be."""
    if recipe.format == "parquet" or file.size <= RANGE_BYTES:
        return False
    return not is_gzip(BlobSource(adapters.landing(), file).read(0, 8))


def plan_file(order: PlanFileInput) -> FilePlan:
    """Read the header, and say where to cut."""
    recipe = recipe_of(order.fleet, order.file.source, order.cell)
    source = BlobSource(adapters.landing(), order.file)
    length = _HEAD_BYTES
    while True:
        head = source.read(0, length)
        layout = read_layout(head, recipe, order.file.path, final=len(head) >= source.size)
        if layout is not None:
            break
        length *= 4
    path = f"scratch/{order.file.source}/{order.run}/layout.json"
    adapters.data().write(path, json.dumps(asdict(layout)).encode(), content_type=JSON)
    step = max(RANGE_BYTES, -(-order.file.size // _MOST_RANGES // HASHED_BYTES) * HASHED_BYTES)
    return FilePlan(path=path, body=layout.body, step=step, ranges=-(-order.file.size // step))


def read_range(order: ConditionRangeInput) -> ReadRange:
    """Read all of a range but the end of a last record that is very long."""
    file, begin = order.plan.file, order.index * order.cut.step
    stop = min(begin + order.cut.step, file.size)
    source, hasher = BlobSource(adapters.landing(), file), RawHasher()
    offset, length = first_read(begin, stop)
    content = source.read_ahead(offset, length)
    hasher.update(memoryview(content)[begin - offset : stop - offset])
    return ReadRange(source, begin, stop, layout_of(order.cut), hasher.hashes())


def layout_of(cut: FilePlan) -> Layout:
    """The columns of a file that was cut."""
    kept = json.loads(adapters.data().read(cut.path))
    return Layout(**(kept | {"names": tuple(kept["names"])}))
