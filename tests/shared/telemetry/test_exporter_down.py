"""A place that takes no telemetry: dead, hanging or answering 500. The work goes on, and every loss is told."""

import logging
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from shared.telemetry import configure, dropped, flush, names, record, setup, span
from shared.telemetry.batching import BoundedProcessor
from tests.doubles.ingestion import KEY, Ingestion

pytestmark = [
    pytest.mark.filterwarnings("ignore:'locale.getdefaultlocale' is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:datetime.datetime.utc:DeprecationWarning"),
]

SETTINGS = ("azure_monitor", "opencensus", "otlp")
WAYS = ("dead", "hanging", "500")
#: Spans that wait in these tests at most, and that are ended meanwhile.
ROOM, ENDED = 8, 40


@pytest.fixture(params=WAYS)
def down(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a place that is down, in one of three ways; whoever waits there waits for half a second."""
    from shared.telemetry import opencensus  # within the filter: it warns when it is imported

    monkeypatch.setitem(opencensus._OPTIONS, "timeout", 0.5)
    with Ingestion(status=500) as double:
        if request.param == "hanging":
            double.held.clear()
        url = double.url
        if request.param == "dead":
            with socket.socket() as unused:
                unused.bind(("127.0.0.1", 0))
                url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        monkeypatch.setenv("APPLICATIONINSIGHTS_CONNECTION_STRING", f"InstrumentationKey={KEY};IngestionEndpoint={url}")
        yield url
        double.held.set()
        configure("off")


def _configure(setting: str, url: str) -> None:
    configure(f"otlp:{url}" if setting == "otlp" else setting)
    for sender in setup._TELEMETRY.senders():
        if isinstance(sender, BoundedProcessor):
            sender._most, sender._give_up = ROOM, 0.1


@pytest.mark.parametrize("setting", SETTINGS)
def test_work_never_waits_for_who_is_down(setting: str, down: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever ends spans and records figures calls no exporter: all of them are called from threads of telemetry's."""
    called: list[str] = []
    _configure(setting, down)
    for sender in setup._TELEMETRY.senders():
        export: Any = sender._exporter.export

        def observed(*given: Any, export: Any = export, **more: Any) -> Any:
            called.append(threading.current_thread().name)
            return export(*given, **more)

        monkeypatch.setattr(sender._exporter, "export", observed)
    for _ in range(ENDED):
        with span("a", None):
            record(names.RELEASES, 1, outcome="released")
    assert threading.current_thread().name not in called
    configure("off")
    assert called


@pytest.mark.parametrize("setting", SETTINGS)
def test_every_span_that_is_lost_is_told(setting: str, down: str, caplog: pytest.LogCaptureFixture) -> None:
    """All that ended are counted when telemetry ends, and the log says so in a line or two."""
    caplog.set_level(logging.WARNING, "shared.telemetry")
    _configure(setting, down)
    senders = setup._TELEMETRY.senders()
    for _ in range(ENDED):
        with span("a", None):
            pass
    flush(0.2)
    told = {exporter for exporter, _, _ in dropped()}
    assert setting in told
    configure("off")
    (spans,) = (one for one in senders if one.name == setting)
    assert sum(spans.dropped.values()) == ENDED
    lines = [one.getMessage() for one in caplog.records if one.name == "shared.telemetry.batching"]
    assert 1 <= len(lines) <= 2
    assert f"spans for {setting} are dropped" in lines[0]


@pytest.mark.parametrize("setting", ["azure_monitor", "opencensus"])
def test_the_count_of_what_was_lost_is_not_lost_with_it(
    setting: str, ingestion: Ingestion, caplog: pytest.LogCaptureFixture
) -> None:
    """An outage that ends is told in whole: what was counted meanwhile comes with the first sending that is taken."""
    configure(setting)
    ingestion.status = 500
    for _ in range(3):
        with span("a", None):
            pass
        record(names.RELEASES, 1, outcome="released")
        flush(5)
    assert sum(one.startswith("figures for") for one in caplog.messages) == 1
    ingestion.status = 200
    ingestion.received.clear()
    assert flush(5)
    assert flush(5)
    told: dict[tuple[str, str], float] = {}
    for one in ingestion.envelopes:
        data = one["data"]["baseData"]
        for metric in data.get("metrics") or ():
            if metric["name"] == names.TELEMETRY_DROPPED:
                given = data["properties"]
                key = (given["signalbox.exporter"], given["signalbox.reason"])
                told[key] = told.get(key, 0) + metric["value"]
    assert told == {(exporter, reason): count for exporter, reason, count in dropped()}
    assert told[setting, "refused"] == 3
    assert told[f"{setting}_metrics", "refused"] == 3


def test_totals_are_not_lost(ingestion: Ingestion) -> None:
    """A collector that is told totals misses nothing by a sending that it did not take, and nothing is counted."""
    configure(f"otlp:{ingestion.url}")
    ingestion.status = 400
    record(names.RELEASES, 1, outcome="released")
    flush(5)
    ingestion.status = 200
    ingestion.received.clear()
    assert flush(5)
    (metric,) = (one for one in ingestion.metrics if one.name == names.RELEASES)
    (point,) = metric.sum.data_points
    assert (point.as_double or point.as_int) == 1
    assert dropped() == []


def test_nothing_is_lost_where_telemetry_is_off() -> None:
    """There is nobody who could lose it."""
    configure("off")
    assert dropped() == []
