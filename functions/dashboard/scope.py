"""What a reader may see of holds and of traces: all of it, or what tells of their models alone."""

from collections.abc import Iterable, Sequence

from functions.dashboard.seen import Sight
from functions.trace_lookup import models_of
from shared.contracts.holds import FleetHold
from shared.contracts.traces import TraceNode
from shared.fleet_runs.selection import is_selected, model_labels


def seen_holds(sight: Sight, holds: Iterable[FleetHold]) -> list[FleetHold]:
    """Holds of fleets and labels that one may see: those that hold one of one's models."""
    return [hold for hold in holds if sight.whole or held_models(sight, hold)]


def may_see_trace(sight: Sight, trace: TraceNode) -> bool:
    """Whether a trace tells of models that one may see, and of no other."""
    models = models_of(trace)
    return sight.whole or (bool(models) and models <= sight.by_name.keys())


def held_models(sight: Sight, hold: FleetHold) -> Sequence[str]:
    """Which of one's models a hold is for."""
    return [
        one.name
        for one in sight.models
        if one.fleet == hold.fleet and one.policy is not None and is_selected(model_labels(one.policy), hold.select)
    ]
