"""CSV: the complete records of a stretch of UTF-8, as Python's csv module reads them one by one, strictly."""

from collections.abc import Callable
from typing import Final

import numpy as np

from shared.conditioning.reading.csv_quotes import Flags, Marks
from shared.conditioning.reading.csv_tokens import Tokens, tokenize
from shared.conditioning.reading.csv_values import parse, plain_records
from shared.conditioning.reading.line_ends import cut_off, end_of_line
from shared.conditioning.reading.stretch import Indices, Layout, Malformed, Stretch
from shared.conditioning.recipe.schema import Recipe

#: Bytes that are read at once, so that what is known of each of them stays small; more where a record is longer.
_BLOCK: Final = 1 << 20
#: Bytes that are looked at behind the stop, where the last record may end.
_MARGIN: Final = 1 << 16
#: Characters of a record that are kept for its rejection.
_RAW: Final = 4_000
_NOT_ASCII: Final = 0x80

_REASONS: Final = {
    "malformed_quotes": "text follows a quoted value; it ends at the next delimiter, and quotes in it are doubled",
    "nul_byte": "it holds the byte 0, which is no text",
    "not_utf8": "it holds bytes that are not UTF-8",
}


def read_csv_stretch(
    content: bytes,
    recipe: Recipe,
    layout: Layout,
    *,
    stop: int | None = None,
    final: bool = False,
    inside: bool = False,
) -> Stretch:
    """The complete records of a stretch of CSV.

    A line feed, a carriage return or both end a record outside of quotes, and a quote is one only at a value's start.
    A record whose quotes do not fit is rejected, alone: when it would be of several lines, then only the first one is,
    and the next line is read as a record of its own. So a stray quote costs one row.

    Args:
        content: UTF-8, from a record's start on.
        recipe: How the file is written, and how long a record may be.
        layout: Where its columns are.
        stop: Records that begin here or later are left; all are read where it is absent.
        final: Whether the file ends with the content.
        inside: Whether the content begins inside a line that the stretch before rejected: up to its end it is skipped.

    Returns:
        The records that begin before the stop, as far as they are complete in the content; `max_record` bytes behind
        the stop always suffice. Of a line that is longer all is consumed, and the next stretch begins `inside`.
    """
    reader = _Reader(content, Marks.of(recipe), layout, len(content) if stop is None else stop, final)
    if inside:
        reader.skip_line()
    while reader.more():
        reader.read()
    return reader.stretch()


class _Reader:
    """Reads block by block."""

    def __init__(self, content: bytes, marks: Marks, layout: Layout, stop: int, final: bool) -> None:
        self._content, self._marks, self._layout = content, marks, layout
        self._stop, self._final = min(stop, len(content)), final
        self._place, self._line, self._count = 0, 0, 0
        self._size = _BLOCK
        self._incomplete = self._inside = False
        self._plain: list[bytes | memoryview] = []
        self._starts: list[Indices] = []
        self._ends: list[Indices] = []
        self._lines: list[Indices] = []
        self._good: list[Flags] = []
        self._malformed: list[Malformed] = []

    def more(self) -> bool:
        """Whether a record or a blank line may begin before the stop."""
        return self._place < self._stop and not self._incomplete

    def read(self) -> None:
        """Read the next block, or make it larger if no record is complete in it."""
        reach = min(self._place + self._size, len(self._content))
        if self._size == _BLOCK:
            reach = min(reach, self._stop + _MARGIN)
        final = self._final and reach == len(self._content)
        stop = self._stop - self._place
        tokens = tokenize(self._content, self._marks, stop=stop, final=final, begin=self._place, end=reach)
        if not tokens.consumed:
            self._incomplete = reach == len(self._content)
            self._size *= 2
            return
        self._size = _BLOCK
        self._add(tokens)
        self._place += tokens.consumed
        self._line += tokens.lines_consumed
        if tokens.unfinished:
            self.skip_line()
            tail = self._content[self._place - 2 : self._place]
            self._ends[-1][-1] = self._place - len(tail) + len(tail.rstrip(b"\r\n"))

    def skip_line(self) -> None:
        """Go to the end of the line, which is too long to be read."""
        end = end_of_line(self._content, self._place, final=self._final)
        self._inside = self._incomplete = end is None
        self._line += end is not None
        self._place = len(self._content) - self._content.endswith(b"\r") if end is None else end

    def stretch(self) -> Stretch:
        """What was read."""
        starts, ends = _joined(self._starts), _joined(self._ends)
        records = np.flatnonzero(np.concatenate(self._good)) if self._malformed else None
        spans = (starts, ends) if records is None else (starts[records], ends[records])
        plain = b"".join(self._plain)
        self._plain.clear()
        return Stretch(
            frame=parse(plain, self._content, spans, self._marks, self._layout),
            records=records,
            starts=starts,
            lines=_joined(self._lines),
            malformed=tuple(self._malformed),
            consumed=self._place,
            lines_consumed=self._line,
            raw=_raw(self._content, starts, ends, self._marks.longest),
            inside=self._inside,
        )

    def _add(self, tokens: Tokens) -> None:
        block = memoryview(self._content)[self._place : self._place + tokens.consumed]
        rules = _rules(block, tokens, len(self._layout.names))
        good = np.ones(len(tokens.starts), np.bool_)
        good[list(rules)] = False
        self._plain += plain_records(block, tokens, good, self._marks)
        self._starts.append(tokens.starts + self._place)
        self._ends.append(tokens.ends + self._place)
        self._lines.append(tokens.lines + self._line)
        self._good.append(good)
        self._malformed += self._rejections(rules, tokens)
        self._count += len(tokens.starts)

    def _rejections(self, rules: dict[int, str], tokens: Tokens) -> list[Malformed]:
        longest, width = self._marks.longest, len(self._layout.names)
        reasons = _REASONS | {
            "record_too_long": f"it is longer than {longest:,} bytes; split it, or raise `max_record` in the recipe",
            "unclosed_quote": "a quoted value goes on behind the line, but text follows where it closes, or it does "
            f"not within {longest:,} bytes; close it, or double the quote if it is meant",
        }
        values = np.unique(tokens.values[[record for record, rule in rules.items() if rule == "field_count"]])
        counts = {count: f"{count} values, but there are {width} columns" for count in values.tolist()}
        return [
            Malformed(self._count + record, rule, reasons.get(rule) or counts[tokens.values[record]])
            for record, rule in sorted(rules.items())
        ]


def _rules(block: memoryview, tokens: Tokens, width: int) -> dict[int, str]:
    """The rule that each malformed record breaks; of several the first of: length and quotes, NUL, UTF-8, values."""
    rules = dict.fromkeys(np.flatnonzero(tokens.values != width).tolist(), "field_count")
    values = np.frombuffer(block, np.uint8)
    if values.max(initial=0) >= _NOT_ASCII:
        rules |= dict.fromkeys(_not_utf8(block, tokens), "not_utf8")
    if not values.all():
        records = np.unique(np.searchsorted(tokens.starts, np.flatnonzero(values == 0), side="right") - 1)
        rules |= dict.fromkeys(records.tolist(), "nul_byte")
    return rules | tokens.rejected


def _not_utf8(block: memoryview, tokens: Tokens) -> list[int]:
    if _is_utf8(block):
        return []
    spans = zip(tokens.starts.tolist(), tokens.ends.tolist(), strict=True)
    return [record for record, (start, end) in enumerate(spans) if not _is_utf8(block[start:end])]


def _is_utf8(text: memoryview) -> bool:
    try:
        str(text, "utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _raw(content: bytes, starts: Indices, ends: Indices, longest: int) -> Callable[[int], str]:
    def raw(record: int) -> str:
        start = int(starts[record])
        end = cut_off(content, start, int(ends[record]), min(4 * _RAW, longest))
        return content[start:end].decode(errors="backslashreplace")[:_RAW]

    return raw


def _joined(parts: list[Indices]) -> Indices:
    return np.concatenate(parts) if parts else np.zeros(0, np.int64)
