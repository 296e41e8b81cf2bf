"""What the code emits, as a query meets it: read from the code itself, so that a renamed metric is found here."""

from collections.abc import Iterable, Mapping
from typing import Final, get_args

from functions import metering
from functions.index import ACTIVITIES
from shared.contracts.deliveries import CHANNELS, Outcome
from shared.lineage.story import EFFECTS
from shared.telemetry.names import ATTRIBUTES, METRICS, PREFIX
from shared.telemetry.setup import ROLE

#: Spans of activities and of jobs: rows of `dependencies`.
STEPS: Final = frozenset(name for room in ACTIVITIES.values() for name in room) | {"job"}

#: What attributes may be, where that is known beforehand.
_VALUES: Final[Mapping[str, Iterable[str]]] = {
    "channel": CHANNELS,
    "outcome": (
        *get_args(Outcome),
        *metering.RELEASE_OUTCOMES.values(),
        *(outcome for _, outcome in metering.RUN_OUTCOMES.values()),
        *get_args(metering.AttemptOutcome),
    ),
    "kind": ("fleet", *(kind for kind, _ in metering.RUN_OUTCOMES.values())),
    "verdict": get_args(metering.GateVerdict),
    "metric": metering.FIGURES,
    "state": (*metering.WAITING_STATES, metering.UNREAD),
    "effect": EFFECTS,
}
#: Texts that a column or an attribute can be equal to.
VALUES: Final = frozenset({ROLE, *METRICS, *STEPS, *(value for values in _VALUES.values() for value in values)})


def attributes_of(metrics: Iterable[str]) -> frozenset[str]:
    """The attributes of some metrics, as `customDimensions` has them; of none, those of spans."""
    found = [name for metric in metrics for name in METRICS[metric].attributes] if metrics else ATTRIBUTES
    return frozenset(f"{PREFIX}{name}" for name in found)
