"""What a file's first bytes say of it: gzip is unpacked as a stream, and what cannot be read is refused by name."""

import zlib
from collections.abc import Generator, Iterable, Iterator
from typing import TYPE_CHECKING, Final

from shared.conditioning.recipe.dialect import Format
from shared.errors import PermanentError

if TYPE_CHECKING:
    # The name of zlib's type is private.
    from zlib import _Decompress

#: Bytes of a file's head that suffice to recognize it: the mark of a tar archive is the last one, at 257.
HEAD: Final = 512

_GZIP: Final = b"\x1f\x8b"
#: Input given to zlib at once. It hands back what it has not used, so a small slice keeps that copying cheap.
_SLICE: Final = 64 << 10

#: First bytes of files that no recipe reads: code, what it is, and the remedy.
_REFUSED: Final = (
    (b"PK\x03\x04", "ZipFile", "is a ZIP or Excel file", "unpack it, or save the sheet as CSV"),
    (b"PK\x05\x06", "ZipFile", "is an empty ZIP file", "deliver the data themselves, as CSV"),
    (b"\xd0\xcf\x11\xe0", "OldExcelFile", "is an old Excel file (.xls)", "save the sheet as CSV"),
    (b"BZh", "Bzip2", "is compressed with bzip2", "unpack it, or compress it with gzip"),
    (b"\x28\xb5\x2f\xfd", "Zstandard", "is compressed with zstd", "unpack it, or compress it with gzip"),
    (b"\xfd7zXZ\x00", "Xz", "is compressed with xz", "unpack it, or compress it with gzip"),
    (b"7z\xbc\xaf\x27\x1c", "SevenZip", "is a 7z archive", "unpack it, or compress it with gzip"),
    (b"%PDF-", "PdfFile", "is a PDF", "deliver the data that it was made from, as CSV"),
    (b"PARE", "EncryptedParquet", "is an encrypted Parquet file", "write it without encryption of its footer"),
    (b"ORC", "OrcFile", "is an ORC file", "write it as Parquet"),
    (b"Obj\x01", "AvroFile", "is an Avro file", "write it as Parquet or JSON Lines"),
)
_PARQUET: Final = b"PAR1"
_PAGES: Final = (b"<!doctype html", b"<html")


def is_gzip(head: bytes) -> bool:
    """Whether a file is compressed with gzip."""
    return head.startswith(_GZIP)


def check_format(head: bytes, wanted: Format, file: str) -> None:
    """Refuse a file whose first bytes show that it is not what the recipe reads.

    Args:
        head: The first `HEAD` bytes, unpacked; all of a shorter file.
        wanted: The recipe's format.
        file: Its name, for messages.

    Raises:
        PermanentError: With a code for what it is (`ZipFile`, `Zstandard`, `HtmlPage`, `NotParquet`, …) and the remedy.
    """
    for magic, code, what, remedy in _REFUSED:
        if head.startswith(magic) and not (magic.isalnum() and _reads_as_text(head)):
            raise PermanentError(code, f"{file} {what}; {remedy}")
    if is_gzip(head):
        raise PermanentError("GzipTwice", f"{file} is compressed with gzip twice; unpack it once")
    if head[257:262] == b"ustar":
        raise PermanentError("TarArchive", f"{file} is a tar archive; deliver the file that is in it")
    if head.removeprefix(b"\xef\xbb\xbf").lstrip()[:14].lower().startswith(_PAGES):
        what = "is an HTML page, such as a sign-in or an error saved in the place of the data"
        raise PermanentError("HtmlPage", f"{file} {what}; open it, and fetch the data again")
    if wanted == "parquet" and not head.startswith(_PARQUET):
        what = f"is no Parquet file: it begins with {head[:4]!r}" if head else "is empty"
        raise PermanentError("NotParquet", f"{file} {what}; write it again, or correct `format` in the recipe")
    if wanted != "parquet" and head.startswith(_PARQUET) and not _reads_as_text(head):
        raise PermanentError("ParquetFile", f"{file} is a Parquet file; write `format: parquet` in the recipe")


def unpack(chunks: Iterable[bytes], file: str, *, piece: int = 1 << 20) -> Iterator[bytes]:
    """The bytes of a gzip file, as a stream. Memory does not depend on how well it was compressed.

    Members that follow each other are one file, as gzip has it; zeros that pad the end are left aside.

    Args:
        chunks: The file, in pieces of any size.
        file: Its name, for messages.
        piece: Bytes that are given at once, at most.

    Raises:
        PermanentError: The file ends too early (`TruncatedGzip`), or its bytes are damaged (`CorruptGzip`), which shows
            only when the bytes before have been given: what was made of them must be thrown away.
    """
    stream = _GzipStream(file, piece)
    for chunk in chunks:
        for start in range(0, len(chunk), _SLICE):
            yield from stream.feed(chunk[start : start + _SLICE])
    stream.close()


class _GzipStream:
    """A gzip file as it comes in.

    Attributes:
        read: Bytes of it that were used up.
        given: Unpacked bytes that were given.
    """

    def __init__(self, file: str, piece: int) -> None:
        self.read = 0
        self.given = 0
        self._file = file
        self._piece = piece
        self._member: _Decompress | None = _member()

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        while chunk:
            if self._member is None:
                chunk = self._padding_cut(chunk)
                if not chunk:
                    return
                self._member = _member()
            chunk = yield from self._unpacked(self._member, chunk)

    def close(self) -> None:
        if self._member is not None:
            what = f"{self._file} ends at byte {self.read}, in the middle of its gzip data"
            raise PermanentError("TruncatedGzip", f"{what}, after {self.given} unpacked bytes; deliver it again, whole")

    def _unpacked(self, member: "_Decompress", chunk: bytes) -> Generator[bytes, None, bytes]:
        """Unpack from a member until the chunk is used up or the member ends; returns what follows it."""
        while True:
            try:
                piece = member.decompress(chunk, self._piece)
            except zlib.error as error:
                raise self._corrupt(str(error).partition(": ")[2] or str(error)) from error
            left = member.unused_data if member.eof else member.unconsumed_tail
            self.read += len(chunk) - len(left)
            if piece:
                self.given += len(piece)
                yield piece
            if member.eof:
                self._member = None
                return left
            if not left and len(piece) < self._piece:
                return b""
            chunk = left

    def _padding_cut(self, chunk: bytes) -> bytes:
        rest = chunk.lstrip(b"\0")
        self.read += len(chunk) - len(rest)
        if rest and not _GZIP.startswith(rest[:2]):
            raise self._corrupt("what follows the end of its gzip data is none")
        return rest

    def _corrupt(self, fault: str) -> PermanentError:
        what = f"{self._file} is damaged near byte {self.read}: {fault}"
        return PermanentError("CorruptGzip", f"{what}; deliver it again, and compare its size with the sender's")


def _member() -> "_Decompress":
    return zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)


def _reads_as_text(head: bytes) -> bool:
    """Whether no control character shows that letters at a file's start, such as `PAR1`, are no column's name."""
    return not any(byte < 9 or 13 < byte < 32 for byte in head[:64])
