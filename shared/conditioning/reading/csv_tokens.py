"""A block of CSV as records: where each begins and ends, on which line, and how many values it has."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from shared.conditioning.reading.csv_quotes import CR, LF, Bytes, Flags, Marks, Regions, Runs, Walk, quote_runs
from shared.conditioning.reading.stretch import Indices

_NONE: Final = np.zeros(0, np.int64)
_WORD: Final = 64


@dataclass(frozen=True)
class Tokens:
    """The records of a block; blank lines are none.

    Attributes:
        starts: Offset of each record.
        ends: Offset past it, its line end left out.
        nexts: Offset of the line after it.
        lines: Its line, from 0 at the block's start.
        values: Number of its values; of no meaning when it is rejected.
        rejected: Rule by index of the records that are rejected for their quotes or their length.
        literals: Offset and end of the unquoted values that have quotes in them, in order; of rejected records too.
        returns: Offset of each carriage return that ends a line alone, outside of quotes.
        consumed: Bytes up to the next record or blank line.
        lines_consumed: Lines in them.
        unfinished: Whether the last record is too long, and its only line goes on after `consumed`.
    """

    starts: Indices
    ends: Indices
    nexts: Indices
    lines: Indices
    values: Indices
    rejected: dict[int, str]
    literals: tuple[Indices, Indices]
    returns: Indices
    consumed: int
    lines_consumed: int
    unfinished: bool


def tokenize(content: bytes, marks: Marks, *, stop: int, final: bool, begin: int = 0, end: int | None = None) -> Tokens:
    """The complete records of a block that begins with one.

    Args:
        content: UTF-8, or any superset of ASCII.
        marks: Its structure.
        stop: Records that begin at this offset in the block or later are left.
        final: Whether the file ends with the block.
        begin: Offset of the block in the content.
        end: Offset past it; the block goes on to the content's end where it is absent.
    """
    block: Bytes = np.frombuffer(content, np.uint8)[begin:end]
    half = not final and content.endswith(b"\r", begin, end)  # the other half of the line's end may follow
    size = len(block) - half
    has_returns = content.find(b"\r", begin, end) >= 0
    returns = _lone_returns(block, size) if has_returns else _NONE
    ends = block == LF
    ends[returns] = True
    scan = _Scan(block, size, has_returns, np.flatnonzero(ends), _Delimiters(block, marks.delimiter), marks, final)
    runs = quote_runs(block, marks)
    if runs is None:
        return scan.tokens(scan.lines(Regions(_NONE, _NONE, {})), stop, returns)
    assumed = scan.lines(Regions(runs.opens, runs.closes, {}))
    regions = scan.corrected(runs, assumed)
    if regions is None:
        return scan.tokens(assumed, stop, returns, runs.literals)
    return scan.tokens(scan.lines(regions), stop, returns, runs.literals)


def _lone_returns(content: Bytes, size: int) -> Indices:
    """Carriage returns that no line feed follows."""
    returns = np.flatnonzero(content[:size] == CR)
    lone: Indices = returns[content[np.minimum(returns + 1, len(content) - 1)] != LF]
    return lone


class _Delimiters:
    """The delimiters of a block, quoted or not: a bit for each byte, and how many there are before every 64th.

    Most of them are only counted, by line; a list of their offsets would take several times as long.
    """

    def __init__(self, content: Bytes, delimiter: int) -> None:
        flags = np.zeros((len(content) // _WORD + 1) * _WORD, np.bool_)
        np.equal(content, delimiter, out=flags[: len(content)])
        self._words = np.packbits(flags, bitorder="little").view("<u8")
        self._before = np.zeros(len(self._words), np.int64)
        np.cumsum(np.bitwise_count(self._words[:-1]), out=self._before[1:])

    def before(self, offsets: Indices) -> Indices:
        """How many lie before each offset; up to the block's size."""
        words = offsets // _WORD
        below = (np.uint64(1) << (offsets % _WORD).astype(np.uint64)) - np.uint64(1)
        counts: Indices = self._before[words] + np.bitwise_count(self._words[words] & below)
        return counts


@dataclass(frozen=True)
class _Lines:
    """The lines that end outside of quoted values, and the rest behind the last one.

    Attributes:
        regions: The quoted values.
        lasts: Offset of each line's last byte.
        starts: Offset of each line; also of the rest.
        numbers: Of each line, counting those in quoted values; also of the rest.
        values: In each line; also in the rest.
    """

    regions: Regions
    lasts: Indices
    starts: Indices
    numbers: Indices
    values: Indices


@dataclass(frozen=True)
class _Scan:
    """What a block holds, quoted or not.

    Attributes:
        content: The block.
        size: Bytes of it that are decided.
        has_returns: Whether there is any carriage return.
        ends: Offset of the last byte of every line's end: of CR LF that of LF.
        delimiters: Between values.
        marks: The file's structure.
        final: Whether the file ends with the block.
    """

    content: Bytes
    size: int
    has_returns: bool
    ends: Indices
    delimiters: _Delimiters
    marks: Marks
    final: bool

    def lines(self, regions: Regions) -> _Lines:
        """The lines, when these regions are quoted."""
        ends, numbers = self.ends, np.arange(len(self.ends) + 1)
        delimiters = self.delimiters.before(np.append(ends, len(self.content)))
        first, behind = np.searchsorted(ends, regions.opens), np.searchsorted(ends, regions.closes)
        hidden = self.delimiters.before(regions.closes) - self.delimiters.before(regions.opens)
        if hidden.any():
            delimiters -= np.cumsum(np.bincount(behind, hidden, len(delimiters)).astype(np.int64))  # floats, yet exact
        several = behind > first
        if several.any():
            steps = np.zeros(len(numbers), np.int8)
            steps[first[several]] = 1
            steps[behind[several]] -= 1
            outside = np.cumsum(steps, dtype=np.int8) == 0
            outside[-1] = True
            delimiters, ends = delimiters[outside], ends[outside[:-1]]
            numbers = np.concatenate(([0], np.flatnonzero(outside[:-1]) + 1))
        return _Lines(regions, ends, np.concatenate(([0], ends + 1)), numbers, np.diff(delimiters, prepend=0) + 1)

    def corrected(self, runs: Runs, assumed: _Lines) -> Regions | None:
        """The regions, when those that the runs give are not right: some record is malformed or too long."""
        sizes = np.append(self._without_return(assumed.lasts), self.size) - assumed.starts
        several = np.diff(assumed.numbers, append=len(self.ends)) > 1
        several[-1] = assumed.numbers[-1] < len(self.ends)
        bad = several & (sizes > self.marks.longest)
        bad[-1] |= self.final and runs.unclosed
        malformed = np.unique(np.searchsorted(assumed.starts, runs.starts[runs.errors], side="right") - 1)
        if not len(malformed) and not bad.any():
            return None
        in_one = ~several[malformed] & (self.final | (malformed < len(assumed.lasts)))
        bad[malformed[several[malformed]]] = True
        returns = self._without_return(self.ends) != self.ends
        walk = Walk(runs, self.ends, returns, self.marks, size=self.size, final=self.final)
        return walk.regions(assumed.starts[bad].tolist(), assumed.starts[malformed[in_one]])

    def tokens(self, lines: _Lines, stop: int, returns: Indices, literals: Indices = _NONE) -> Tokens:
        """The records of these lines that begin before the stop."""
        starts, regions = lines.starts, lines.regions
        ends, nexts = self._without_return(lines.lasts), starts[1:]
        count, rest = len(ends), int(starts[-1])
        too_long = not self.final and self.size - rest > self.marks.longest
        unfinished = regions.unfinished or (regions.end is None and too_long)
        if regions.end is not None and not unfinished:
            count = int(np.searchsorted(starts, regions.end))
        elif unfinished or (self.final and rest < self.size):
            count += 1
            ends, nexts = np.append(ends, self.size), np.append(nexts, self.size)
        wanted = int(np.searchsorted(starts[:count], stop))
        last = wanted == count > len(lines.lasts)  # the line without an end
        consumed = self.size if last else int(starts[wanted])
        lines_consumed = len(self.ends) if last else int(lines.numbers[wanted])
        filled = np.flatnonzero(ends[:wanted] > starts[:wanted])
        kept: slice | Indices = slice(wanted) if len(filled) == wanted else filled
        tokens = Tokens(
            starts[kept],
            ends[kept],
            nexts[kept],
            lines.numbers[kept],
            lines.values[kept],
            {},
            self._literal_values(lines, literals),
            returns if not len(regions.opens) else returns[~_within(returns, regions)],
            consumed,
            lines_consumed,
            unfinished and last,
        )
        tokens.rejected.update(self._rejected(tokens, regions))
        return tokens

    def _rejected(self, tokens: Tokens, regions: Regions) -> dict[int, str]:
        offsets = np.sort(np.fromiter(regions.rejected, np.int64, len(regions.rejected)))
        offsets = offsets[offsets < tokens.consumed]
        records = np.searchsorted(tokens.starts, offsets).tolist()
        rejected = {record: regions.rejected[offset] for record, offset in zip(records, offsets.tolist(), strict=True)}
        too_long = np.flatnonzero(tokens.ends - tokens.starts > self.marks.longest)
        return rejected | dict.fromkeys(too_long.tolist(), "record_too_long")

    def _literal_values(self, lines: _Lines, literals: Indices) -> tuple[Indices, Indices]:
        """Offsets and ends of the unquoted values that these runs of quotes lie in."""
        literals = literals[~_within(literals, lines.regions)]
        if not len(literals):
            return _NONE, _NONE
        separates = self.content == self.marks.delimiter
        separates[self.ends] = True
        separators = np.flatnonzero(separates)
        places = np.unique(np.searchsorted(separators, literals))
        starts, ends = np.zeros_like(places), np.full_like(places, self.size)
        starts[places > 0] = separators[places[places > 0] - 1] + 1
        before_end = places < len(separators)
        ends[before_end] = separators[places[before_end]]
        return starts, self._without_return(ends)

    def _without_return(self, ends: Indices) -> Indices:
        """Where lines' texts end, by their line feeds or lone carriage returns: before the CR of CR LF."""
        if not self.has_returns:
            return ends
        at = np.minimum(ends, len(self.content) - 1)
        texts: Indices = ends - ((self.content[at] == LF) & (self.content[at - 1] == CR) & (at > 0) & (at == ends))
        return texts


def _within(offsets: Indices, regions: Regions) -> Flags:
    """Which offsets lie in a quoted region."""
    before = np.searchsorted(regions.opens, offsets, side="right")
    within: Flags = offsets < np.concatenate(([0], regions.closes))[before]
    return within
