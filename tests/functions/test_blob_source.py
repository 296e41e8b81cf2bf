"""A landed file as the engine reads it."""

import pytest

from functions.conditioning.blob_source import BlobSource
from shared.contracts.conditioning import SourceFile
from shared.errors import PermanentError

CONTENT = b"0123456789"


class Reads:
    """A store of one blob, which notes what it is asked for, and can be replaced."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, int]] = []
        self.etag = "1"

    def read_range(self, path: str, offset: int, length: int, etag: str | None = None) -> bytes:
        """As `BlobStore`."""
        if etag != self.etag:
            raise PermanentError("BlobChanged", f"{path} is another one")
        self.asked.append((offset, length))
        return CONTENT[offset : offset + length]


def source_of(store: Reads) -> BlobSource:
    """The blob as it was found."""
    return BlobSource(store, SourceFile(source="s", path="a.csv", etag="1", size=len(CONTENT)))  # type: ignore[arg-type]


def test_what_was_read_ahead_is_not_asked_for_again() -> None:
    """The same stretch comes from memory, once: it is not kept for a second read."""
    store = Reads()
    source = source_of(store)
    source.read_ahead(2, 4)
    assert source.read(2, 4) == b"2345"
    assert store.asked == [(2, 4)]
    assert source.read(2, 4) == b"2345"
    assert store.asked == [(2, 4)] * 2


def test_another_stretch_than_that_read_ahead_is_asked_for() -> None:
    """However little it differs; what is kept waits for its own read."""
    store = Reads()
    source = source_of(store)
    source.read_ahead(2, 4)
    assert source.read(2, 5) == b"23456"
    assert source.read(2, 4) == b"2345"
    assert store.asked == [(2, 4), (2, 5)]


def test_a_file_that_is_replaced_is_noticed_ahead() -> None:
    """Reading ahead fails as reading does."""
    store = Reads()
    source = source_of(store)
    store.etag = "2"
    with pytest.raises(PermanentError, match="another one"):
        source.read_ahead(0, 4)
