"""Text in any of a recipe's encodings as UTF-8, stretch by stretch, with the way back to the file's own offsets."""

import itertools
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final, Protocol

from shared.conditioning.reading.stretch import Indices, Layout, Malformed, Stretch, TextEncoding
from shared.conditioning.recipe.dialect import Encoding
from shared.conditioning.recipe.schema import Recipe
from shared.errors import PermanentError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

#: Byte order marks; UTF-16's become that of UTF-8, and are cut off with it.
_MARKS: Final[dict[TextEncoding, bytes]] = {
    "utf-8": b"\xef\xbb\xbf",
    "utf-16-le": b"\xff\xfe",
    "utf-16-be": b"\xfe\xff",
}
#: Bytes that are weighed at once: running sums of a block stay in the processor's cache.
_BLOCK: Final = 1 << 18


class RecordReader(Protocol):
    """Reads the complete records of a stretch of UTF-8: of CSV or of JSON Lines."""

    def __call__(
        self, content: bytes, recipe: Recipe, layout: Layout, *, stop: int | None = None, final: bool = False
    ) -> Stretch:
        """Records that begin before `stop`."""


def text_encoding(head: bytes, encoding: Encoding, file: str) -> TextEncoding:
    """How a file's characters are written, by the recipe and the file's byte order mark.

    Latin-1 is ISO 8859-1 to the letter: the signs that Windows-1252 has at 0x80-0x9F, such as €, are control characters
    there.

    Args:
        head: The file's first bytes, unpacked; 64 suffice.
        encoding: What the recipe says.
        file: Its name, for messages.

    Raises:
        PermanentError: The mark, or the zeros between letters, contradict the recipe (`WrongEncoding`); or there are
            only zeros (`NotText`).
    """
    if len(head) > 1 and not any(head):
        what = "holds nothing but zeros, as a file does whose writing broke off"
        raise PermanentError("NotText", f"{file} {what}; deliver it again")
    marked = next((name for name, mark in _MARKS.items() if head.startswith(mark)), None)
    if marked and not marked.startswith(encoding):
        raise _wrong(file, f"begins with the byte order mark of {marked[:6].upper()}", marked[:6])
    if encoding != "utf-16":
        if not marked and (_zeros(head[1::2]) or _zeros(head[0::2])):
            raise _wrong(file, "has a zero beside each letter, as UTF-16 has", "utf-16")
        return encoding
    if not marked and _zeros(head[0::2]):
        what = f"{file} is UTF-16 with the higher byte first, but has no byte order mark"
        raise PermanentError("WrongEncoding", f"{what}; deliver it with the mark, or as UTF-8")
    if not marked and len(head) >= 4 and head.isascii() and b"\0" not in head:
        raise _wrong(file, "has letters of one byte, not of two as UTF-16 has", "utf-8")
    return marked or "utf-16-le"


@dataclass(frozen=True)
class Decoded:
    """A stretch of a file as UTF-8.

    What is no character, half of a surrogate pair or half of two bytes, becomes bytes that are no UTF-8 either, so that
    the record in which it lies is rejected, alone.

    Attributes:
        content: The UTF-8; the very same bytes where the file is UTF-8.
        consumed: Bytes of the file that became it; those that follow begin a character that is not complete.
        encoding: Of the file.
    """

    content: bytes
    consumed: int
    encoding: TextEncoding

    def offsets(self, utf8: Indices) -> Indices:
        """Offsets in the file of offsets in the UTF-8, which rise and each begin a character or end the content."""
        import numpy as np  # noqa: PLC0415 - loaded at first use

        if self._same:
            return utf8
        offsets = np.full(len(utf8), self.consumed, np.int64)
        before = 0
        firsts = np.searchsorted(utf8, np.arange(self._blocks + 1) * _BLOCK)
        for block, (first, last) in enumerate(itertools.pairwise(firsts)):
            sums = np.cumsum(self._weights(block), dtype=np.int32)
            places = utf8[first:last] - block * _BLOCK
            offsets[first:last] = before + np.where(places > 0, sums[places - 1], 0)
            before += int(sums[-1])
        return offsets

    def offset(self, utf8: int) -> int:
        """Offset in the file of an offset in the UTF-8."""
        import numpy as np  # noqa: PLC0415 - loaded at first use

        return int(self.offsets(np.array([utf8], np.int64))[0])

    def utf8_offset(self, offset: int) -> int:
        """Offset in the UTF-8 of the first character that begins at an offset in the file or after it."""
        import numpy as np  # noqa: PLC0415 - loaded at first use

        if self._same or offset <= 0:
            return max(offset, 0)
        if offset >= self._sums[-1]:
            return len(self.content) + offset - int(self._sums[-1])
        block = int(np.searchsorted(self._sums, offset, side="right")) - 1
        sums = np.concatenate(([0], np.cumsum(self._weights(block), dtype=np.int64)))
        place = block * _BLOCK + int(np.searchsorted(sums, offset - self._sums[block]))
        while place < len(self.content) and self.content[place] & 0xC0 == 0x80:  # the rest of the character before
            place += 1
        return place

    def restored(self, stretch: Stretch) -> Stretch:
        """A stretch that was read from the UTF-8, with the file's own offsets."""
        import numpy as np  # noqa: PLC0415 - loaded at first use

        if self._same:
            return stretch
        offsets = self.offsets(np.append(stretch.starts, stretch.consumed))
        return replace(
            stretch,
            starts=offsets[:-1],
            consumed=int(offsets[-1]),
            malformed=tuple(map(self._renamed, stretch.malformed)),
        )

    def restored_layout(self, layout: Layout) -> Layout:
        """A layout that was read from the UTF-8 of the file's head, with the file's own offset."""
        return replace(layout, body=self.offset(layout.body))

    @property
    def _same(self) -> bool:
        return self.encoding == "utf-8" or (self.encoding == "latin-1" and self.consumed == len(self.content))

    @cached_property
    def _sums(self) -> "npt.NDArray[np.int64]":
        """Bytes of the file before each block, and all of them."""
        import numpy as np  # noqa: PLC0415 - loaded at first use

        blocks = range(self._blocks)
        return np.cumsum([0, *(int(self._weights(block).sum(dtype=np.int64)) for block in blocks)])

    @property
    def _blocks(self) -> int:
        return -(-len(self.content) // _BLOCK)

    def _weights(self, block: int) -> "npt.NDArray[np.uint8]":
        """Bytes of the file for each byte of the UTF-8: all of a character's are counted at its first byte."""
        import numpy as np  # noqa: PLC0415 - loaded at first use

        first = block * _BLOCK
        content = np.frombuffer(self.content, np.uint8, min(_BLOCK, len(self.content) - first), first)
        return _table(self.encoding)[content]

    def _renamed(self, malformed: Malformed) -> Malformed:
        if malformed.rule != "not_utf8":
            return malformed
        return replace(
            malformed, rule="not_utf16", reason="it holds half a character: a lone surrogate, or an odd byte"
        )


def decode(content: bytes, encoding: TextEncoding, *, final: bool = False) -> Decoded:
    """A stretch of a file as UTF-8. A byte order mark stays, as that of UTF-8.

    Args:
        content: Bytes of the file; of UTF-16 from an even offset on.
        encoding: Of the file.
        final: Whether the file ends with them. If not, half a character at the end waits for the next stretch.
    """
    if encoding == "utf-8" or (encoding == "latin-1" and content.isascii()):
        return Decoded(content, len(content), encoding)
    if encoding == "latin-1":
        return Decoded(content.decode("latin-1").encode(), len(content), encoding)
    end = len(content) & ~1
    if not final and end and content[end - (1 if encoding == "utf-16-le" else 2)] & 0xFC == 0xD8:
        end -= 2  # the first half of a surrogate pair
    utf8 = content[:end].decode(encoding, "surrogatepass").encode("utf-8", "surrogatepass")
    if final and end < len(content):
        return Decoded(utf8 + b"\xff", len(content), encoding)
    return Decoded(utf8, end, encoding)


def read_decoded(
    read: RecordReader,
    content: bytes,
    encoding: TextEncoding,
    recipe: Recipe,
    layout: Layout,
    *,
    stop: int | None = None,
    final: bool = False,
) -> Stretch:
    """The complete records of a stretch in any encoding; all offsets, in and out, are the file's own.

    Args:
        read: For UTF-8.
        content: From a record's start on.
        encoding: Of the file.
        recipe: How it is read; `max_record` counts bytes of UTF-8.
        layout: Where its columns are.
        stop: Records that begin here or later are left; all are read where it is absent.
        final: Whether the file ends with the content.
    """
    decoded = decode(content, encoding, final=final)
    end = None if stop is None else decoded.utf8_offset(stop)
    return decoded.restored(read(decoded.content, recipe, layout, stop=end, final=final))


def _table(encoding: TextEncoding) -> "npt.NDArray[np.uint8]":
    """By a byte of UTF-8: how many of the file's bytes the character that it begins has."""
    import numpy as np  # noqa: PLC0415 - loaded at first use

    weights = np.ones(256, np.uint8)
    weights[0x80:0xC0] = 0
    if encoding != "latin-1":
        weights[:0x80] = weights[0xC0:0xF0] = 2
        weights[0xF0:0xF8] = 4  # a surrogate pair; 0xFF, one odd byte, stays at 1
    return weights


def _zeros(half: bytes) -> bool:
    """Whether every second byte of a head is zero, and the head is long enough to tell."""
    return len(half) > 1 and not any(half)


def _wrong(file: str, what: str, right: str) -> PermanentError:
    return PermanentError("WrongEncoding", f"{file} {what}; write `encoding: {right}` in the recipe")
