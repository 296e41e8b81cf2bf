"""What arrives where telemetry is sent to, and what happens when nobody takes it."""

import io
import json
import logging
import socket
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from shared.telemetry import configure, flush, names, quiet, record, say_failed, setup, span, told_span
from shared.telemetry.batching import BATCH, BoundedProcessor
from tests.doubles.ingestion import KEY, Ingestion
from tests.shared.telemetry.spans import ended_span

#: What opencensus-ext-azure still calls; it will not do so on Python 3.15.
pytestmark = [
    pytest.mark.filterwarnings("ignore:'locale.getdefaultlocale' is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:datetime.datetime.utc:DeprecationWarning"),
]

_TRACE = "0af7651916cd43dd8448eb211c80319c"
_CALLER = "b7ad6b7169203331"
CLOUD = ("azure_monitor", "opencensus")


def _work() -> None:
    """A request with a step inside that fails, and figures."""
    with span("POST datafactory/{operation}", f"00-{_TRACE}-{_CALLER}-01", "server", fleet="flights"):
        with pytest.raises(ValueError, match="boom"), span("submit_job", None, model="m", dataset="d-1"):
            raise ValueError("boom")
        with span("evaluate_model", None) as step:
            say_failed(step, "OutputMissing", "no such file")
    record(names.RELEASES, 1, outcome="released")
    record(names.RELEASES, 1, outcome="released")
    record(names.MODEL_FIGURE, 0.31, model="m", metric="mape")
    record(names.ACTIVITY_DURATION, 0.5, activity="submit_job", outcome="ok")


def _by_type(found: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [item for item in found if item["data"]["baseType"] == kind]


@pytest.mark.parametrize("setting", CLOUD)
def test_application_insights_gets_one_operation(ingestion: Ingestion, setting: str, elsewhere: list[str]) -> None:
    """A request, its steps and what they raised have our trace as operation, and each its parent."""
    configure(setting)
    _work()
    assert flush()
    found = ingestion.envelopes
    (request,) = _by_type(found, "RequestData")
    steps = {item["data"]["baseData"]["name"]: item for item in _by_type(found, "RemoteDependencyData")}
    assert set(steps) == {"submit_job", "evaluate_model"}
    assert {item["tags"]["ai.operation.id"] for item in (request, *steps.values())} == {_TRACE}
    assert request["tags"]["ai.operation.parentId"] == _CALLER
    assert {item["tags"]["ai.operation.parentId"] for item in steps.values()} == {request["data"]["baseData"]["id"]}
    assert {item["tags"]["ai.cloud.role"] for item in found} == {"signalbox"}
    assert [item["data"]["baseData"]["success"] for item in (request, *steps.values())] == [True, False, False]
    assert request["data"]["baseData"]["name"] == "POST datafactory/{operation}"
    assert (
        steps["submit_job"]["data"]["baseData"]["properties"].items()
        >= {
            "signalbox.model": "m",
            "signalbox.dataset": "d-1",
        }.items()
    )
    assert elsewhere == []


@pytest.mark.parametrize("setting", CLOUD)
def test_application_insights_gets_metrics(ingestion: Ingestion, setting: str, elsewhere: list[str]) -> None:
    """Counters as what was added, gauges as they stand, distributions with count, sum, least and most."""
    configure(setting)
    _work()
    assert flush()
    points = {}
    for item in _by_type(ingestion.envelopes, "MetricData"):
        (point,) = item["data"]["baseData"]["metrics"]
        points[point["name"]] = (point, item["data"]["baseData"]["properties"])
    assert points[names.RELEASES][0]["value"] == 2
    assert points[names.MODEL_FIGURE][0]["value"] == 0.31
    assert points[names.MODEL_FIGURE][1] == {"signalbox.model": "m", "signalbox.metric": "mape"}
    duration = points[names.ACTIVITY_DURATION][0]
    assert (duration["value"], duration["count"], duration["min"], duration["max"]) == (0.5, 1, 0.5, 0.5)
    assert elsewhere == []


def test_an_exception_is_told_as_such(ingestion: Ingestion) -> None:
    """Azure Monitor gets type, message and stack, under the step that it left."""
    configure("azure_monitor")
    _work()
    assert flush()
    (raised,) = _by_type(ingestion.envelopes, "ExceptionData")
    (detail,) = raised["data"]["baseData"]["exceptions"]
    assert (detail["typeName"], detail["message"]) == ("ValueError", "boom")
    assert "test_exporters.py" in detail["stack"]
    steps = _by_type(ingestion.envelopes, "RemoteDependencyData")
    assert raised["tags"]["ai.operation.parentId"] in {item["data"]["baseData"]["id"] for item in steps}


def test_a_collector_gets_protobuf(ingestion: Ingestion, monkeypatch: pytest.MonkeyPatch, elsewhere: list[str]) -> None:
    """Spans and metrics parse by OTLP's own schema, and the standard headers are sent."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "api-key=s3cret,tenant=a")
    configure(f"otlp:{ingestion.url}/")
    _work()
    assert flush()
    spans = {one.name: one for one in ingestion.spans}
    assert {one.trace_id.hex() for one in spans.values()} == {_TRACE}
    door = spans["POST datafactory/{operation}"]
    assert (door.kind, door.parent_span_id.hex()) == (2, _CALLER)
    assert {spans[name].parent_span_id for name in ("submit_job", "evaluate_model")} == {door.span_id}
    assert [spans[name].status.code for name in ("submit_job", "evaluate_model")] == [2, 2]
    assert all(one.end_time_unix_nano >= one.start_time_unix_nano for one in spans.values())
    metrics = {one.name: one for one in ingestion.metrics}
    assert metrics[names.RELEASES].sum.data_points[0].as_int == 2
    assert metrics[names.ACTIVITY_DURATION].unit == "s"
    headers = ingestion.received[0].headers
    assert (headers["api-key"], headers["tenant"], headers["content-type"]) == (
        "s3cret",
        "a",
        "application/x-protobuf",
    )
    assert elsewhere == []


def test_several_places_get_the_same(ingestion: Ingestion, tmp_path: Any) -> None:
    """A file, a collector and Azure Monitor at once: the same spans everywhere."""
    configure(f"file:{tmp_path}/spans.jsonl, otlp:{ingestion.url} ,azure_monitor")
    _work()
    assert flush()
    lines = [json.loads(line) for line in (tmp_path / "spans.jsonl").read_text().splitlines()]
    ids = {line["span"] for line in lines}
    assert len(ids) == 3
    assert ids == {one.span_id.hex() for one in ingestion.spans}
    assert ids == {item["data"]["baseData"]["id"] for item in ingestion.envelopes if "id" in item["data"]["baseData"]}
    points = [json.loads(line) for line in (tmp_path / "spans.metrics.jsonl").read_text().splitlines()]
    assert {point["metric"] for point in points} >= {names.RELEASES, names.MODEL_FIGURE}


@pytest.mark.parametrize("setting", [*CLOUD, "otlp"])
@pytest.mark.parametrize("status", [400, 429, 500])
def test_who_refuses_costs_the_spans_and_nothing_else(
    ingestion: Ingestion, setting: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    """They are counted, and one line of the log says so; an hour's `Retry-After` is not waited for."""
    ingestion.status, ingestion.headers = status, {"Retry-After": "3600"}
    configure(f"otlp:{ingestion.url}" if setting == "otlp" else setting)
    with caplog.at_level(logging.WARNING, logger="shared.telemetry"):
        for _ in range(2):
            with span("a", None):
                pass
            _processor().force_flush(8000)
    assert _processor().dropped == {"refused": 2}
    told = [one for one in caplog.messages if "are dropped" in one]
    assert len(told) == 1
    assert KEY not in told[0]


@pytest.mark.parametrize("setting", CLOUD)
def test_a_batch_that_is_taken_in_part_is_counted(ingestion: Ingestion, setting: str) -> None:
    """206 means that some were refused: how many are lost is never told too low."""
    ingestion.status, ingestion.partial = 206, {0: 500}
    configure(setting)
    for name in ("a", "b"):
        with span(name, None):
            pass
    flush()
    assert _processor().dropped == {"refused": 2}


@pytest.mark.parametrize("setting", [*CLOUD, "otlp"])
def test_nobody_there_costs_no_time(setting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ends of spans do not wait for a connection, and what could not be sent is counted."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
    monkeypatch.setenv("APPLICATIONINSIGHTS_CONNECTION_STRING", f"InstrumentationKey={KEY};IngestionEndpoint={url}")
    configure(f"otlp:{url}" if setting == "otlp" else setting)
    with span("a", None):
        pass
    _processor().force_flush(8000)
    assert _processor().dropped == {"refused": 1}


@pytest.mark.parametrize("setting", [*CLOUD, "otlp"])
def test_who_never_answers_holds_up_nobody(ingestion: Ingestion, setting: str) -> None:
    """Spans end while a call hangs, those for which there is no room are dropped, and the end of telemetry comes."""
    ingestion.held.clear()
    configure(f"otlp:{ingestion.url}" if setting == "otlp" else setting)
    processor = _processor()
    processor._give_up = 0.1
    processor._most = 4
    with span("first", None):
        pass
    processor.force_flush(200)
    for _ in range(10):
        with span("a", None):
            pass
    assert processor.dropped["full"] == 6
    processor.shutdown()
    assert processor.dropped == {"full": 6, "closed": 5}
    ingestion.held.set()


def test_a_library_that_cannot_be_set_up_is_left_out(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The work goes on, other places get all, and the log has the reason."""

    def broken(_: str) -> None:
        raise ImportError("no such library")

    monkeypatch.setattr("shared.telemetry.setup._otlp", broken)
    configure(f"otlp:http://127.0.0.1:9,file:{tmp_path}/spans.jsonl")
    with span("a", None):
        pass
    assert len((tmp_path / "spans.jsonl").read_text().splitlines()) == 1
    assert "telemetry for otlp cannot be set up" in caplog.text


def test_lost_spans_are_a_metric(ingestion: Ingestion) -> None:
    """`signalbox.telemetry.dropped` says how many, of which exporter, and why."""
    configure(f"otlp:{ingestion.url}")
    _processor().dropped["full"] = 7
    assert flush()
    (metric,) = (one for one in ingestion.metrics if one.name == names.TELEMETRY_DROPPED)
    (point,) = metric.sum.data_points
    attributes = {one.key: one.value.string_value for one in point.attributes}
    assert (point.as_int, attributes) == (7, {"signalbox.exporter": "otlp", "signalbox.reason": "full"})


def test_work_done_elsewhere_is_the_same_span_however_often_it_is_told(ingestion: Ingestion) -> None:
    """A job's span has an id of its name, and begins and ends when the job did."""
    begun = datetime(2026, 11, 21, 8, tzinfo=UTC)
    configure(f"otlp:{ingestion.url}")
    for _ in range(2):
        told_span(
            "job", f"00-{_TRACE}-{_CALLER}-01", key="j-1", start=begun, end=begun + timedelta(hours=2), error="Canceled"
        )
    assert flush()
    first, second = ingestion.spans
    assert first.span_id == second.span_id
    assert (first.parent_span_id.hex(), first.status.message) == (_CALLER, "Canceled")
    assert first.end_time_unix_nano - first.start_time_unix_nano == 7200 * 10**9


@pytest.mark.parametrize("setting", [*CLOUD, "otlp"])
def test_sending_fills_no_log(ingestion: Ingestion, setting: str, caplog: pytest.LogCaptureFixture) -> None:
    """Success is not told at all; of a refusal, each library tells once, and it is still told by whom."""
    caplog.set_level(logging.DEBUG)
    for name in quiet.NOISY:
        monitored = logging.getLogger(name)
        monitored.filters = [one for one in monitored.filters if not isinstance(one, quiet.Seldom)]
    configure(f"otlp:{ingestion.url}" if setting == "otlp" else setting)
    for status in (200, 400):
        ingestion.status = status
        for _ in range(3):
            with span("a", None):
                pass
            flush()
        told = [one for one in caplog.records if one.name.partition(".")[0] in {"azure", "opencensus", "opentelemetry"}]
        assert len([one for one in told if one.levelno >= logging.INFO]) <= (0 if status == 200 else 3)


def test_a_library_is_heard_again_after_ten_minutes() -> None:
    """An outage that goes on is not forgotten."""
    clock = iter([0.0, 0.0, 599.0, 601.0, 601.0])
    seldom = quiet.Seldom(lambda: next(clock))
    record = logging.LogRecord("x", logging.ERROR, "", 0, "down", (), None)
    assert [seldom.filter(record) for _ in range(3)] == [True, False, True]
    assert not seldom.filter(logging.LogRecord("x", logging.INFO, "", 0, "sent", (), None))


class _Broken(SpanExporter):
    """Raises, whatever it is given."""

    def export(self, spans: Any) -> SpanExportResult:
        raise RuntimeError(f"{len(spans)} spans")


class _Slow(SpanExporter):
    """Takes batches, when it may."""

    def __init__(self) -> None:
        self.may, self.sizes = threading.Event(), list[int]()

    def export(self, spans: Any) -> SpanExportResult:
        self.may.wait(20)
        self.sizes.append(len(spans))
        return SpanExportResult.SUCCESS


def test_an_exporter_that_raises_does_not_end_the_thread() -> None:
    """The next batch is tried, too."""
    processor = BoundedProcessor(_Broken(), "broken", pause=0.01)
    for expected in (1, 2):
        processor.on_end(ended_span())
        assert processor.force_flush(5000)
        assert processor.dropped == {"refused": expected}
    processor.shutdown()


def test_batches_are_bounded() -> None:
    """More than a batch that waits goes out in several, in order, and none is lost."""
    slow = _Slow()
    processor = BoundedProcessor(slow, "slow", pause=0.01)
    for _ in range(3 * BATCH):
        processor.on_end(ended_span())
    slow.may.set()
    assert processor.force_flush(5000)
    assert (sum(slow.sizes), max(slow.sizes)) == (3 * BATCH, BATCH)
    processor.shutdown()
    processor.shutdown()
    processor.on_end(ended_span())
    assert processor.dropped == {"closed": 1}


def test_many_threads_end_spans_at_once() -> None:
    """Each span is sent or counted, exactly once."""
    slow = _Slow()
    processor = BoundedProcessor(slow, "slow", most=100, pause=0.001)

    def end_many() -> None:
        for _ in range(200):
            processor.on_end(ended_span())

    threads = [threading.Thread(target=end_many) for _ in range(4)]
    for one in threads:
        one.start()
    time.sleep(0.01)
    slow.may.set()
    for one in threads:
        one.join()
    assert processor.force_flush(5000)
    assert sum(slow.sizes) + processor.dropped.total() == 800
    processor.shutdown()


def _processor() -> BoundedProcessor:
    """The queue of the only exporter."""
    provider = setup.own_provider()
    assert provider is not None
    (processor,) = provider._active_span_processor._span_processors
    assert isinstance(processor, BoundedProcessor)
    return processor


def test_a_process_ends_though_nobody_answers(ingestion: Ingestion) -> None:
    """The last spans and figures are waited for, but not for ever, and nothing is printed but one line of loss."""
    ingestion.held.clear()
    script = """
from shared import telemetry
telemetry.configure("azure_monitor")
with telemetry.span("a", None):
    telemetry.record("signalbox.releases", 1, outcome="released")
print("done")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "done\n"
    assert "Traceback" not in done.stderr
    assert "are dropped: the process ends" in done.stderr


@pytest.mark.parametrize("place", CLOUD)
def test_lost_spans_are_counted_once_in_the_cloud(ingestion: Ingestion, place: str) -> None:
    """A sum of what is told each minute is what was lost, and not that times the minutes."""
    configure(place)
    for _ in range(3):
        assert flush()
    _processor().dropped["full"] = 7
    for _ in range(3):
        assert flush()
    told = [
        one["data"]["baseData"]["metrics"][0] for one in ingestion.envelopes if one["data"]["baseType"] == "MetricData"
    ]
    assert sum(one["value"] for one in told if one["name"] == names.TELEMETRY_DROPPED) == 7


def test_lost_lines_and_a_closed_console_are_a_metric_too(
    ingestion: Ingestion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A span that cannot be written where it ends is counted as one that was not sent."""
    (tmp_path / "folder").write_text("a file where the folder should be")
    closed = io.StringIO()
    monkeypatch.setattr("sys.stdout", closed)
    configure(f"otlp:{ingestion.url},file:{tmp_path}/folder/spans.jsonl,console")
    closed.close()
    for _ in range(2):
        with span("a", None):
            pass
    flush()
    (metric,) = (one for one in ingestion.metrics if one.name == names.TELEMETRY_DROPPED)
    told = {one.attributes[0].value.string_value: one.as_int for one in metric.sum.data_points}
    assert told == {"file": 2, "console": 2}
