"""Runs of a fleet: one operation for many cells at once, and what became of each of them."""

from typing import Literal

from pydantic import Field

from shared.contracts.base import Contract, Instant
from shared.contracts.datasets import DatasetRef
from shared.contracts.policy import ModelPolicy

#: What a run does: to cells of datasets (`condition`), or to models.
Operation = Literal["condition", "train", "score"]

#: When a run that has ended counts as failed: its instance fails, so that whoever started it sees a failure.
FailOn = Literal["rejected", "any", "all", "never"]

#: How a cell stands. `asked`, `waiting` and `running` are open; everything else is final.
CellOutcome = Literal[
    "asked",
    "waiting",
    "running",
    "passed",
    "rejected",
    "scored",
    "published",
    "incomplete",
    "unchanged",
    "skipped",
    "refused",
    "failed",
]


class RunStage(Contract):
    """Where a run goes on after its history was cut.

    Attributes:
        cells: How many cells the plan has.
        patience_minutes: How long nothing may move before what is still open is given up.
        position: The cells before this one have been asked.
        moves: How often a cell had moved when we looked last.
        moved_at: When that was seen first.
        pause_seconds: The next pause between two looks.
    """

    cells: int
    patience_minutes: int
    moved_at: Instant
    position: int = 0
    moves: int = 0
    pause_seconds: int = 5


class RunFleetInput(Contract):
    """Input of `run_fleet`: one operation for every selected cell of a fleet.

    Attributes:
        select: Values per label, any of which a cell may have; `model` and `dataset` count as labels. All when empty.
        prefix: Of a conditioning: only cells with a landed file whose path begins with it.
        as_of: The moment that the run stands for: datasets whose period ends after it are not seen.
        again: Whether what is up to date is done once more: a training on the same dataset version, a dataset version
            of the same files.
        retry_of: An earlier run, whose failed and skipped cells are the cells of this one.
        requested_by: Who asks: `data-factory`, `schedule`, `operator:NAME`.
        request_id: Makes a repeated request the same run.
        fail_on: When the instance fails: any cell failed or was rejected, any failed, all of them did, or never.
        stage: Where it goes on; absent at the start, and set by the run itself only.
        followed: Whether somebody waits to be told how it ends.
    """

    fleet: str
    operation: Operation
    select: dict[str, tuple[str, ...]] = {}
    prefix: str | None = None
    as_of: Instant | None = None
    again: bool = False
    retry_of: str | None = None
    requested_by: str
    request_id: str
    at: Instant
    trace: str | None = None
    fail_on: FailOn = "never"
    stage: RunStage | None = None
    # Left out where nobody does, as in older histories.
    followed: bool = Field(default=False, exclude_if=lambda one: not one)


class PlannedCell(Contract):
    """One cell of a run: a model, or a cell of a dataset.

    Attributes:
        name: The model, or the dataset with its labels: `departures origin=JFK year=2013`.
        labels: The labels of the model, or of the dataset's cell.
        dataset: The dataset that it is about.
        data: The version that the model is trained on, or that is scored.
        outcome: `asked` when it will be; otherwise it is final from the start.
        reason: Why it is not asked.
    """

    name: str
    labels: dict[str, str]
    dataset: str
    data: DatasetRef | None = None
    outcome: Literal["asked", "skipped", "unchanged"] = "asked"
    reason: str = ""


class RunPlan(Contract):
    """The cells of a run, as they were found when it began."""

    order: RunFleetInput
    cells: tuple[PlannedCell, ...]


class PlanRunInput(Contract):
    """Input of `plan_run`.

    Attributes:
        run: The run's instance id: the key of all that the run writes.
    """

    run: str
    order: RunFleetInput
    trace: str | None = None


class RunStep(Contract):
    """Input of a run's other activities; what the run is about is in its plan.

    Attributes:
        at: The orchestrator's time, so that a repeated step says the same.
        position: The cells before this one have been asked.
    """

    run: str
    fleet: str
    at: Instant
    position: int = 0
    trace: str | None = None


class CellOrder(Contract):
    """A cell that can be asked, with what it must be told; a cell of a dataset needs no policy."""

    cell: PlannedCell
    policy: ModelPolicy | None = None


class CellOrders(Contract):
    """A page of the cells that can be asked; `position` is where the next page begins."""

    orders: tuple[CellOrder, ...]
    position: int


class CellState(Contract):
    """How a cell stands.

    Attributes:
        version: The dataset version that is trained on or scored.
        reason: Why, for a person.
        attempt: The model's number of what was started.
        seconds: From the run's beginning to when its end was seen.
    """

    name: str
    labels: dict[str, str]
    dataset: str
    version: str | None = None
    outcome: CellOutcome
    reason: str = ""
    attempt: int | None = None
    seconds: float | None = None


class RunLook(Contract):
    """What one look at the cells of a run has shown.

    Attributes:
        counts: How many cells stand how, by outcome.
        open: How many are not final.
        moves: How many changes there have been in all; when it stays, nothing moves.
    """

    counts: dict[str, int]
    open: int
    moves: int


class RunCells(Contract):
    """How every cell of a run stands; kept while it runs."""

    cells: tuple[CellState, ...]
    moves: int = 0


class RunRow(Contract):
    """One run, for a list.

    Attributes:
        state: `done` when every cell has an end, failed ones included; `failed` when nothing came of any of them, or
            the run could not be planned. `fail_on` decides only whether the instance fails.
        reason: The sentence behind the state.
        counts: How many cells stand how, by outcome.
    """

    run: str
    fleet: str
    operation: Operation
    select: dict[str, tuple[str, ...]] = {}
    prefix: str | None = None
    as_of: Instant | None = None
    again: bool = False
    retry_of: str | None = None
    requested_by: str
    request_id: str
    fail_on: FailOn
    state: Literal["running", "done", "failed"]
    reason: str
    counts: dict[str, int] = {}
    started_at: Instant
    updated_at: Instant
    ended_at: Instant | None = None
    trace: str | None = None


class RunDigest(Contract):
    """What a run has come to, written once, at its end."""

    row: RunRow
    cells: tuple[CellState, ...]
    seconds: float


class RunOutcome(Contract):
    """Result of `run_fleet`: the figures of its digest, and where the digest is."""

    run: str
    state: Literal["running", "done", "failed"]
    reason: str
    counts: dict[str, int] = {}
    digest: str | None = None
