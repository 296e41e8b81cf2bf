"""The cells of a run: which can be asked, and why the others cannot."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from shared.contracts.conditioning import ConditionDatasetInput
from shared.contracts.datasets import DatasetRef, IndexedDataset
from shared.contracts.fleet_runs import CellOutcome, CellState, Operation, PlannedCell, RunFleetInput
from shared.contracts.policy import ModelPolicy
from shared.errors import PermanentError
from shared.fleet_runs.standing import FAILED, OPEN

#: What a retry takes up again: all that was not done; of a run that died, also what was still open.
RETRIED: Final[frozenset[CellOutcome]] = frozenset({*FAILED, *OPEN, "skipped", "incomplete"})
#: The training before ours, and ours; and an hour or two in which services may have been down.
_TRAININGS: Final = 2
_MARGIN_MINUTES: Final = 120
#: Activities repeat what failed for an hour.
_CONDITIONING_MINUTES: Final = 60


class LandedCell(NamedTuple):
    """A cell of a dataset that a landed file tells of.

    Attributes:
        at: When the file landed.
    """

    dataset: str
    labels: dict[str, str]
    at: datetime


#: The newest version of a dataset for a model's labels.
type Newest = Callable[[str, ModelPolicy], DatasetRef | None]


def plan_models(
    operation: Operation, policies: Iterable[ModelPolicy], newest: Newest, champions: Mapping[str, str | None]
) -> tuple[PlannedCell, ...]:
    """One cell per model, with the dataset version that it is asked for.

    Args:
        operation: `train` or `score`.
        policies: The selected models.
        newest: Finds a dataset version.
        champions: The version in production of each model that has one.
    """
    return tuple(_planned(operation, policy, newest, champions) for policy in policies)


def plan_cells(landed: Iterable[LandedCell]) -> tuple[PlannedCell, ...]:
    """One cell per dataset and labels, however many files tell of it."""
    names = {_name(one): one for one in landed}
    return tuple(PlannedCell(name=name, labels=one.labels, dataset=one.dataset) for name, one in sorted(names.items()))


def leave_unchanged(
    cells: Iterable[PlannedCell], landed: Iterable[LandedCell], versions: Iterable[IndexedDataset]
) -> tuple[PlannedCell, ...]:
    """The cells, of which those are not asked that have a version as young as their files."""
    newest: dict[str, datetime] = {}
    for one in landed:
        name = _name(one)
        newest[name] = max(newest.get(name, one.at), one.at)
    made = {(one.dataset.dataset, frozenset(one.dataset.cell.items())): one for one in versions}

    def left(cell: PlannedCell) -> PlannedCell:
        version = made.get((cell.dataset, frozenset(cell.labels.items())))
        if version is None or newest[cell.name] > version.at:
            return cell
        why = f"No file of it has landed since version {version.dataset.version}; say `again` to make it anew."
        return cell.model_copy(update={"outcome": "unchanged", "reason": why})

    return tuple(left(cell) for cell in cells)


def gone(state: CellState) -> PlannedCell:
    """A cell of an earlier run that is not there any more."""
    return PlannedCell(
        name=state.name,
        labels=state.labels,
        dataset=state.dataset,
        outcome="skipped",
        reason=f"The fleet file does not have {state.name} any more.",
    )


def to_retry(cells: Sequence[CellState], run: str) -> tuple[CellState, ...]:
    """The cells of an earlier run that are tried again.

    Raises:
        PermanentError: `NothingToRetry`.
    """
    found = tuple(cell for cell in cells if cell.outcome in RETRIED)
    if not found:
        raise PermanentError(
            "NothingToRetry", f"The run {run} has nothing left to do: no cell failed or was skipped. Start a new run."
        )
    return found


def patience_minutes(policies: Iterable[ModelPolicy]) -> int:
    """How long nothing may move in a run before what is open is given up; without models, it is a conditioning."""
    longest = max((policy.train.longest_minutes for policy in policies), default=_CONDITIONING_MINUTES)
    return _TRAININGS * longest + _MARGIN_MINUTES


def condition_order(order: RunFleetInput, cell: PlannedCell, run: str) -> ConditionDatasetInput:
    """What a conditioning of a run is told; it is the same on every repetition."""
    return ConditionDatasetInput(
        fleet=order.fleet, dataset=cell.dataset, cell=cell.labels, cause=f"run:{run}", at=order.at, trace=order.trace
    )


def _name(cell: LandedCell) -> str:
    return " ".join((cell.dataset, *(f"{label}={value}" for label, value in cell.labels.items())))


def _skipped(cell: PlannedCell, why: str) -> PlannedCell:
    return cell.model_copy(update={"outcome": "skipped", "reason": why})


def _planned(
    operation: Operation, policy: ModelPolicy, newest: Newest, champions: Mapping[str, str | None]
) -> PlannedCell:
    scored = policy.serve.dataset if operation == "score" else None
    cell = PlannedCell(name=policy.model, labels=policy.labels, dataset=scored or policy.train.dataset)
    if operation == "score" and policy.serve.mode == "online":
        return _skipped(cell, "It answers from an endpoint, so there is no period to score.")
    if operation == "score" and not champions.get(policy.model):
        return _skipped(cell, "No version of it is in production yet. Train and release one first.")
    data = newest(cell.dataset, policy)
    if data is None:
        why = f"The dataset {cell.dataset} has no version for it. Let the source files land first, or correct `as_of`."
        return _skipped(cell, why)
    return cell.model_copy(update={"data": data})
