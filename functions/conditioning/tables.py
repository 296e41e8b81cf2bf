"""Conditioned tables as they lie in the data container, read in pieces. All of it blocks."""

from collections.abc import Iterator

from functions import adapters
from shared.conditioning.engine.tables import record_pieces
from shared.contracts.conditioning import ConditionedFiles
from shared.storage.block_writer import BLOCK_BYTES


def tables_of(files: ConditionedFiles) -> list[str]:
    """Paths of the standard CSVs that together are a source's table."""
    return [files.table.path] if files.table else [file.path for file in files.files]


def read_blocks(path: str) -> Iterator[bytes]:
    """A blob, some megabytes at a time."""
    offset = 0
    while content := adapters.data().read_range(path, offset, BLOCK_BYTES):
        yield content
        offset += len(content)
        if len(content) < BLOCK_BYTES:
            return


def read_rows(path: str) -> Iterator[bytes]:
    """The rows of a table, some megabytes at a time, each time with the header before them."""
    header = b""
    for piece in record_pieces(read_blocks(path)):
        if not header:
            header, _, rows = piece.partition(b"\n")
            header += b"\n"
            yield header + rows
        else:
            yield header + piece
