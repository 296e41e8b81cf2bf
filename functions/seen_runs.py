"""A run of a fleet as who asks may see it: with its own cells, and nothing of the others. All of it blocks."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Final, NamedTuple

from functions import sight
from functions.run_cells import cells_of_run
from shared.contracts.fleet_runs import CellState, RunRow
from shared.fleet_runs.digest import sentence
from shared.fleet_runs.selection import DATASET, MODEL

#: Each run's cells are a document of their own.
_AT_ONCE: Final = 8


class SeenRun(NamedTuple):
    """A run, and those of its cells that may be seen; none where nobody has asked for them."""

    row: RunRow
    cells: tuple[CellState, ...]


def seen_run(row: RunRow, *, with_cells: bool = False) -> SeenRun | None:
    """A run as it is told; `None` where none of its cells may be seen.

    Args:
        row: The run as it stands.
        with_cells: Whether its cells are read although everything may be seen.
    """
    if sight.is_whole():
        return SeenRun(row, cells_of_run(row.fleet, row.run) if with_cells else ())
    if not sight.sees_fleet(row.fleet):
        return None
    cells = tuple(cell for cell in cells_of_run(row.fleet, row.run) if _is_seen(row, cell))
    return SeenRun(_narrowed(row, cells), cells) if cells else None


def seen_runs(rows: Sequence[RunRow]) -> list[RunRow]:
    """The runs that may be seen, in their order, each as it is told."""
    if sight.is_whole():
        return list(rows)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        told = [pool.submit(copy_context().run, seen_run, row) for row in rows]
    return [found.row for one in told if (found := one.result()) is not None]


def _is_seen(row: RunRow, cell: CellState) -> bool:
    if row.operation == "condition":
        return sight.sees_cell(row.fleet, cell.dataset, cell.labels)
    return sight.sees_model(cell.name)


def _narrowed(row: RunRow, cells: tuple[CellState, ...]) -> RunRow:
    """A row that tells of these cells alone: what was selected, how they stand, and the sentence about them."""
    counts = dict(Counter[str](cell.outcome for cell in cells))
    labels = [{**cell.labels, MODEL: cell.name, DATASET: cell.dataset} for cell in cells]
    select = {
        label: tuple(value for value in values if any(one.get(label) == value for one in labels))
        for label, values in row.select.items()
    }
    given_up = row.state == "failed" and row.ended_at is None
    reason = f"{'It was ended before its digest. ' if given_up else ''}{sentence(counts)}"
    return row.model_copy(update={"select": select, "counts": counts, "reason": reason})
