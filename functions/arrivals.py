"""What a landed file leads to: the same from an event and from the search for lost ones.

A file of a source that leads (`Fleet.leads`) says by its path which cells it concerns. What else it reaches depends on
what has landed: a late file of a source with `since` belongs to the newest cell, too; the holidays of a year belong to
the months that are there; and a file without a period to the newest cell, and to those that may have waited for it.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import takewhile
from typing import Protocol

from functions import adapters
from shared.contracts.conditioning import BlobArrival, ConditionDatasetInput
from shared.fleet.data import Claim
from shared.fleet.fleet import Fleet
from shared.fleet.periods import read_period

type Cell = dict[str, str]


class Listed(Protocol):
    """What has landed: the container itself, or a listing of it."""

    def list(self, prefix: str) -> Sequence[BlobArrival]:
        """Files under a prefix, by path."""
        ...


class Listing:
    """A listing of the whole container, for many questions.

    Args:
        files: By path.
    """

    def __init__(self, files: Sequence[BlobArrival]) -> None:
        self._files = files

    def list(self, prefix: str) -> list[BlobArrival]:
        """Files under a prefix, by path."""
        first = bisect_left(self._files, prefix, key=lambda file: file.path)
        following = (self._files[place] for place in range(first, len(self._files)))
        return list(takewhile(lambda file: file.path.startswith(prefix), following))


def conditioning_orders(
    arrival: BlobArrival, at: datetime, trace: str | None = None, landed: Listed | None = None
) -> tuple[ConditionDatasetInput, ...]:
    """One order per cell of each dataset that the file concerns; it blocks.

    Args:
        arrival: The file.
        at: When it is asked.
        trace: W3C traceparent.
        landed: What has landed; the container is asked when absent.
    """
    return own_orders(arrival, at, trace) + reached_orders(arrival, at, trace, landed or adapters.landing())


def own_orders(arrival: BlobArrival, at: datetime, trace: str | None = None) -> tuple[ConditionDatasetInput, ...]:
    """Of these cells the path alone tells."""
    return tuple(
        _order(arrival, fleet, dataset, cell, at, trace)
        for fleet, dataset, claim in _concerned(arrival)
        if fleet.leads(dataset, claim.source)
        for cell in fleet.cells(dataset, claim)
    )


def reached_orders(
    arrival: BlobArrival, at: datetime, trace: str | None, landed: Listed
) -> tuple[ConditionDatasetInput, ...]:
    """Of these cells what has landed tells."""
    return tuple(
        _order(arrival, fleet, dataset, cell, at, trace)
        for fleet, dataset, claim in _concerned(arrival)
        for cell in _reached(fleet, dataset, claim, landed)
    )


def _concerned(arrival: BlobArrival) -> Iterator[tuple[Fleet, str, Claim]]:
    """The datasets of all fleets that the file belongs to."""
    for claim in adapters.fleets().claims(arrival.path):
        fleet = adapters.fleet(claim.fleet)
        for dataset in fleet.datasets_of(claim.source):
            yield fleet, dataset, claim


def _reached(fleet: Fleet, dataset: str, claim: Claim, landed: Listed) -> list[Cell]:
    source, wanted = fleet.source(claim.source), fleet.dataset(dataset)
    if wanted.period is None:
        return []
    if fleet.leads(dataset, claim.source):
        if source.since is None:
            return []
        own = fleet.cells(dataset, claim)
        return [
            cell for cell in _newest(fleet, dataset, _landed_cells(fleet, dataset, claim, landed)) if cell not in own
        ]
    cells = _landed_cells(fleet, dataset, claim, landed)
    newest = _newest(fleet, dataset, cells)
    if source.period is None:
        published = published_cells(fleet, dataset)
        return [cell for cell in cells if cell in newest or frozenset(cell.items()) not in published]
    days = read_period(source.period, claim.cell[source.period])
    return [
        cell
        for cell in cells
        if read_period(wanted.period, cell[wanted.period]).overlaps(days) or (source.since and cell in newest)
    ]


def _landed_cells(fleet: Fleet, dataset: str, claim: Claim, landed: Listed) -> list[Cell]:
    """The cells that do not contradict a claim's labels, and of which a file of a source that leads is there.

    Of a source that leads itself only its own files count: a cell without one of them is not complete.
    """
    labels = {label: value for label, value in claim.cell.items() if label != fleet.source(claim.source).period}
    leads = fleet.leads(dataset, claim.source)
    names = (claim.source,) if leads else fleet.sources_of(dataset)
    cells: dict[tuple[str, ...], Cell] = {}
    for name in names:
        files = fleet.source(name).files
        for file in landed.list(files.prefix(labels)) if fleet.leads(dataset, name) else ():
            read = files.read(file.path) if file.size else None
            if read is not None and _agree(read, labels):
                found = fleet.cells(dataset, Claim(fleet.name, name, labels | read))
                cells |= {tuple(cell.values()): cell for cell in found}
    return list(cells.values())


def _newest(fleet: Fleet, dataset: str, cells: Iterable[Cell]) -> list[Cell]:
    """Of all cells with the same labels, the period aside, that of the newest period."""
    wanted = fleet.dataset(dataset)
    newest: dict[tuple[str, ...], tuple[date, Cell]] = {}
    for cell in cells:
        period = wanted.period_of(cell)
        if period is not None:
            others = tuple(value for label, value in cell.items() if label != wanted.period)
            if others not in newest or newest[others][0] < period.last:
                newest[others] = (period.last, cell)
    return [cell for _, cell in newest.values()]


def published_cells(fleet: Fleet, dataset: str, since: date = date.min) -> set[frozenset[tuple[str, str]]]:
    """The labels of the cells of which there is a version; it blocks.

    Args:
        fleet: Whose dataset.
        dataset: Its name.
        since: Cells that end before this day may be left out: the newest ones are found first.
    """
    index, after = adapters.dataset_index(), None
    found: set[frozenset[tuple[str, str]]] = set()
    while True:
        page = index.cells(fleet.name, dataset, after)
        found |= {frozenset(entry.dataset.cell.items()) for entry in page.entries}
        after = page.next
        if after is None or (page.entries[-1].dataset.ends or date.min) < since:
            return found


def _agree(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    return all(other.get(label, value) == value for label, value in one.items())


def _order(  # noqa: PLR0917 - an order, field by field
    arrival: BlobArrival, fleet: Fleet, dataset: str, cell: Cell, at: datetime, trace: str | None
) -> ConditionDatasetInput:
    return ConditionDatasetInput(fleet=fleet.name, dataset=dataset, cell=cell, cause=arrival.key, at=at, trace=trace)
