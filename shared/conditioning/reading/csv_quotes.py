"""Which quotes of a stretch of CSV mean something: the quoted regions, without looking at its bytes one by one.

Quotes that stand side by side are one run. What a run does is known from its length and its neighbours: at a field's
start (after a delimiter or a line's end) it opens, before a field's end it closes, both may be, and with neither it is
text. So after most runs it is known whether a value is open, whatever came before; what came before then either agrees,
or the record is malformed. Numpy decides all runs at once on the assumption that none is; only records of several lines
that turn out to be malformed, or too long, are walked through run by run, until the walk meets the assumption again.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from shared.conditioning.reading.stretch import Indices
from shared.conditioning.recipe.dialect import Dialect

type Flags = npt.NDArray[np.bool_]
type Bytes = npt.NDArray[np.uint8]

LF: Final = 0x0A
CR: Final = 0x0D

# What a run of quotes does. A run that changes nothing, whether a region is open or not, is left out.
_TOGGLES: Final = 0  # `,",`
_OPENS: Final = 1  # `,"a`
_CLOSES: Final = 2  # `a",`
_TEXT: Final = 3  # `a"a`
_ESCAPES: Final = 4  # `,""a`
#: Whether a region is open after each of them, when none is open before and when one is; `None` is an error.
_AFTER: Final = ((True, False), (True, None), (False, False), (False, None), (None, True))


@dataclass(frozen=True)
class Marks:
    """The bytes that structure a CSV file.

    Attributes:
        delimiter: Between values.
        quote: Around values; `None` when quotes mean nothing.
        longest: Bytes that a record may have, without its line end.
    """

    delimiter: int
    quote: int | None
    longest: int

    @classmethod
    def of(cls, dialect: Dialect) -> "Marks":
        """The marks of a recipe."""
        quote = None if dialect.quote == "none" else ord(dialect.quote)
        return cls(ord(dialect.delimiter), quote, dialect.max_record)


@dataclass(frozen=True)
class Runs:
    """Runs of quotes, in order, as if no record were malformed.

    Attributes:
        literals: Offsets of the runs that do not stand at a field's start; outside of a region they are text.
        starts: Offset of each run that may open or close a region.
        ends: Offset past it.
        effects: What it does.
        inside: Whether it lies in a region that is open before it.
        errors: Whether it is an error there.
        opens: Where regions begin; a region's quotes belong to it.
        closes: Where they end.
        unclosed: Whether the last region is open at the stretch's end, which is then given as its own.
    """

    literals: Indices
    starts: Indices
    ends: Indices
    effects: npt.NDArray[np.int8]
    inside: Flags
    errors: Flags
    opens: Indices
    closes: Indices
    unclosed: bool


def quote_runs(content: Bytes, marks: Marks) -> Runs | None:
    """All runs of quotes in a stretch that begins at a record's start; `None` when there is no quote.

    A run at the stretch's very end may go on behind it; it is taken for one that fits.
    """
    quotes = np.flatnonzero(content == marks.quote) if marks.quote is not None else ()
    if not len(quotes):
        return None
    breaks = np.flatnonzero(np.diff(quotes) != 1)
    starts = quotes[np.concatenate(([0], breaks + 1))]
    ends = quotes[np.concatenate((breaks, [len(quotes) - 1]))] + 1
    before = _separates(content[np.maximum(starts - 1, 0)], marks) | (starts == 0)
    after = _separates(content[np.minimum(ends, len(content) - 1)], marks) | (ends == len(content))
    odd = (ends - starts) & 1 == 1
    literals = starts[~before]
    effects = np.where(odd, 2 * ~before + ~after, _ESCAPES).astype(np.int8)
    matters = odd | (before & ~after)
    starts, ends, effects = starts[matters], ends[matters], effects[matters]
    open_after = _open_after(effects)
    inside = np.concatenate(([False], open_after[:-1]))[: len(starts)]
    errors = (inside & ((effects == _OPENS) | (effects == _TEXT))) | (~inside & (effects == _ESCAPES))
    opens, closes = starts[~inside & open_after], ends[inside & ~open_after]
    unclosed = len(opens) > len(closes)
    if unclosed:
        closes = np.append(closes, len(content))
    return Runs(literals, starts, ends, effects, inside, errors, opens, closes, unclosed)


def _separates(content: Bytes, marks: Marks) -> Flags:
    """Which bytes are a delimiter or of a line's end."""
    separates: Flags = (content == marks.delimiter) | (content == LF) | (content == CR)
    return separates


def _open_after(effects: npt.NDArray[np.int8]) -> Flags:
    """Whether a region is open after each run: what the last run that says it says, and how many toggled since."""
    toggled = np.cumsum(effects == _TOGGLES)
    order = np.arange(1, len(effects) + 1)
    last = np.maximum.accumulate(np.where(effects != _TOGGLES, order, 0))
    said = np.concatenate(([False], (effects == _OPENS) | (effects == _ESCAPES)))[last]
    since = toggled - np.concatenate(([0], toggled))[last]
    after: Flags = said ^ (since & 1 == 1)
    return after


@dataclass(frozen=True)
class Regions:
    """Quoted regions in order, and records that were given up for their first line.

    Attributes:
        opens: Offset of each region.
        closes: Offset past it.
        rejected: Rule by the offset of the record.
        end: Where the walk came to a record that is not complete; `None` when it met the assumption again.
        unfinished: Whether that record is rejected already, since its first line is too long, and goes on.
    """

    opens: Indices
    closes: Indices
    rejected: dict[int, str]
    end: int | None = None
    unfinished: bool = False


class Walk:
    """Corrects the assumption that no record is malformed, from one bad record to the next.

    Args:
        runs: Under the assumption.
        line_ends: Offset of the last byte of every line's end, in quotes and out of them.
        returns: Whether the byte before is a part of that end, by line.
        marks: For the longest record.
        size: Bytes of the stretch that are decided: all, but for a carriage return at its end that may be half an end.
        final: Whether the file ends with the stretch.
    """

    def __init__(self, runs: Runs, line_ends: Indices, returns: Flags, marks: Marks, *, size: int, final: bool) -> None:
        self._runs, self._line_ends, self._returns = runs, line_ends, returns
        self._longest, self._size, self._final = marks.longest, size, final
        self._malformed_lines: Indices = np.zeros(0, np.int64)
        self._faults = runs.starts[runs.errors]
        self._opens: list[Indices] = []
        self._closes: list[Indices] = []
        self._rejected: dict[int, str] = {}
        self._end: int | None = None
        self._unfinished = False

    def regions(self, bad: list[int], lines: Indices) -> Regions:
        """Correct the assumption.

        Args:
            bad: Offsets, in order, of records that are malformed or too long if the assumption holds up to them.
            lines: Of malformed records that are one line, so that the assumption holds behind them too.
        """
        self._malformed_lines = lines
        agreed = 0
        for record in bad:
            if record < agreed or self._end is not None:
                continue
            self._take(agreed, record)
            fault = int(self._faults.searchsorted(record))
            place = int(self._faults[fault]) if fault < len(self._faults) else self._size
            agreed = self._from_line(self._reject(record, place))
        if self._end is None:
            self._take(agreed, self._size + 1)
        opens, closes = np.concatenate(self._opens), np.concatenate(self._closes)
        return Regions(opens, closes, self._rejected, self._end, self._unfinished)

    def _take(self, first: int, behind: int) -> None:
        """The assumed regions that begin in a part of the stretch where the assumption holds."""
        low, high = np.searchsorted(self._runs.opens, [first, behind])
        self._opens.append(self._runs.opens[low:high])
        self._closes.append(self._runs.closes[low:high])
        low, high = np.searchsorted(self._malformed_lines, [first, behind])
        self._rejected |= dict.fromkeys(self._malformed_lines[low:high].tolist(), "malformed_quotes")

    def _reject(self, record: int, fault: int) -> int:
        """Give a record up for its first line; where the next one begins."""
        line = int(self._line_ends.searchsorted(record))
        if line < len(self._line_ends):
            end = int(self._line_ends[line])
            behind = end + 1
            end -= int(self._returns[line])
        elif self._final:
            end = behind = self._size
        elif self._size - record > self._longest:
            self._rejected[record] = "record_too_long"
            self._end, self._unfinished = self._size, True
            return self._size
        else:
            self._end = record
            return record
        too_long = end - record > self._longest
        self._rejected[record] = (
            "record_too_long" if too_long else "malformed_quotes" if fault < end else "unclosed_quote"
        )
        return behind

    def _from_line(self, line: int) -> int:
        """Walk from a line that begins outside of quotes; where the assumption holds again."""
        starts, inside = self._runs.starts, self._runs.inside
        while self._end is None:
            run = int(starts.searchsorted(line))
            if run == len(starts):
                return self._size + 1
            if not inside[run]:
                return line
            before = int(self._line_ends.searchsorted(starts[run])) - 1
            line = self._record(max(line, int(self._line_ends[before]) + 1 if before >= 0 else 0), run)
        return line

    def _record(self, record: int, run: int) -> int:
        """Walk through a record, from its first run on; where the next one begins."""
        runs, opens, closes = self._runs, [], []
        is_open, place = False, record
        while True:
            limit = int(runs.starts[run]) if run < len(runs.starts) else self._size
            line = int(self._line_ends.searchsorted(place))
            ended = not is_open and line < len(self._line_ends) and self._line_ends[line] < limit
            end = int(self._line_ends[line] - self._returns[line]) if ended else limit
            if end - record > self._longest:
                return self._reject(record, self._size)
            if ended or run == len(runs.starts):
                break
            after = _AFTER[runs.effects[run]][is_open]
            if after is None:
                return self._reject(record, int(runs.starts[run]))
            if is_open and not after:
                closes.append(int(runs.ends[run]))
            elif after and not is_open:
                opens.append(int(runs.starts[run]))
            is_open, place = after, int(runs.ends[run])
            run += 1
        if not ended and not self._final:
            self._end = record
            return record
        if is_open:
            return self._reject(record, self._size)
        self._opens.append(np.array(opens, np.int64))
        self._closes.append(np.array(closes, np.int64))
        return int(self._line_ends[line]) + 1 if ended else self._size
