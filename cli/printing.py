"""Tables of what came from elsewhere: nothing in a value is taken for markup, and nothing steers the terminal."""

import json
import sys
from typing import Any, Final

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

_NARROWEST: Final = 120  # columns of a table that is not printed to a terminal


def print_json(value: Any) -> None:
    """For programs."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def console() -> Console:
    """Where tables are printed."""
    made = Console(soft_wrap=False, highlight=False)
    if not made.is_terminal:
        made.width = max(made.width, _NARROWEST)
    return made


def table(*columns: str, whole: str = "") -> Table:
    """A table whose cells are folded, not cut, but for the column that is there to be copied.

    Args:
        columns: Their heads.
        whole: The one whose values stay on one line.
    """
    return Table(*(Column(Text(printable(one)), overflow="fold", no_wrap=one == whole) for one in columns))


def cell(value: Any, style: str = "") -> Text:
    """A value as a cell: nothing is an empty one, and control characters are shown as escapes."""
    return Text("" if value is None else printable(str(value)), style=style)


def printable(text: str) -> str:
    """A text with escapes in place of what a terminal would obey."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def say(text: str) -> None:
    """A line for a person, as it is."""
    console().print(Text(printable(text)), soft_wrap=True)
