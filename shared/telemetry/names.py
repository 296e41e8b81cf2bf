"""Every attribute and metric once: its name, its unit, what it means. `docs/telemetry.md` is kept equal by a test."""

from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple

PREFIX: Final = "signalbox."
#: Longer values are cut: an attribute names a thing, it holds no data.
_VALUE_LIMIT: Final = 200

#: Attributes of spans and of steps in a trace, without the prefix.
ATTRIBUTES: Final = {
    "model": "Registered model.",
    "version": "Version of the model.",
    "dataset": "Dataset version; where there is none yet, the dataset.",
    "fleet": "Fleet.",
    "run": "Run of a fleet.",
    "gate": "Gates that failed, separated by commas.",
    "attempt": "Number of the training, release or scoring.",
    "job": "Job on the training platform.",
    "endpoint": "Endpoint.",
    "deployment": "Deployment on the endpoint.",
    "effect": "Effect that was recorded in the ledger.",
    "path": "File that landed.",
    "outcome": "How it ended, in its own word.",
    "error": "Code of a failure that trying again cannot cure.",
}


class Metric(NamedTuple):
    """A metric.

    Attributes:
        kind: A `counter` only grows, a `gauge` is the last value, a `histogram` keeps a distribution.
        unit: By UCUM: `1`, `s`, `d`.
        attributes: Without the prefix; together they bound how many series there are.
        meaning: One sentence.
    """

    kind: Literal["counter", "gauge", "histogram"]
    unit: str
    attributes: tuple[str, ...]
    meaning: str


DELIVERIES: Final = "signalbox.deliveries"
DEAD_LETTERS: Final = "signalbox.dead_letters"
ACTIVITY_DURATION: Final = "signalbox.activity.duration"
ACTIVITY_ATTEMPTS: Final = "signalbox.activity.attempts"
GATE_VERDICTS: Final = "signalbox.gate.verdicts"
MODEL_FIGURE: Final = "signalbox.model.figure"
MODEL_BOUND: Final = "signalbox.model.bound"
MODEL_BASELINE: Final = "signalbox.model.baseline"
MODEL_STALENESS: Final = "signalbox.model.staleness"
MODELS_WAITING: Final = "signalbox.models.waiting"
QUEUE_AGE: Final = "signalbox.queue.age"
RUNS: Final = "signalbox.runs"
RELEASES: Final = "signalbox.releases"
ROWS_CONDITIONED: Final = "signalbox.rows.conditioned"
ROWS_QUARANTINED: Final = "signalbox.rows.quarantined"
TELEMETRY_DROPPED: Final = "signalbox.telemetry.dropped"

METRICS: Final = {
    DELIVERIES: Metric("counter", "1", ("channel", "outcome"), "Events that came in, by what became of them."),
    DEAD_LETTERS: Metric("counter", "1", ("channel",), "Events that can never be used."),
    ACTIVITY_DURATION: Metric("histogram", "s", ("activity", "outcome"), "How long an attempt of an activity took."),
    ACTIVITY_ATTEMPTS: Metric("counter", "1", ("activity", "outcome"), "Attempts: `ok`, `permanent`, or `again`."),
    GATE_VERDICTS: Metric("counter", "1", ("gate", "verdict"), "Gates that passed or failed."),
    MODEL_FIGURE: Metric("gauge", "1", ("model", "metric"), "Figure of the version judged last: MAPE, RMSE, RMSE 0."),
    MODEL_BOUND: Metric("gauge", "1", ("model", "metric", "gate"), "What the gate held the figure to."),
    MODEL_BASELINE: Metric("gauge", "1", ("model", "metric"), "Figure of the baseline on the same rows."),
    MODEL_STALENESS: Metric("gauge", "d", ("model",), "Days since the version in production was released."),
    MODELS_WAITING: Metric("gauge", "1", ("state",), "Models that wait at the last look: for a person, or a slot."),
    QUEUE_AGE: Metric("histogram", "s", (), "How long work waited in the task hub for an activity."),
    RUNS: Metric("counter", "1", ("kind", "outcome"), "Runs of models and of fleets that ended."),
    RELEASES: Metric("counter", "1", ("outcome",), "Releases and rollbacks that ended."),
    ROWS_CONDITIONED: Metric("counter", "1", ("dataset",), "Rows in published dataset versions."),
    ROWS_QUARANTINED: Metric("counter", "1", ("dataset",), "Rows kept out of them."),
    TELEMETRY_DROPPED: Metric("counter", "1", ("exporter", "reason"), "Spans, and figures, that never arrived."),
}


def described(values: Mapping[str, Any]) -> dict[str, str]:
    """What a payload is about, as attributes with their prefix: names and numbers, never data."""
    found = {name: _plain(values.get(name)) for name in ATTRIBUTES}
    policy = values.get("policy")
    if found["fleet"] is None and isinstance(policy, Mapping):
        found["fleet"] = _plain(policy.get("fleet"))
    return {f"{PREFIX}{name}": value[:_VALUE_LIMIT] for name, value in found.items() if value}


def _plain(value: Any) -> str | None:
    """A name or a number; of a dataset or a champion, its version."""
    if isinstance(value, Mapping):
        value = value.get("version")
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None
