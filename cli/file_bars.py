"""Bars of the large files that are being conditioned."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from shared.conditioning.progress import file_progress

_BAR_WIDTH: Final = 20
_WHOLE: Final = 100


def file_bars(cells: Iterable[tuple[str, Sequence[Mapping[str, Any]]]]) -> Table:
    """A row per cell, and under it one per file with its bar and how far it is.

    Args:
        cells: Each cell's name with the custom statuses of its files; without a name it has no row.
    """
    table = Table.grid(padding=(0, 1))
    table.add_column(overflow="ellipsis", no_wrap=True)
    table.add_column(width=_BAR_WIDTH)
    table.add_column()
    for name, files in cells:
        if name:
            table.add_row(Text(name))
        for found in map(file_progress, files):
            bar = ProgressBar(total=_WHOLE, completed=found.percent, width=_BAR_WIDTH)
            table.add_row(Text(f"  {found.file}"), bar, Text(found.text, style="dim"))
    return table
