"""Files as stretches of bytes of one version."""

import os
from pathlib import Path

import pytest

from shared.conditioning.reading.raw import FileSource, RangeFile
from shared.errors import PermanentError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of 100 bytes."""
    path = tmp_path / "a.csv"
    path.write_bytes(bytes(range(100)))
    return path


def test_a_stretch_ends_at_the_files_end(path: Path) -> None:
    """And is empty behind it."""
    source = FileSource(path)
    assert (source.size, source.read(10, 5), source.read(98, 5), source.read(200, 5)) == (
        100,
        bytes(range(10, 15)),
        bytes([98, 99]),
        b"",
    )


def test_a_file_that_changes_is_noticed(path: Path) -> None:
    """By its time as well as by its size; the version's name differs too."""
    source = FileSource(path)
    os.utime(path, ns=(1, 1))
    with pytest.raises(PermanentError, match="changed while it was read") as caught:
        source.read(0, 1)
    assert caught.value.code == "SourceChanged"
    assert FileSource(path).etag != source.etag
    path.unlink()
    for act in (lambda: source.read(0, 1), lambda: FileSource(path)):
        with pytest.raises(PermanentError, match=r"a\.csv cannot be read: No such file") as caught:
            act()
        assert caught.value.code == "NoSuchSource"


def test_a_file_object_reads_from_any_place(path: Path) -> None:
    """As libraries expect of one."""
    file = RangeFile(FileSource(path))
    assert file.readable()
    assert file.seekable()
    assert file.seek(-10, os.SEEK_END) == 90
    assert file.read(4) == bytes(range(90, 94))
    assert (file.seek(2, os.SEEK_CUR), file.tell()) == (96, 96)
    buffer = bytearray(8)
    assert file.readinto(buffer) == 4
    assert buffer[:4] == bytes(range(96, 100))
    assert (file.read(), file.read(3)) == (b"", b"")
