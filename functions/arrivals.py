"""What a landed file leads to: the same from an event and from the search for lost ones."""

from datetime import datetime

from functions import adapters
from shared.contracts.datasets import BlobArrival, ConditionDatasetInput


def conditioning_orders(
    arrival: BlobArrival, at: datetime, trace: str | None = None
) -> tuple[ConditionDatasetInput, ...]:
    """One order per cell of each dataset that the file belongs to; none when no source of any fleet wants its path."""
    orders: list[ConditionDatasetInput] = []
    for claim in adapters.fleets().claims(arrival.path):
        fleet = adapters.fleet(claim.fleet)
        orders += [
            ConditionDatasetInput(fleet=fleet.name, dataset=dataset, cell=cell, cause=arrival.key, at=at, trace=trace)
            for dataset in fleet.datasets_of(claim.source)
            for cell in fleet.cells(dataset, claim)
        ]
    return tuple(orders)
