"""Landed files that have led to nothing, and cells whose deadline has passed while they waited. All of it blocks."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

from functions import adapters
from functions.arrivals import Listing, own_orders, published_cells, reached_orders
from shared.contracts.datasets import BlobArrival, ConditionDatasetInput
from shared.contracts.reconciliation import ReconcileInput

#: Found in one search: a payload stays below 16 KB, and the next search finds the rest.
_ORDERS_AT_ONCE: Final = 20
#: A conditioning that was asked for by an event may still be under way: its activities are repeated for an hour.
_UNDER_WAY: Final = timedelta(hours=2)


def lost_orders(order: ReconcileInput) -> tuple[ConditionDatasetInput, ...]:
    """What is to be conditioned though no event asks for it, a few at a time; what failed for now is tried again."""
    landed = Listing(adapters.landing().list(""))
    told, ended = adapters.inbox().outcomes("storage"), adapters.inbox().outcomes("conditioning")
    failed = _failed(ended)
    lost: list[ConditionDatasetInput] = []
    waiting: list[ConditionDatasetInput] = []
    for blob in landed.list(""):
        if not blob.size or blob.at > _settled(order, blob, told):
            continue
        own = own_orders(blob, order.at, order.trace)
        found = [one for one in own if _is_lost(one, ended)]
        # What it reaches changes with time: that is asked of a file for which nothing has been done, or that failed.
        if found or failed.get(blob.key, told.get(blob.key, "ignored") == "ignored"):
            found += [one for one in reached_orders(blob, order.at, order.trace, landed) if _is_lost(one, ended)]
        lost += found
        waiting += [one for one in own if ended.get(one.key) == "waiting"]
        if len(lost) >= _ORDERS_AT_ONCE:
            return tuple(lost[:_ORDERS_AT_ONCE])
    return tuple([*lost, *_overdue(order, waiting, ended)][:_ORDERS_AT_ONCE])


def _overdue(
    order: ReconcileInput, waiting: list[ConditionDatasetInput], ended: Mapping[str, str]
) -> Iterator[ConditionDatasetInput]:
    """Cells that some arrival found incomplete and none has completed, once after their deadline.

    A cell of which nothing has landed is not waited for: nobody can tell a period that was left out from one to come.
    """
    late: dict[str, ConditionDatasetInput] = {}
    for one in waiting:
        fleet = adapters.fleet(one.fleet)
        deadline = fleet.dataset(one.dataset).deadline(one.cell, fleet.timezone)
        if deadline is not None and deadline <= order.at:
            again = one.model_copy(update={"cause": f"deadline/{deadline.isoformat()}"})
            late[again.key] = again
    published = {
        (fleet, dataset): published_cells(adapters.fleet(fleet), dataset)
        for fleet, dataset in {(one.fleet, one.dataset) for one in late.values()}
    }
    for one in late.values():
        if _is_lost(one, ended) and frozenset(one.cell.items()) not in published[one.fleet, one.dataset]:
            yield one


def _is_lost(one: ConditionDatasetInput, ended: Mapping[str, str]) -> bool:
    return ended.get(one.key, "failed") == "failed"


def _failed(ended: Mapping[str, str]) -> dict[str, bool]:
    """Every arrival that something has ended for, and whether some of that failed for now."""
    failed: dict[str, bool] = {}
    for key, outcome in ended.items():
        cause = ConditionDatasetInput.cause_of(key)
        failed[cause] = failed.get(cause, False) or outcome == "failed"
    return failed


def _settled(order: ReconcileInput, blob: BlobArrival, told: Mapping[str, str]) -> datetime:
    """What landed before this counts as lost when it has led to nothing."""
    under_way = told.get(blob.key) == "accepted"
    return order.at - (_UNDER_WAY if under_way else timedelta(seconds=order.settle_seconds))
