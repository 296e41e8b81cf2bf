"""Landed files that have led to nothing, and cells that are late. All of it blocks."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import chain, islice, product
from typing import Final

from functions import adapters
from functions.arrivals import Cell, Listing, own_orders, published_cells, reached_orders
from shared.contracts.conditioning import BlobArrival, ConditionDatasetInput
from shared.contracts.reconciliation import ReconcileInput
from shared.fleet.data import Dataset
from shared.fleet.fleet import Fleet
from shared.fleet.periods import read_period
from shared.names import content_hash

#: Found in one search: a payload stays below 16 KB, and the next search finds the rest.
_ORDERS_AT_ONCE: Final = 20
#: A conditioning that was asked for by an event may still be under way: its activities are repeated for an hour.
_UNDER_WAY: Final = timedelta(hours=2)


@dataclass(frozen=True)
class _Known:
    """What is known of deliveries, by their keys.

    Attributes:
        told: What was said of each file when its event came.
        ended: How each conditioning ended.
    """

    order: ReconcileInput
    told: Mapping[str, str]
    ended: Mapping[str, str]

    def is_lost(self, one: ConditionDatasetInput, *, settled: bool = True) -> bool:
        """Whether nothing has come of it though its time is over, or it failed for now."""
        return self.ended.get(one.key, "failed" if settled else "") == "failed"

    def settled(self, blob: BlobArrival) -> bool:
        """Whether a file that has led to nothing counts as lost."""
        under_way = self.told.get(blob.key) == "accepted"
        wait = _UNDER_WAY if under_way else timedelta(seconds=self.order.settle_seconds)
        return blob.at <= self.order.at - wait

    def wants_reached(self, blob: BlobArrival) -> bool:
        """Whether to ask which other cells a file reaches: nothing has been done for it, or some of that failed.

        What a file reaches changes with time, so it is asked once.
        """
        untold = self.settled(blob) and self.told.get(blob.key, "ignored") == "ignored"
        return self._failed.get(blob.key, untold)

    @cached_property
    def _failed(self) -> dict[str, bool]:
        """Every arrival that something has ended for, and whether some of that failed for now."""
        failed: dict[str, bool] = {}
        for key, outcome in self.ended.items():
            cause = ConditionDatasetInput.cause_of(key)
            failed[cause] = failed.get(cause, False) or outcome == "failed"
        return failed


def lost_orders(order: ReconcileInput) -> tuple[ConditionDatasetInput, ...]:
    """What is to be conditioned though no event asks for it, a few at a time.

    What is late comes first, and what failed for now last, in another order each time: neither a thousand lost files
    nor a hundred whose recipe is broken keep anything else from being tried.
    """
    landed = Listing(adapters.landing().list(""))
    known = _Known(order, adapters.inbox().outcomes("storage"), adapters.inbox().outcomes("conditioning"))
    begun: list[ConditionDatasetInput] = []
    lost: list[ConditionDatasetInput] = []
    again: list[ConditionDatasetInput] = []
    for blob in landed.list(""):
        own = own_orders(blob, order.at, order.trace) if blob.size else ()
        begun += own
        if blob.size and len(lost) < _ORDERS_AT_ONCE:
            found = _lost_of(known, blob, own, landed)
            lost += (one for one in found if one.key not in known.ended)
            again += (one for one in found if one.key in known.ended)
    overdue = (one for fleet in adapters.fleets().all for one in _overdue(known, fleet, begun))
    again.sort(key=lambda one: content_hash(one.key, order.at.isoformat()))
    return tuple(islice(chain(overdue, lost, again), _ORDERS_AT_ONCE))


def _lost_of(
    known: _Known, blob: BlobArrival, own: Iterable[ConditionDatasetInput], landed: Listing
) -> list[ConditionDatasetInput]:
    settled = known.settled(blob)
    found = [one for one in own if known.is_lost(one, settled=settled)]
    if found or known.wants_reached(blob):
        reached = reached_orders(blob, known.order.at, known.order.trace, landed)
        found += [one for one in reached if known.is_lost(one, settled=settled)]
    return found


def _overdue(known: _Known, fleet: Fleet, begun: Iterable[ConditionDatasetInput]) -> Iterator[ConditionDatasetInput]:
    """Cells of a fleet that are late and have no version, once after their deadline, whether or not a file landed."""
    for dataset in fleet.datasets.values():
        late = dataset.late(known.order.at, fleet.timezone)
        asked = [
            one
            for cell in _awaited(fleet, dataset, late, begun)
            if known.is_lost(one := _at_deadline(known.order, fleet, dataset, cell, late))
        ]
        first = min((read_period(str(dataset.period), value).last for value in late), default=date.max)
        published = published_cells(fleet, dataset.name, first) if asked else set()
        yield from (one for one in asked if frozenset(one.cell.items()) not in published)


def _awaited(
    fleet: Fleet, dataset: Dataset, late: Iterable[str], begun: Iterable[ConditionDatasetInput]
) -> Iterator[Cell]:
    """The cells of the late periods: of every combination of the matrix, or else of what has ever landed."""
    labels = [label for label in dataset.per if label != dataset.period]
    if all(label in fleet.matrix for label in labels):
        combinations = set(product(*(fleet.matrix[label] for label in labels)))
    else:
        mine = (one.cell for one in begun if (one.fleet, one.dataset) == (fleet.name, dataset.name))
        combinations = {tuple(cell[label] for label in labels) for cell in mine}
    for value, combination in product(late, sorted(combinations)):
        filled = {str(dataset.period): value, **dict(zip(labels, combination, strict=True))}
        yield {label: filled[label] for label in dataset.per}


def _at_deadline(
    order: ReconcileInput, fleet: Fleet, dataset: Dataset, cell: Cell, late: Mapping[str, datetime]
) -> ConditionDatasetInput:
    deadline = late[cell[str(dataset.period)]]
    return ConditionDatasetInput(
        fleet=fleet.name,
        dataset=dataset.name,
        cell=cell,
        cause=f"deadline/{deadline.isoformat()}",
        at=order.at,
        trace=order.trace,
    )
