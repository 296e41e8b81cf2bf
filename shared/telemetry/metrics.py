"""Recording metrics by name: the instrument is made at first use, from what `names.METRICS` says of it."""

from functools import cache
from typing import Any

from shared.telemetry.names import METRICS, PREFIX
from shared.telemetry.setup import meter


def record(name: str, value: float, **attributes: str) -> None:
    """Add to a counter, set a gauge, or note a value of a histogram; which it is, the name says.

    Args:
        name: One of `shared.telemetry.names`.
        value: In the metric's unit.
        attributes: All that the metric has, without the prefix.

    Raises:
        ValueError: The attributes are not the metric's: each other one would be another series.
    """
    metric = METRICS[name]
    if set(attributes) != set(metric.attributes):
        raise ValueError(f"{name} has the attributes {', '.join(metric.attributes)}, not {', '.join(attributes)}")
    given = {f"{PREFIX}{key}": value for key, value in attributes.items()}
    instrument = _instrument(meter(), name)
    if metric.kind == "counter":
        instrument.add(value, given)
    elif metric.kind == "gauge":
        instrument.set(value, given)
    else:
        instrument.record(value, given)


@cache
def _instrument(owner: Any, name: str) -> Any:
    """An instrument of a meter; kept with it."""
    metric = METRICS[name]
    make = {"counter": owner.create_counter, "gauge": owner.create_gauge, "histogram": owner.create_histogram}
    return make[metric.kind](name, unit=metric.unit, description=metric.meaning)
