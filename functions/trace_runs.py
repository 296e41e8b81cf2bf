"""What a run of a fleet asked its cells, by its plan: its history goes on anew every fifty cells. It blocks."""

from functions import adapters
from functions.trace_steps import Signal, Step
from shared import names
from shared.contracts.fleet_runs import PlannedCell, RunFleetInput, RunPlan
from shared.fleet_runs import places
from shared.fleet_runs.planning import condition_order

#: Cells that are shown; `signalbox run show` lists all.
CELLS_SHOWN = 100


def add_cells(root: Step) -> None:
    """Put the cells that a run has asked under it, as far as its history does not tell of them."""
    fleet = root.attributes.get("signalbox.fleet", "")
    plan = adapters.runs().read(places.plan_path(fleet, root.instance), RunPlan)
    if plan is None:
        return
    told = {_key(child) for child in root.children}
    asked = [_asked(root, plan.order, cell) for cell in plan.cells if cell.outcome == "asked"]
    new = [one for one in asked if _key(one) not in told]
    root.children = new[:CELLS_SHOWN] + root.children
    if len(new) > CELLS_SHOWN:
        more = f"{len(new) - CELLS_SHOWN} of its cells are not shown: signalbox run show {root.instance} lists all."
        root.detail = f"{root.detail} {more}".strip()


def _key(step: Step) -> str | None:
    return step.signal.model if step.signal is not None else step.leads_to


def _asked(root: Step, order: RunFleetInput, cell: PlannedCell) -> Step:
    if order.operation == "condition":
        child = condition_order(order, cell, root.instance)
        instance = names.instance_id(f"condition {child.dataset}", child.key)
        step = Step(names.CONDITION_DATASET, "orchestration", instance, root.started_at, leads_to=instance)
        step.attributes = {"signalbox.dataset": cell.name}
        step.outcome = "waiting" if root.ended_at is None else "running"  # unless its own history tells more
        return step
    kind = "scoring_requested" if order.operation == "score" else "training_requested"
    step = Step(kind, "entity", root.instance, root.started_at, attributes={"signalbox.model": cell.name})
    step.end(root.started_at, "ok")
    step.signal = Signal(cell.name, kind, root.trace)
    return step
