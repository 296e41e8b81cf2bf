"""A blob written piece by piece: there as a whole or not at all, and the same however it was written."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import PermanentError
from shared.storage.block_writer import BLOCK_BYTES, BlockWriter
from tests.functions.stores import Blobs

PATH = "conditioned/flights/1.csv"


def writer(store: Blobs, run: str = "run", block_bytes: int = 4) -> BlockWriter:
    """A writer of small blocks."""
    return BlockWriter(store, PATH, run=run, content_type="text/csv", block_bytes=block_bytes)


class Watched(Blobs):
    """A container that knows which blocks were staged and committed."""

    def __init__(self) -> None:
        super().__init__("data")
        self.blocks: list[tuple[str, int]] = []
        self.committed: list[str] = []

    def stage(self, path: str, block: str, content: bytes) -> None:
        """Keep a block."""
        self.blocks.append((block, len(content)))
        super().stage(path, block, content)

    def commit(self, path: str, blocks: Sequence[str], *, run: str, content_type: str) -> bool:
        """Make a blob."""
        self.committed = list(blocks)
        return super().commit(path, blocks, run=run, content_type=content_type)


@given(st.lists(st.binary(max_size=11), max_size=8), st.integers(1, 9))
def test_the_blob_is_what_was_written(pieces: list[bytes], size: int) -> None:
    """However it came; no block is larger than it may be, and none is empty."""
    store = Watched()
    one = writer(store, block_bytes=size)
    for piece in pieces:
        one.write(piece)
    assert store.list("") == []
    one.commit()
    assert store.read(PATH) == b"".join(pieces)
    assert one.size == len(store.read(PATH))
    assert [block for block, _ in store.blocks] == store.committed
    assert all(0 < length <= size for _, length in store.blocks)
    assert len({len(block) for block, _ in store.blocks}) <= 1


@pytest.mark.parametrize("content", [b"", b"abc"])
def test_what_is_small_is_one_request(content: bytes) -> None:
    """Nothing is staged for it."""
    store = Watched()
    one = writer(store)
    one.write(content)
    one.commit()
    assert (store.read(PATH), store.blocks) == (content, [])


def test_memory_holds_one_block() -> None:
    """What fills one is sent at once."""
    store = Watched()
    one = writer(store)
    one.write(b"abcdefghij")
    assert store.blocks == [("run-000000", 4), ("run-000001", 4)]
    assert BLOCK_BYTES * 50_000 > 300 << 30


@pytest.mark.parametrize("content", [b"ab", b"abcdefghij"])
def test_of_two_writers_the_first_commit_stays(content: bytes) -> None:
    """Their blocks do not mix, and the second one is content with what is there."""
    store = Watched()
    first, second = writer(store, "one"), writer(store, "two")
    for piece in (content[:6], content[6:]):
        first.write(piece)
        second.write(piece)
    second.commit()
    first.commit()
    assert store.read(PATH) == content
    assert store.written == [PATH]


def test_a_writer_that_is_repeated_ends_as_the_first_would_have() -> None:
    """It was killed before its commit, or after it."""
    store = Watched()
    for commits in (False, True, True):
        one = writer(store)
        one.write(b"abcdefghij")
        if commits:
            one.commit()
    assert store.read(PATH) == b"abcdefghij"
    assert {block for block, _ in store.blocks} == {"run-000000", "run-000001", "run-000002"}


def test_blocks_that_are_gone_are_told() -> None:
    """Another run has committed meanwhile, and its blob is gone again."""
    store = Watched()
    one: Any = writer(store)
    one.write(b"abcdefghij")
    store.forget_blocks(PATH)
    with pytest.raises(PermanentError) as caught:
        one.commit()
    assert caught.value.code == "BlocksLost"
