"""Tables of what came from elsewhere: nothing in a value is taken for markup, and nothing steers the terminal.

On a terminal a table fits its width, and colours repeat what a word says. Elsewhere a row is a line, whatever its
length, without colours and lines: for `grep` and `less`.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any, Final

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

_ENDLESS: Final = 100_000  # columns of what is not printed to a terminal
_NARROWEST: Final = 6  # columns in which a value can be read
_GAP: Final = "  "


def print_json(value: Any) -> None:
    """For programs."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def console(*, stderr: bool = False) -> Console:
    """Where tables are printed; `stderr` is for what a person reads before a question, which is asked there."""
    made = Console(soft_wrap=False, highlight=False, stderr=stderr)
    if not made.is_terminal:
        made.width = _ENDLESS
    return made


class Rows:
    """A table. On a terminal what does not fit is folded, not cut, but for the column that is there to be copied.

    rich's own table takes half a second for a thousand rows, since it measures and wraps every cell several times.

    Args:
        heads: The columns' heads.
        whole: The head of the column whose values stay on one line.
        title: What stands above it.
    """

    def __init__(self, heads: Sequence[str], whole: str = "", title: str = "") -> None:
        self._heads = [cell(head, "bold") for head in heads]
        self._whole = heads.index(whole) if whole else None
        self._title = title
        self._rows: list[list[Text]] = []
        self._notes: list[Text | None] = []

    def add_row(self, *cells: Text | str, style: str = "") -> None:
        """Add a row; cells that are missing at its end are empty.

        Args:
            cells: As `cell` makes them, or bare texts.
            style: Of the whole row.
        """
        row = [one if isinstance(one, Text) else cell(one) for one in cells]
        row += [Text() for _ in range(len(self._heads) - len(cells))]
        for one in row:
            one.stylize(style)
        self._rows.append(row)
        self._notes.append(None)

    def add_note(self, note: str) -> None:
        """Add a line under the last row, as wide as the table."""
        self._notes[-1] = cell(note, "dim")

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The lines of the table."""
        widths = self._widths(options.max_width if console.is_terminal else _ENDLESS)
        lines = [Text(printable(self._title), style="bold")] if self._title else []
        if console.is_terminal and sum(widths) + len(_GAP) * (len(widths) - 1) > options.max_width:
            lines += self._records(console, options.max_width)
            yield Text("\n", no_wrap=True, overflow="ignore").join(lines)
            return
        lines += _folded(self._heads, widths, console)
        if console.is_terminal:
            lines.append(Text(_GAP.join(("-" if options.ascii_only else "─") * width for width in widths), style="dim"))
        for row, note in zip(self._rows, self._notes, strict=True):
            lines += _folded(row, widths, console)
            if note is not None:
                indented = note.wrap(console, options.max_width - len(_GAP))
                lines += [Text(_GAP).append_text(line) for line in indented]
        yield Text("\n", no_wrap=True, overflow="ignore").join(lines)

    def _records(self, console: Console, width: int) -> Iterator[Text]:
        """A line per cell, where the columns have no room side by side."""
        for row, note in zip(self._rows, self._notes, strict=True):
            first, *others = zip(self._heads, row, strict=True)
            yield from first[1].wrap(console, width, overflow="fold")
            told = [Text(f"{head.plain}: ").append_text(one) for head, one in others if one.plain]
            for line in (*told, *([note] if note is not None else ())):
                yield from (Text(_GAP).append_text(part) for part in line.wrap(console, width - len(_GAP)))

    def _widths(self, available: int) -> list[int]:
        """How wide each column is: as wide as it wants, or what is left for it when narrower ones have theirs."""
        wanted = [max(one.cell_len for one in column) for column in zip(self._heads, *self._rows, strict=True)]
        left = available - len(_GAP) * (len(wanted) - 1)
        found = list(wanted)
        order = sorted(range(len(wanted)), key=lambda column: (column != self._whole, wanted[column]))
        for number, column in enumerate(order):
            share = max(_NARROWEST, left // (len(order) - number))
            found[column] = wanted[column] if column == self._whole else min(wanted[column], share)
            left -= found[column]
        return found


def _folded(row: Sequence[Text], widths: Sequence[int], console: Console) -> list[Text]:
    """The lines of a row: one, where every cell fits."""
    cells = [
        [one] if one.cell_len <= width else list(one.wrap(console, width, overflow="fold"))
        for one, width in zip(row, widths, strict=True)
    ]
    lines = []
    for parts in zip_longest(*cells, fillvalue=Text()):
        line = Text()
        for part, width in zip(parts, widths, strict=True):
            line.append_text(part)
            line.append(" " * (width - part.cell_len) + _GAP)
        line.rstrip()
        lines.append(line)
    return lines


def table(*columns: str, whole: str = "", title: str = "") -> Rows:
    """A table with these heads; `whole` is the column whose values stay on one line."""
    return Rows(columns, whole, title)


def show(rows: Rows) -> None:
    """Print a table."""
    console().print(rows, soft_wrap=True)


def cell(value: Any, style: str = "") -> Text:
    """A value as a cell: nothing is an empty one, and control characters are shown as escapes."""
    return Text("" if value is None else printable(str(value)), style=style)


def printable(text: str) -> str:
    """A text with escapes in place of what a terminal would obey."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def say(text: str) -> None:
    """A line for a person, as it is."""
    console().print(Text(printable(text)), soft_wrap=True)
