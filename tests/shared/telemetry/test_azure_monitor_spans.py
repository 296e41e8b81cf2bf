"""Spans for Azure Monitor: what is made quickly is what the vendor's exporter makes."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, set_span_in_context

from shared.telemetry.azure_monitor import silence_sdks
from shared.telemetry.azure_monitor_spans import QuickTraceExporter
from tests.doubles.ingestion import KEY, Ingestion

_VALUES = st.one_of(st.text(max_size=20), st.integers(-(2**40), 2**40), st.booleans(), st.floats(allow_nan=False))
_KINDS = st.sampled_from([SpanKind.INTERNAL, SpanKind.SERVER, SpanKind.CLIENT, SpanKind.CONSUMER])


@pytest.fixture(scope="module")
def exporter() -> Iterator[QuickTraceExporter]:
    """One for all, so that patterns of earlier spans are used."""
    silence_sdks()
    made = QuickTraceExporter(
        connection_string=f"InstrumentationKey={KEY};IngestionEndpoint=http://127.0.0.1:9", disable_offline_storage=True
    )
    yield made
    made.shutdown()


def _span(
    name: str, kind: SpanKind, attributes: dict[str, Any], *, parent: int, status: StatusCode, length: int,
    start: int = 1_795_255_200_000_000_000, linked: bool = False,
) -> ReadableSpan:  # fmt: skip
    resource = Resource({"service.name": "signalbox"})
    tracer = TracerProvider(sampler=ALWAYS_ON, resource=resource, shutdown_on_exit=False).get_tracer("t")
    above = SpanContext(trace_id=2**100 + 7, span_id=parent or 1, is_remote=True)
    context = set_span_in_context(NonRecordingSpan(above)) if parent else None
    links = [Link(above)] if linked else []
    one = tracer.start_span(name, context=context, kind=kind, attributes=attributes, start_time=start, links=links)
    if status is not StatusCode.UNSET:
        one.set_status(Status(status, "why" if status is StatusCode.ERROR else None))
    one.end(start + length)
    assert isinstance(one, ReadableSpan)
    return one


def _as_json(envelope: Any) -> Any:
    return json.loads(json.dumps(envelope if isinstance(envelope, dict) else envelope.as_dict()))


_SPANS = st.fixed_dictionaries(
    {
        "ours": st.dictionaries(st.sampled_from(["model", "run", "attempt"]), _VALUES),
        "theirs": st.dictionaries(
            st.sampled_from(["http.url", "enduser.id", "session.id"]), st.text(max_size=9), max_size=1
        ),
        "name": st.sampled_from(["submit_job", "POST x", "job"]),
        "kind": _KINDS,
        "parent": st.sampled_from([0, 2**63 + 5]),
        "status": st.sampled_from(StatusCode),
        "length": st.integers(0, 10**15),
        "start": st.integers(1, 2 * 10**18),
        "linked": st.booleans(),
    }
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(one=_SPANS)
def test_every_span_is_as_the_vendor_makes_it(exporter: QuickTraceExporter, one: dict[str, Any]) -> None:
    """Whatever its kind, attributes, parent, outcome and length, and whichever spans were before it."""
    attributes = {f"signalbox.{key}": value for key, value in one.pop("ours").items()} | one.pop("theirs")
    span = _span(attributes=attributes, **one)
    (made,) = exporter._envelopes(span)
    assert _as_json(made) == _as_json(exporter._span_to_envelope(span))


def test_a_long_value_is_cut_as_the_vendor_cuts_it(exporter: QuickTraceExporter) -> None:
    """The service takes 8,192 characters."""
    span = _span("a", SpanKind.INTERNAL, {"signalbox.path": "x" * 9000}, parent=0, status=StatusCode.UNSET, length=1)
    (made,) = exporter._envelopes(span)
    assert _as_json(made) == _as_json(exporter._span_to_envelope(span))
    assert len(made["data"]["baseData"]["properties"]["signalbox.path"]) == 8192


def test_names_that_are_made_up_fill_no_memory(exporter: QuickTraceExporter, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once there are many patterns, spans of further names go the vendor's way, and are whole."""
    monkeypatch.setattr("shared.telemetry.azure_monitor_spans._MOST_PATTERNS", len(exporter._patterns))
    span = _span("never seen", SpanKind.INTERNAL, {}, parent=0, status=StatusCode.UNSET, length=1)
    before = len(exporter._patterns)
    (made,) = exporter._envelopes(span)
    assert _as_json(made)["data"]["baseData"]["name"] == "never seen"
    assert len(exporter._patterns) == before


def test_what_the_librarys_rate_leaves_out_is_a_failure(ingestion: Ingestion, monkeypatch: pytest.MonkeyPatch) -> None:
    """It drops envelopes of a batch and reports success: the batch counts as lost all the same."""
    made = QuickTraceExporter(connection_string=ingestion.connection_string, disable_offline_storage=True)
    spans = [_span("a", SpanKind.INTERNAL, {}, parent=0, status=StatusCode.UNSET, length=1) for _ in range(3)]
    assert made.export(spans) is SpanExportResult.SUCCESS

    class Limit:
        def try_consume(self, count: int) -> int:
            return count - 1

    monkeypatch.setattr(made, "_rate_limiter", Limit())
    assert made.export(spans) is SpanExportResult.FAILURE
    made.shutdown()
