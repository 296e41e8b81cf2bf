"""Runs of fleets: which cells there are, how each stands, and what it all came to.

A run's plan and its digest are written once: whoever repeats a step goes on with what the first one has written.
"""

from typing import Final

from functions import adapters, metering
from functions.boundary import activity
from functions.run_cells import find_cells, policies_of
from functions.telling import link_to_run, tell
from shared.blocking import run_blocking
from shared.contracts.deliveries import Delivery
from shared.contracts.fleet_runs import (
    CellOrder,
    CellOrders,
    PlannedCell,
    PlanRunInput,
    RunCells,
    RunDigest,
    RunLook,
    RunOutcome,
    RunPlan,
    RunStage,
    RunStep,
)
from shared.contracts.notification import Message
from shared.errors import ConfigurationError, PermanentError
from shared.fleet_runs import digest, places, planning, standing
from shared.fleet_runs.telling import digest_message

#: Landed files and a thousand rows are listed in seconds; a slow service gets longer.
_LISTING_TIMEOUT: Final = 240.0
#: Cells in one answer: a payload stays below 16 KB, and an orchestrator asks at most 50 at once.
_PAGE_BYTES: Final = 12_000
_PAGE_CELLS: Final = 50


@activity
async def plan_run(order: PlanRunInput) -> RunStage:
    """Find the cells of a run, once, and show the run as begun; a run that cannot be planned is shown as failed."""
    return await run_blocking(_plan_run, order, timeout=_LISTING_TIMEOUT)


@activity
async def read_run_cells(step: RunStep) -> CellOrders:
    """The next cells that can be asked, with what they must be told."""
    return await run_blocking(_read_page, step)


@activity
async def look_at_run(step: RunStep) -> RunLook:
    """How the cells stand, kept for a person and for the next look."""
    return await run_blocking(_look, step, timeout=_LISTING_TIMEOUT)


@activity
async def conclude_run(step: RunStep) -> RunOutcome:
    """Look a last time, give up what is still open, write the digest, once, and tell the fleet's channels of it."""
    return await run_blocking(_conclude, step, timeout=_LISTING_TIMEOUT)


def _plan_run(order: PlanRunInput) -> RunStage:
    runs, asked = adapters.runs(), order.order
    path = places.plan_path(asked.fleet, order.run)
    try:
        plan = runs.read(path, RunPlan) or runs.keep(path, RunPlan(order=asked, cells=find_cells(asked)))
    except (PermanentError, ConfigurationError) as error:
        runs.put(digest.refused_row(order, str(error), asked.at))
        metering.count_run("fleet", "failed")
        raise
    runs.put(digest.first_row(order))
    policies = policies_of(asked.fleet, plan.cells)
    return RunStage(
        cells=len(plan.cells), patience_minutes=planning.patience_minutes(policies.values()), moved_at=asked.at
    )


def _read_page(step: RunStep) -> CellOrders:
    plan = _plan_of(step)
    policies = policies_of(step.fleet, plan.cells)
    page: list[CellOrder] = []
    size, position = 0, step.position
    for cell in plan.cells[step.position :]:
        if cell.outcome == "asked":
            one = CellOrder(cell=cell, policy=policies.get(cell.name))
            size += len(one.model_dump_json())
            if page and (size > _PAGE_BYTES or len(page) == _PAGE_CELLS):
                break
            page.append(one)
        position += 1
    return CellOrders(orders=tuple(page), position=position)


def _look(step: RunStep) -> RunLook:
    plan = _plan_of(step)
    cells = _cells_now(step, plan)
    adapters.runs().replace(places.cells_path(step.fleet, step.run), cells)
    look = standing.seen(cells)
    adapters.runs().put(digest.running_row(step.run, plan.order, look, step.at))
    return look


def _conclude(step: RunStep) -> RunOutcome:
    runs, path = adapters.runs(), places.digest_path(step.fleet, step.run)
    made = runs.read(path, RunDigest)
    if made is None:
        plan = _plan_of(step)
        cells = standing.give_up(_cells_now(step, plan), plan.order.at, step.at)
        made = runs.keep(path, digest.conclude(step.run, plan.order, cells, step.at))
    runs.put(made.row)
    metering.count_run("fleet", made.row.state)
    _tell(step, made)
    return digest.outcome_of(made, path)


def _tell(step: RunStep, made: RunDigest) -> None:
    """One message for the whole run, with the approvals that were kept for it: read after the run's end is known."""
    try:
        channels = adapters.fleet(step.fleet).notify
    except (
        PermanentError,
        ConfigurationError,
    ):  # the fleet file has changed meanwhile: the digest is there all the same
        return
    if not channels:
        return
    kept = adapters.data().list(places.waiting_folder(step.fleet, step.run))
    waiting = [Message.model_validate_json(adapters.data().read(blob.path)) for blob in kept]
    message = digest_message(made, waiting, link_to_run(step.run))
    if message is not None:
        tell(channels, message)


def _cells_now(step: RunStep, plan: RunPlan) -> RunCells:
    before = adapters.runs().read(places.cells_path(step.fleet, step.run), RunCells) or standing.first_cells(plan)
    return standing.look(before, _answers(step, plan, before), plan.order.at, step.at)


def _answers(step: RunStep, plan: RunPlan, before: RunCells) -> dict[str, standing.Answer]:
    if plan.order.operation != "condition":
        answers = standing.model_answers(adapters.read_model().all(), step.run)
        return {**standing.gone_answers(before, policies_of(step.fleet, plan.cells)), **answers}
    still = [
        cell
        for cell, state in zip(plan.cells[: step.position], before.cells, strict=False)
        if state.outcome in standing.OPEN
    ]
    found = {cell.name: standing.conditioning_answer(_concluded(step, plan, cell)) for cell in still}
    return {name: answer for name, answer in found.items() if answer is not None}


def _concluded(step: RunStep, plan: RunPlan, cell: PlannedCell) -> Delivery | None:
    return adapters.inbox().get("conditioning", planning.condition_order(plan.order, cell, step.run).key)


def _plan_of(step: RunStep) -> RunPlan:
    path = places.plan_path(step.fleet, step.run)
    plan = adapters.runs().read(path, RunPlan)
    if plan is None:
        raise PermanentError("RunUnknown", f"The plan of the run {step.run} is gone: {path} was removed.")
    return plan
