"""Who holds a model by an order to its fleet, or to the models with its labels; it blocks."""

from collections.abc import Iterable
from datetime import datetime

from functions import adapters
from shared.contracts.holds import FleetHold
from shared.contracts.policy import ModelPolicy
from shared.contracts.read_model import Hold
from shared.fleet_runs.selection import is_selected, model_labels


def holds_on(policy: ModelPolicy, at: datetime) -> tuple[Hold, ...]:
    """The holds by fleet and label that are on for a model, whenever they were ordered."""
    return holds_among(adapters.holds().of(policy.fleet), policy, at)


def holds_among(known: Iterable[FleetHold], policy: ModelPolicy, at: datetime) -> tuple[Hold, ...]:
    """Those among the holds of its fleet that are on for a model."""
    labels = model_labels(policy)
    on = (one for one in known if one.holds(at) and is_selected(labels, one.select))
    return tuple(Hold(scope=one.scope, by=one.by, reason=one.reason, since=one.at, until=one.until) for one in on)
