"""The cells that a run of a fleet is about, read from what there is: models of the fleet file, landed files, datasets.

All of it blocks, so activities call it through `run_blocking`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from functools import cache
from zoneinfo import ZoneInfo

from functions import adapters
from functions.arrivals import Listing, own_orders
from shared.contracts.datasets import DatasetRef, IndexedDataset
from shared.contracts.fleet_runs import CellState, PlannedCell, RunCells, RunDigest, RunFleetInput, RunPlan
from shared.contracts.policy import ModelPolicy
from shared.errors import PermanentError
from shared.fleet.periods import period_of
from shared.fleet.windows import gather, prefix_of
from shared.fleet_runs import places, planning
from shared.fleet_runs.selection import (
    DATASET,
    check_found,
    check_selection,
    is_selected,
    known_values,
    model_labels,
)
from shared.fleet_runs.standing import first_cells
from shared.storage.base import present_versions


def find_cells(order: RunFleetInput) -> tuple[PlannedCell, ...]:
    """The cells that the run is about; of a retry, those that the earlier run did not get done.

    Raises:
        PermanentError: There is nothing that the run could be about; it says what there is.
    """
    found = _cells_of_datasets(order) if order.operation == "condition" else _models(order)
    if order.retry_of is None:
        return found
    there = {cell.name: cell for cell in found}
    retried = planning.to_retry(cells_of_run(order.fleet, order.retry_of), order.retry_of)
    return tuple(there.get(cell.name) or planning.gone(cell) for cell in retried)


def cells_of_run(fleet: str, run: str) -> tuple[CellState, ...]:
    """How the cells of a run stand: from its digest, or, while there is none, from its last look or its plan."""
    runs = adapters.runs()
    if (digest := runs.read(places.digest_path(fleet, run), RunDigest)) is not None:
        return digest.cells
    if (cells := runs.read(places.cells_path(fleet, run), RunCells)) is not None:
        return cells.cells
    plan = runs.read(places.plan_path(fleet, run), RunPlan)
    return first_cells(plan).cells if plan else ()


def policies_of(fleet: str, cells: Iterable[PlannedCell]) -> dict[str, ModelPolicy]:
    """What the fleet file says now of the models among the cells."""
    known = {policy.model: policy for policy in adapters.fleet(fleet).models}
    return {cell.name: known[cell.name] for cell in cells if cell.name in known}


def _models(order: RunFleetInput) -> tuple[PlannedCell, ...]:
    policies = adapters.fleet(order.fleet).models
    known = known_values(map(model_labels, policies))
    check_selection(order.select, known, order.fleet)
    chosen = [policy for policy in policies if is_selected(model_labels(policy), order.select)]
    check_found(chosen, order.select, known, order.fleet)
    champions: Mapping[str, str | None] = {}
    if order.operation == "score":
        champions = {row.model: row.champion for row in adapters.read_model().all()}
    return planning.plan_models(order.operation, chosen, _newest(order), champions)


def _newest(order: RunFleetInput) -> planning.Newest:
    """Finds dataset versions; models that share a dataset's cells share the search."""
    datasets, ends_by = adapters.fleet(order.fleet).datasets, _day(order)

    @cache
    def search(dataset: str, labels: tuple[tuple[str, str], ...]) -> DatasetRef | None:
        return adapters.dataset_index().newest(order.fleet, dataset, dict(labels), ends_by)

    def newest(dataset: str, policy: ModelPolicy) -> DatasetRef | None:
        per = datasets[dataset].per
        return search(dataset, tuple((label, value) for label, value in policy.labels.items() if label in per))

    return newest


def _cells_of_datasets(order: RunFleetInput) -> tuple[PlannedCell, ...]:
    landed = tuple(_landed(order))
    cells = planning.plan_cells(landed)
    if not cells:
        told = f"No file has landed that a dataset of the fleet {order.fleet} is made of; see `sources` in its file."
        raise PermanentError("NothingLanded", told)
    if order.prefix is not None:
        under = tuple(_under(order.prefix, order, cells))
        landed, cells = (*landed, *under), planning.plan_cells(under)
        if not cells:
            told = f"No dataset of the fleet {order.fleet} is made of a file that has landed under `{order.prefix}`."
            raise PermanentError("NothingLanded", told)
    known = known_values(map(_cell_labels, cells))
    check_selection(order.select, known, order.fleet)
    chosen = tuple(cell for cell in cells if is_selected(_cell_labels(cell), order.select))
    check_found(chosen, order.select, known, order.fleet)
    # A version may be there although its conditioning failed later, so a retry asks for all that it is about.
    if order.again or order.retry_of:
        return chosen
    return planning.leave_unchanged(chosen, landed, _versions(order.fleet, {cell.dataset for cell in chosen}))


def _under(prefix: str, order: RunFleetInput, cells: Iterable[PlannedCell]) -> Iterator[planning.LandedCell]:
    """Of all cells those with a file under the prefix, which may also be one that tells of no cell by itself."""
    fleet, under = adapters.fleet(order.fleet), Listing(adapters.landing().list(prefix))
    for cell in cells:
        dataset = fleet.dataset(cell.dataset)
        period = dataset.period_of(cell.labels)
        for source in map(fleet.source, dataset.sources):
            source = replace(source, max_age_days=None)  # noqa: PLW2901 - one that is too old is told when it is asked
            narrowest = max(prefix, prefix_of(source, cell.labels, period), key=len)
            for file in gather(source, cell.labels, period, under.list(narrowest), order.at).files:
                yield planning.LandedCell(cell.dataset, cell.labels, file.at)


def _landed(order: RunFleetInput) -> Iterator[planning.LandedCell]:
    """The cells of datasets that landed files tell of, up to the day that the run stands for."""
    day = _day(order)
    for blob in adapters.landing().list(""):
        for one in own_orders(blob, order.at) if blob.size else ():
            period = period_of(one.cell)
            if one.fleet == order.fleet and (day is None or period is None or period.last <= day):
                yield planning.LandedCell(one.dataset, one.cell, blob.at)


def _versions(fleet: str, datasets: Iterable[str]) -> Iterator[IndexedDataset]:
    """The present version of every cell of the datasets."""
    for dataset in datasets:
        yield from present_versions(adapters.dataset_index(), fleet, dataset)


def _cell_labels(cell: PlannedCell) -> dict[str, str]:
    return {**cell.labels, DATASET: cell.dataset}


def _day(order: RunFleetInput) -> date | None:
    """The day that the run stands for, where the fleet is at home."""
    return order.as_of and order.as_of.astimezone(ZoneInfo(adapters.fleet(order.fleet).timezone)).date()
