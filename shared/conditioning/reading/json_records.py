"""JSON Lines as records: one object per line, its values as texts, each as it was written."""

from array import array
from functools import partial
from typing import TYPE_CHECKING, Final

from shared.conditioning.reading.json_values import LineValues, MalformedLineError, refuse
from shared.conditioning.reading.line_ends import cut_off, end_of_line
from shared.conditioning.reading.stretch import Indices, Layout, Malformed, Stretch
from shared.conditioning.recipe.schema import Recipe
from shared.errors import PermanentError

if TYPE_CHECKING:
    import polars as pl

_BOM: Final = b"\xef\xbb\xbf"
#: Blanks of JSON, and the ends of lines.
_BLANKS: Final = b" \t\r\n"
#: Rows that are Python objects at the same time; more of them would cost memory and bring no speed.
_BATCH: Final = 8192
#: Lines that are parsed at once, and one by one, about half as fast, when one of them is bad.
_BLOCK: Final = 256
#: Characters of a record that are shown, and the bytes that hold them for sure.
_SHOWN: Final = 4000
_SHOWN_BYTES: Final = 4 * _SHOWN


def read_json_layout(head: bytes, recipe: Recipe, file: str, *, final: bool) -> Layout | None:
    """Where the values of a JSON Lines file are: by the recipe's names, since each line names its own.

    Args:
        head: The file's first bytes, as UTF-8.
        recipe: What is read.
        file: Its name, for messages.
        final: Whether these are all of its bytes.

    Returns:
        The layout; `None` when more bytes are needed.

    Raises:
        PermanentError: The file is empty (`EmptyFile`), or is one JSON document over many lines (`NotJsonLines`).
    """
    body = len(_BOM) if head.startswith(_BOM) else 0
    begun = head[body:].lstrip(_BLANKS)
    first, ended, _ = begun.partition(b"\n")
    if not begun and final:
        raise PermanentError("EmptyFile", f"{file} is empty; deliver it again with one JSON object per line")
    if begun.startswith(b"[") or (ended and first.rstrip(_BLANKS) == b"{"):
        what = f"{file} is a JSON document over many lines, not JSON Lines"
        raise PermanentError("NotJsonLines", f"{what}; write each object on one line, as `jq -c '.[]'` does")
    if not final and not ended and len(head) <= recipe.max_record:  # more of them may be blank lines without end
        return None
    sources = {name: column.source or name for name, column in recipe.columns.items()}
    names = tuple(dict.fromkeys(sources.values()))
    return Layout(names, {name: names.index(source) for name, source in sources.items()}, body, 1)


def read_json_stretch(
    content: bytes,
    recipe: Recipe,
    layout: Layout,
    *,
    stop: int | None = None,
    final: bool = False,
    inside: bool = False,
) -> Stretch:
    """The complete lines of a stretch of JSON Lines. A line ends with LF, CRLF or CR; blank ones are no records.

    A value is found by its key; `store.id` is a key of that very name or else the `id` in the object `store`. A key
    that a line lacks has no value, and keys that the recipe does not name are left aside. Numbers become texts as they
    were written, with the column's decimal sign; true and false, and objects and arrays as JSON without blanks.

    Args:
        content: UTF-8, from a line's start on.
        recipe: What is read.
        layout: From `read_json_layout`.
        stop: Lines that begin here or later are left; all are read where it is absent.
        final: Whether the file ends with the content.
        inside: Whether the content begins inside a line that the stretch before rejected: up to its end it is skipped.

    Returns:
        The records. A line that has no end yet but is longer than `max_record` is rejected at once, and all of the
        content is consumed: the next stretch begins `inside`.
    """
    import numpy as np  # noqa: PLC0415 - loaded at first use

    scanned = content if stop is None else content[: _reach(content, stop)]
    ends = _line_ends(scanned, final=final and len(scanned) == len(content))
    begins = np.concatenate((np.zeros(1, np.int64), ends))
    owned = len(ends) if stop is None else int(np.searchsorted(begins[:-1], stop))
    owned = max(owned, min(1, len(ends))) if inside else owned
    consumed = int(begins[owned])
    reading = _Reading(content, recipe, layout)
    for first in range(1 if inside else 0, owned, _BLOCK):
        last = min(first + _BLOCK, owned)
        reading.add_lines(first, begins[first:last], ends[first:last])
    open_end = len(content) - content.endswith(b"\r")  # it may be half of CRLF, so it waits
    open_line = not final and owned == len(ends) and (stop is None or consumed < stop or (inside and not owned))
    if open_line and inside and not owned:
        consumed = open_end
    elif open_line and open_end - consumed > recipe.max_record:
        reading.add_line(owned, consumed, open_end)
        consumed = open_end
    else:
        open_line = False
    return reading.stretch(consumed, owned, inside=open_line)


def _reach(content: bytes, stop: int) -> int:
    """How far to look for the ends of lines that begin before the stop; a CR LF there is looked at as a whole."""
    end = end_of_line(content, max(stop - 1, 0))
    return len(content) if end is None else end + 2


def _line_ends(content: bytes, *, final: bool) -> Indices:
    """The offset after each complete line. A CR at the end of what is not final may be half of CRLF: it ends none."""
    import numpy as np  # noqa: PLC0415 - loaded at first use

    codes = np.frombuffer(content, np.uint8)
    ends = np.flatnonzero(codes == ord("\n"))
    if b"\r" in content:
        returns = np.flatnonzero(codes == ord("\r"))
        alone = codes[np.minimum(returns + 1, len(codes) - 1)] != ord("\n")
        alone &= final or returns + 1 < len(codes)
        ends = np.sort(np.concatenate((ends, returns[alone])))
    ends = ends.astype(np.int64) + 1
    if final and content and (not len(ends) or ends[-1] < len(content)):
        ends = np.append(ends, len(content))
    return ends


class _Reading:
    """The records of a stretch, as they are read."""

    def __init__(self, content: bytes, recipe: Recipe, layout: Layout) -> None:
        self._content = content
        self._names = list(layout.wanted)
        self._values = LineValues(recipe, layout)
        self._max_record = recipe.max_record
        self._lines = array("q")
        self._begins = array("q")
        self._ends = array("q")
        self._kept = array("q")
        self._malformed: list[Malformed] = []
        self._columns: list[list[str | None]] = [[] for _ in self._names]
        self._frames: list[pl.DataFrame] = []

    def add_lines(self, first: int, begins: Indices, ends: Indices) -> None:
        """Read lines that follow each other."""
        columns = None
        if int((ends - begins).max()) <= self._max_record:
            columns = self._values.of_lines(self._content[int(begins[0]) : int(ends[-1])], len(begins))
        if columns is None:
            for line, (begin, end) in enumerate(zip(begins.tolist(), ends.tolist(), strict=True), first):
                self.add_line(line, begin, end)
            return
        self._kept.extend(range(len(self._lines), len(self._lines) + len(begins)))
        self._lines.extend(range(first, first + len(begins)))
        self._begins.extend(begins.tolist())
        self._ends.extend(ends.tolist())
        self._keep(columns)

    def add_line(self, line: int, begin: int, end: int) -> None:
        """Read a line, unless it is blank."""
        over = end - begin - self._max_record
        too_long = over > 2 or over > len(_line_end(self._content, begin, end))
        record = b"" if too_long else self._content[begin:end].strip(_BLANKS)
        if not record and not too_long:
            return
        index = len(self._lines)
        self._lines.append(line)
        self._begins.append(begin)
        self._ends.append(end)
        try:
            if too_long:
                refuse("record_too_long", f"it is longer than {self._max_record} bytes; see `max_record`")
            values = self._values.of(record)
        except MalformedLineError as error:
            self._malformed.append(Malformed(index, error.rule, error.reason))
            return
        self._kept.append(index)
        self._keep([[value] for value in values])

    def stretch(self, consumed: int, lines: int, *, inside: bool) -> Stretch:
        """All that was read."""
        import numpy as np  # noqa: PLC0415 - loaded at first use
        import polars as pl  # noqa: PLC0415 - loaded at first use

        return Stretch(
            frame=pl.concat([*self._frames, self._frame()]),
            records=np.array(self._kept, np.int64) if self._malformed else None,
            starts=np.array(self._begins, np.int64),
            lines=np.array(self._lines, np.int64),
            malformed=tuple(self._malformed),
            consumed=consumed,
            lines_consumed=lines,
            raw=partial(_raw, self._content, self._begins, self._ends, min(_SHOWN_BYTES, self._max_record)),
            inside=inside,
        )

    def _keep(self, columns: list[list[str | None]]) -> None:
        for column, values in zip(self._columns, columns, strict=True):
            column.extend(values)
        if len(self._columns[0]) >= _BATCH:
            self._frames.append(self._frame())

    def _frame(self) -> "pl.DataFrame":
        import polars as pl  # noqa: PLC0415 - loaded at first use

        named = zip(self._names, self._columns, strict=True)
        frame = pl.DataFrame([pl.Series(name, values, pl.String) for name, values in named])
        self._columns = [[] for _ in self._names]
        return frame


def _line_end(content: bytes, begin: int, end: int) -> bytes:
    """The bytes that end a line."""
    tail = content[max(begin, end - 2) : end]
    return tail[len(tail.rstrip(b"\r\n")) :]


def _raw(content: bytes, begins: "array[int]", ends: "array[int]", most: int, record: int) -> str:
    begin = begins[record]
    end = ends[record] - len(_line_end(content, begin, ends[record]))
    return content[begin : cut_off(content, begin, end, most)].decode("utf-8", "replace")[:_SHOWN]
