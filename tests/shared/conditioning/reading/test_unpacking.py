"""gzip as a stream, and files that are not what the recipe says."""

import bz2
import gzip
import io
import lzma
import tracemalloc
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.conditioning.reading.unpacking import check_format, is_gzip, unpack
from shared.errors import PermanentError


def _cut(content: bytes, size: int) -> list[bytes]:
    return [content[start : start + size] for start in range(0, len(content), size)]


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=4), st.integers(1, 50), st.integers(1, 64))
def test_any_members_unpack_to_their_bytes_however_they_are_cut(members: list[bytes], size: int, piece: int) -> None:
    """Each piece is at most as large as asked, none is empty, and zeros at the end are padding."""
    packed = b"".join(map(gzip.compress, members)) + b"\0" * size
    unpacked = list(unpack(_cut(packed, size), "a.gz", piece=piece))
    assert b"".join(unpacked) == b"".join(members)
    assert all(0 < len(part) <= piece for part in unpacked)


@given(st.binary(max_size=200), st.data())
def test_a_gzip_file_cut_anywhere_is_truncated(content: bytes, data: st.DataObject) -> None:
    """The message names the offset that was reached."""
    packed = gzip.compress(content)
    end = data.draw(st.integers(0, len(packed) - 1))
    with pytest.raises(PermanentError, match=f"ends at byte {end}, in the middle") as caught:
        list(unpack(_cut(packed[:end], 7), "a.gz"))
    assert caught.value.code == "TruncatedGzip"


def test_damaged_bytes_are_told_from_missing_ones() -> None:
    """A wrong checksum, a wrong header in a later member, and what follows the end."""
    packed = gzip.compress(b"a,b\n1,2\n" * 100)
    wrong_sum = packed[:-8] + bytes(byte ^ 1 for byte in packed[-8:])
    for content in (
        wrong_sum,
        packed + b"\x1f\x8b\x07" + b"x" * 20,
        packed + b"garbage",
        packed[:12] + b"\xff" * 9 + packed[21:],
    ):
        with pytest.raises(PermanentError, match="damaged near byte") as caught:
            list(unpack([content], "a.gz"))
        assert caught.value.code == "CorruptGzip"


def test_memory_does_not_grow_with_a_bomb() -> None:
    """64 MiB of zeros, packed a thousandfold, pass through in pieces."""
    packer = zlib.compressobj(wbits=31)
    packed = b"".join([*(packer.compress(bytes(1 << 20)) for _ in range(64)), packer.flush()])
    tracemalloc.start()
    try:
        assert sum(len(part) for part in unpack([packed], "a.gz", piece=64 << 10)) == 64 << 20
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def _zip() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("a.csv", "a,b\n")
    return content.getvalue()


@pytest.mark.parametrize(
    ("head", "code"),
    [
        (_zip(), "ZipFile"),
        (bz2.compress(b"a,b\n1,2\n"), "Bzip2"),
        (lzma.compress(b"a,b\n"), "Xz"),
        (b"\x28\xb5\x2f\xfd\x04\x00", "Zstandard"),
        (b"%PDF-1.7\n", "PdfFile"),
        (b"PAR1\x15\x04\x15", "ParquetFile"),
        (b"\xef\xbb\xbf\n <!DOCTYPE html><html>", "HtmlPage"),
        (b"<html lang=en>", "HtmlPage"),
        (b"a.csv".ljust(257, b"\0") + b"ustar\x0000", "TarArchive"),
    ],
)
def test_what_is_no_text_is_refused_by_name(head: bytes, code: str) -> None:
    """With what it is and what to do."""
    with pytest.raises(PermanentError, match=r"^a\.csv .*; \w+") as caught:
        check_format(head, "csv", "a.csv")
    assert caught.value.code == code


@pytest.mark.parametrize("head", [b"", b"PAR1,PAR2\n1,2\n", b"BZh9,b\n", b"ORC;Gr\xf6\xdfe\n", b"<a>,b\n", b"day\n"])
def test_columns_may_begin_like_other_formats(head: bytes) -> None:
    """Letters alone are no proof."""
    check_format(head, "csv", "a.csv")
    check_format(head, "jsonl", "a.jsonl")
    assert not is_gzip(head)


def test_a_parquet_recipe_wants_a_parquet_file() -> None:
    """What it got is shown."""
    check_format(b"PAR1\x15\x04", "parquet", "a.parquet")
    for head in (b"day,store\n", b""):
        with pytest.raises(PermanentError, match=r"no Parquet file: it begins with b'day,'|is empty") as caught:
            check_format(head, "parquet", "a.parquet")
        assert caught.value.code == "NotParquet"
