"""What is counted, and of what: each figure is recorded where its effect is, at least once, as effects are."""

import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from functions import tracing
from shared.contracts.datasets import DatasetRef
from shared.contracts.deliveries import Delivery
from shared.contracts.ledger import LedgerEntry
from shared.contracts.read_model import ModelRow
from shared.telemetry import names
from shared.telemetry.names import described

AttemptOutcome = Literal["ok", "permanent", "again"]
GateVerdict = Literal["passed", "failed"]
#: Effects that end a release or a rollback, and what the metric calls them.
RELEASE_OUTCOMES: Final = {
    "ModelReleased": "released",
    "ReleaseFailed": "failed",
    "Refused": "refused",
    "ApprovalExpired": "expired",
    "RolledBack": "rolled_back",
    "FailedOver": "failed_over",
    "RollbackFailed": "rollback_failed",
}
#: Effects that end a run of a model: what kind of run it was, and how it ended.
RUN_OUTCOMES: Final = {
    "ModelRegistered": ("training", "done"),
    "TrainingFailed": ("training", "failed"),
    "TrainingSuperseded": ("training", "given_up"),
    "TrainingUnwanted": ("training", "given_up"),
    "VersionEvaluated": ("evaluation", "done"),
    "EvaluationFailed": ("evaluation", "failed"),
    "ModelReleased": ("release", "done"),
    "ReleaseFailed": ("release", "failed"),
    "RolledBack": ("rollback", "done"),
    "FailedOver": ("rollback", "done"),
    "RollbackFailed": ("rollback", "failed"),
    "PredictionsPublished": ("scoring", "done"),
    "ScoringFailed": ("scoring", "failed"),
    "ModelRetired": ("retirement", "done"),
    "RetirementFailed": ("retirement", "failed"),
}
#: States that end by somebody's doing, or when others are done; each is told at every look, also when it is empty.
WAITING_STATES: Final = ("awaiting_approval", "held", "parked", "queued")
#: In place of a state: they have dead letters, whatever else they do.
UNREAD: Final = "unread"
_JUDGED: Final = frozenset({"ModelRegistered", "VersionEvaluated"})
#: Figures that are told of a version and of its baseline.
FIGURES: Final = ("mape", "rmse", "rmse_zero")


def count_delivery(delivery: Delivery) -> None:
    """An event that came in."""
    tracing.record(names.DELIVERIES, 1, channel=delivery.channel, outcome=delivery.outcome)
    if delivery.outcome == "dead":
        tracing.record(names.DEAD_LETTERS, 1, channel=delivery.channel)


class Attempt:
    """One try of an activity.

    Args:
        span: Around it.
    """

    def __init__(self, span: Any) -> None:
        self.outcome: AttemptOutcome = "ok"
        self._span = span

    def refused(self, code: str, message: str) -> None:
        """Trying again cannot help; the span says so, though no exception leaves it."""
        self.outcome = "permanent"
        tracing.say_failed(self._span, code, message)


@contextmanager
def attempt(activity: str, payload: Mapping[str, Any]) -> Iterator[Attempt]:
    """A span around a try of an activity, and how long it took; what it raises is tried again."""
    begun = time.monotonic()
    with tracing.step(activity, trace_of(payload), described(payload)) as span:
        made = Attempt(span)
        try:
            yield made
        except BaseException:
            made.outcome = "again"
            raise
        finally:
            tracing.record(names.ACTIVITY_ATTEMPTS, 1, activity=activity, outcome=made.outcome)
            seconds = time.monotonic() - begun
            tracing.record(names.ACTIVITY_DURATION, seconds, activity=activity, outcome=made.outcome)


def trace_of(payload: Mapping[str, Any]) -> str | None:
    """The traceparent in an activity's input; of a delivery that an orchestration concludes, in the order, its body."""
    if payload.get("trace") is None and isinstance(body := payload.get("body"), str):
        try:
            inside = json.loads(body)
        except ValueError:
            return None
        payload = inside if isinstance(inside, dict) else {}
    trace = payload.get("trace")
    return trace if isinstance(trace, str) else None


def count_effect(entry: LedgerEntry) -> None:
    """What an effect in the ledger says: verdicts and figures of a version, the end of a release."""
    if (outcome := RELEASE_OUTCOMES.get(entry.effect)) is not None:
        tracing.record(names.RELEASES, 1, outcome=outcome)
    if entry.effect in RUN_OUTCOMES and not _within_another(entry):
        count_run(*RUN_OUTCOMES[entry.effect])
    if entry.effect in _JUDGED:
        _count_verdict(entry.model, entry.facts)


def count_run(kind: str, outcome: str) -> None:
    """A run that ended: of a model, or with the kind `fleet` of a whole fleet."""
    tracing.record(names.RUNS, 1, kind=kind, outcome=outcome)


def note_queue(at: datetime, now: datetime) -> None:
    """How long work waits in the task hub: from when a timer has ordered it to the activity that does it."""
    tracing.record(names.QUEUE_AGE, max((now - at).total_seconds(), 0.0))


def note_waiting(rows: Iterable[ModelRow]) -> None:
    """How many models wait, by their state, and how many were told something that they could not read."""
    seen = list(rows)
    states = Counter(row.state for row in seen)
    states[UNREAD] = sum(row.dead_letters > 0 for row in seen)
    for state in (*WAITING_STATES, UNREAD):
        tracing.record(names.MODELS_WAITING, states[state], state=state)


def count_rows(dataset: DatasetRef) -> None:
    """Rows of a dataset version, and those that were kept out of it."""
    tracing.record(names.ROWS_CONDITIONED, dataset.rows, dataset=dataset.dataset)
    tracing.record(names.ROWS_QUARANTINED, dataset.rejected, dataset=dataset.dataset)


def note_staleness(rows: Iterable[ModelRow], at: datetime) -> None:
    """For how long each model's version has been in production."""
    for row in rows:
        if row.champion_since is not None:
            age = max(at - row.champion_since, timedelta()) / timedelta(days=1)
            tracing.record(names.MODEL_STALENESS, age, model=row.model)


def _within_another(entry: LedgerEntry) -> bool:
    """Whether it is only a step of its run: a release and a rollback publish predictions, too, of another job."""
    return entry.effect == "PredictionsPublished" and entry.facts.get("job") != entry.by


def _count_verdict(model: str, facts: Mapping[str, Any]) -> None:
    for gate in facts.get("gates") or ():
        name, metric, required = gate.get("gate", ""), gate.get("metric"), gate.get("required")
        verdict: GateVerdict = "passed" if gate.get("passed") else "failed"
        tracing.record(names.GATE_VERDICTS, 1, gate=name, verdict=verdict)
        if metric in FIGURES and required is not None:
            tracing.record(names.MODEL_BOUND, required, model=model, metric=metric, gate=name)
    evaluation = facts.get("evaluation") or {}
    for name, whose in ((names.MODEL_FIGURE, "model"), (names.MODEL_BASELINE, "baseline")):
        figures = evaluation.get(whose) or {}
        for metric in FIGURES:
            if figures.get(metric) is not None:
                tracing.record(name, figures[metric], model=model, metric=metric)
