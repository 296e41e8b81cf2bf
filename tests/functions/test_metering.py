"""What the app counts, as it arrives at a collector."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from functions import metering, tracing
from functions.activities import training
from functions.boundary import activity, on_the_wire
from shared import telemetry
from shared.contracts.base import Contract
from shared.contracts.deliveries import Delivery
from shared.contracts.jobs import INSTANCE_TAG, TRACE_TAG, JobState, SubmitJobInput
from shared.contracts.ledger import LedgerEntry
from shared.errors import PermanentError
from shared.lineage.story import EFFECTS
from shared.telemetry import names
from tests.doubles.ingestion import Ingestion
from tests.shared.interlock.builders import at, dataset

_TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ingestion]:
    """Takes what the app records."""
    monkeypatch.setattr(tracing, "_configure", lambda: None)
    with Ingestion() as double:
        telemetry.configure(f"otlp:{double.url}")
        yield double
        telemetry.configure("off")


def _points(double: Ingestion) -> dict[str, dict[tuple[str, ...], Any]]:
    """Values by metric and the values of its attributes, in their order."""
    assert telemetry.flush()
    found: dict[str, dict[tuple[str, ...], Any]] = {}
    for metric in double.metrics:
        data = getattr(metric, metric.WhichOneof("data"))
        for point in data.data_points:
            given = {one.key.removeprefix("signalbox."): one.value.string_value for one in point.attributes}
            key = tuple(given[name] for name in names.METRICS[metric.name].attributes)
            value = point.count if hasattr(point, "count") else point.as_double or point.as_int
            found.setdefault(metric.name, {})[key] = value
    return found


class Order(Contract):
    """Input of an activity."""

    model: str
    how: str
    trace: str | None = None


@activity
async def try_it(order: Order) -> Order:
    """Ends as it is told."""
    if order.how == "permanent":
        raise PermanentError("Broken", "no way")
    if order.how == "again":
        raise ConnectionError("down")
    return order


async def test_each_attempt_of_an_activity_is_a_span_and_a_count(collector: Ingestion) -> None:
    """It goes on from the trace in its input, and says how it ended, also where no exception left it."""
    run = on_the_wire(try_it)
    for how in ("ok", "permanent"):
        await run({"model": "m", "how": how, "trace": _TRACE})
    with pytest.raises(ConnectionError):
        await run({"model": "m", "how": "again", "trace": _TRACE})
    attempts = _points(collector)
    assert attempts[names.ACTIVITY_ATTEMPTS] == {("try_it", one): 1 for one in ("ok", "permanent", "again")}
    assert attempts[names.ACTIVITY_DURATION] == {("try_it", one): 1 for one in ("ok", "permanent", "again")}
    spans = collector.spans
    assert {one.trace_id.hex() for one in spans} == {_TRACE.split("-")[1]}
    assert {one.parent_span_id.hex() for one in spans} == {_TRACE.split("-")[2]}
    assert [one.status.code for one in spans] == [0, 2, 2]
    told = {one.key: one.value.string_value for one in spans[1].attributes}
    assert told == {"signalbox.model": "m", "signalbox.error": "Broken"}


@pytest.mark.parametrize(
    ("payload", "trace"),
    [
        ({"trace": _TRACE, "body": "{}"}, _TRACE),
        ({"body": json.dumps({"trace": _TRACE})}, _TRACE),
        ({"trace": None, "body": "no JSON"}, None),
        ({"body": "[1]"}, None),
        ({"body": '{"trace": 5}'}, None),
        ({}, None),
    ],
)
def test_where_an_activity_finds_its_trace(payload: dict[str, Any], trace: str | None) -> None:
    """In its input, or in the order that a concluded delivery carries."""
    assert metering.trace_of(payload) == trace


def test_deliveries_and_what_is_dead(collector: Ingestion) -> None:
    """By channel and outcome."""
    for outcome in ("accepted", "accepted", "dead"):
        told = Delivery(channel="storage", key="k", subject="s", received_at=at(), outcome=outcome, reason="")
        metering.count_delivery(told)
    found = _points(collector)
    assert found[names.DELIVERIES] == {("storage", "accepted"): 2, ("storage", "dead"): 1}
    assert found[names.DEAD_LETTERS] == {("storage",): 1}


def test_verdicts_figures_and_releases_come_from_the_ledger(collector: Ingestion) -> None:
    """MAPE, RMSE and RMSE 0 beside their bounds; what is not known is not told."""
    figures = {"rows": 9, "zeros": 0, "mape": 0.31, "rmse": 4.5, "rmse_zero": None, "bias": 1.0}
    baseline = {"rows": 9, "zeros": 0, "mape": 0.52, "rmse": None}
    gates = [
        {"gate": "accuracy", "metric": "mape", "passed": True, "required": 0.45},
        {"gate": "fresh", "metric": "age", "passed": False, "required": 3},
        {"gate": "beats", "metric": "rmse", "passed": False, "required": None},
    ]
    entry = LedgerEntry(model="m", effect="ModelRegistered", key="k", at=at(), by="train-1", reason="r")
    judged = entry.model_copy(
        update={"facts": {"evaluation": {"model": figures, "baseline": baseline}, "gates": gates}}
    )
    for one in (judged, *(entry.model_copy(update={"effect": effect}) for effect in ("ModelReleased", "RolledBack"))):
        metering.count_effect(one)
    metering.count_effect(entry)  # an older one, without figures
    found = _points(collector)
    assert found[names.MODEL_FIGURE] == {("m", "mape"): 0.31, ("m", "rmse"): 4.5}
    assert found[names.MODEL_BASELINE] == {("m", "mape"): 0.52}
    assert found[names.MODEL_BOUND] == {("m", "mape", "accuracy"): 0.45}
    assert found[names.GATE_VERDICTS] == {("accuracy", "passed"): 1, ("fresh", "failed"): 1, ("beats", "failed"): 1}
    assert found[names.RELEASES] == {("released",): 1, ("rolled_back",): 1}


def test_runs_that_ended_come_from_the_ledger(collector: Ingestion) -> None:
    """A step of another run is not counted: a release publishes predictions of a job that is not itself."""
    entry = LedgerEntry(model="m", effect="TrainingFailed", key="k", at=at(), by="train-1", reason="r")
    effects = ("TrainingFailed", "ModelRegistered", "TrainingUnwanted", "RollbackFailed", "TrafficShifted")
    for effect in effects:
        metering.count_effect(entry.model_copy(update={"effect": effect}))
    for job in ("score-1", "release-1-score"):
        told = {"effect": "PredictionsPublished", "by": "score-1", "facts": {"job": job}}
        metering.count_effect(entry.model_copy(update=told))
    metering.count_run("fleet", "done")
    assert _points(collector)[names.RUNS] == {
        ("training", "failed"): 1,
        ("training", "done"): 1,
        ("training", "given_up"): 1,
        ("rollback", "failed"): 1,
        ("scoring", "done"): 1,
        ("fleet", "done"): 1,
    }


def test_every_counted_effect_is_one_that_the_ledger_knows() -> None:
    """A name that is mistyped would count nothing."""
    assert {*metering.RUN_OUTCOMES, *metering.RELEASE_OUTCOMES} <= EFFECTS


def test_how_long_work_waits(collector: Ingestion) -> None:
    """From the order to the activity; a clock that is behind makes it no shorter than nothing."""
    metering.note_queue(at(), at() + timedelta(seconds=90))
    metering.note_queue(at() + timedelta(seconds=90), at())
    assert telemetry.flush()
    (age,) = (one for one in collector.metrics if one.name == names.QUEUE_AGE)
    (point,) = age.histogram.data_points
    assert (point.count, point.min, point.max) == (2, 0, 90)


def test_models_that_wait(collector: Ingestion) -> None:
    """A state in which no model is any more is told as empty."""
    rows: Any = [_Row("a", None, "parked"), _Row("b", None, "parked"), _Row("c", None, "released", dead_letters=2)]
    metering.note_waiting(rows)
    waiting = _points(collector)[names.MODELS_WAITING]
    assert waiting == {("parked",): 2, ("queued",): 0, ("held",): 0, ("awaiting_approval",): 0, ("unread",): 1}


def test_rows_that_came_in_and_rows_that_were_kept_out(collector: Ingestion) -> None:
    """By dataset, not by version."""
    metering.count_rows(dataset().model_copy(update={"rows": 100, "rejected": 3}))
    metering.count_rows(dataset("d2").model_copy(update={"rows": 1, "rejected": 0}))
    found = _points(collector)
    assert found[names.ROWS_CONDITIONED] == {("departures",): 101}
    assert found[names.ROWS_QUARANTINED] == {("departures",): 3}


def test_the_age_of_what_serves(collector: Ingestion) -> None:
    """In days; a model without a version in production has none."""
    row: Any = _Row("m", at() - timedelta(hours=36))
    metering.note_staleness([row, _Row("new", None)], at())  # type: ignore[list-item]  # all that is read of a row
    assert _points(collector)[names.MODEL_STALENESS] == {("m",): 1.5}


class _Row:
    """A model's row, as far as its age goes."""

    def __init__(self, model: str, since: Any, state: str = "released", dead_letters: int = 0) -> None:
        self.model, self.champion_since, self.state, self.dead_letters = model, since, state, dead_letters


def test_a_job_carries_its_trace_unless_it_is_shared(collector: Ingestion) -> None:
    """What its steps, its events and its version continue is the span that will be told of it."""
    order = SubmitJobInput(
        name="train-1", fleet="f", pipeline="p", experiment="m", inputs={}, tags={INSTANCE_TAG: "train-1"}
    )
    ended = JobState(name="train-1", status="Failed", error="no memory", started_at=at(0), ended_at=at(5))
    with telemetry.span("submit_job", _TRACE):
        tag = training._traced(order)[TRACE_TAG]
        assert training._traced(order.model_copy(update={"tags": {}})) == {}
    for _ in range(2):
        training._tell(ended, _TRACE)
    training._tell(ended.model_copy(update={"status": "Running"}), _TRACE)
    training._tell(ended.model_copy(update={"started_at": None}), _TRACE)
    assert telemetry.flush()
    jobs = [one for one in collector.spans if one.name == "job"]
    assert {f"00-{one.trace_id.hex()}-{one.span_id.hex()}-01" for one in jobs} == {tag}
    assert [one.parent_span_id.hex() for one in jobs] == [_TRACE.split("-")[2]] * 2
    assert jobs[0].status.message == "no memory"
