"""Where spans and metrics go: as many places as the setting names, or nowhere of our own.

`off` leaves the choice to the host: where the Functions worker has set up Azure Monitor, all goes there through
OpenTelemetry's global providers; elsewhere it costs next to nothing.
"""

import atexit
import logging
import os
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from shared.errors import ConfigurationError
from shared.telemetry.names import PREFIX, TELEMETRY_DROPPED
from shared.telemetry.quiet import quiet
from shared.telemetry.setting import Target, connection_string, parse_telemetry

if TYPE_CHECKING:
    from opentelemetry.metrics import CallbackOptions, Meter, Observation
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import MetricExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Tracer

    from shared.telemetry.batching import BoundedProcessor, ImmediateProcessor, Reason
    from shared.telemetry.counting import CountingMetricExporter

    type _Sender = BoundedProcessor | ImmediateProcessor | CountingMetricExporter

_LOG: Final = logging.getLogger(__name__)
#: What spans and metrics say that they come from.
ROLE: Final = "signalbox"
#: Seconds that one call of an exporter may take.
_TIMEOUT: Final = 5.0
#: Seconds that the last figures may take at the end of a process.
_GIVE_UP: Final = 3.0
_METRICS_EVERY_MS: Final = 60_000


class _Providers(NamedTuple):
    """OpenTelemetry's SDK, set up for one setting, and all that may lose something on the way."""

    traces: "TracerProvider"
    tracer: "Tracer"
    metrics: "MeterProvider"
    senders: "Sequence[_Sender]"

    def shutdown(self) -> None:
        """Send what waits, for a few seconds at most, and end."""
        last = threading.Thread(target=self.metrics.shutdown, args=(_GIVE_UP * 1000,), daemon=True)
        last.start()
        self.traces.shutdown()
        last.join(_GIVE_UP)


class _Telemetry:
    """The process's providers, and the setting that they were made from."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._setting = "off"
        self._providers: _Providers | None = None
        atexit.register(self.close)
        self._meter: Meter | None = None

    def configure(self, setting: str) -> None:
        with self._lock:
            if setting == self._setting:
                return
            targets = parse_telemetry(setting)
            old, self._providers = self._providers, _make(targets) if targets else None
            self._setting, self._meter = setting, None
        if old is not None:
            old.shutdown()

    def close(self) -> None:
        """Send what waits, for a few seconds at most."""
        with self._lock:
            old, self._providers, self._setting, self._meter = self._providers, None, "off", None
        if old is not None:
            old.shutdown()

    def tracer(self) -> "Tracer":
        from opentelemetry.trace import get_tracer  # noqa: PLC0415 - loaded at first use

        providers = self._providers
        return get_tracer(ROLE) if providers is None else providers.tracer

    def meter(self) -> "Meter":
        """Always the same one, since instruments are kept with it."""
        from opentelemetry.metrics import get_meter  # noqa: PLC0415 - loaded at first use

        with self._lock:
            if self._meter is None:
                providers = self._providers
                self._meter = get_meter(ROLE) if providers is None else providers.metrics.get_meter(ROLE)
            return self._meter

    def provider(self) -> "TracerProvider | None":
        return self._providers.traces if self._providers is not None else None

    def senders(self) -> "Sequence[_Sender]":
        return self._providers.senders if self._providers is not None else ()

    def flush(self, seconds: float) -> bool:
        providers = self._providers
        if providers is None:
            return True
        sent = providers.traces.force_flush(int(seconds * 1000))
        return providers.metrics.force_flush(seconds * 1000) and sent


def configure(telemetry: str) -> None:
    """Say where spans and metrics go; the same setting again changes nothing, another one replaces it.

    Args:
        telemetry: As `SIGNALBOX_TELEMETRY`, see `shared.telemetry.setting.EXPECTED`.

    Raises:
        ConfigurationError: A part of it is unknown, incomplete, or contradicts another one.
    """
    _TELEMETRY.configure(telemetry)


def flush(seconds: float = _TIMEOUT) -> bool:
    """Send what waits; whether it was sent in time."""
    return _TELEMETRY.flush(seconds)


def dropped() -> "list[tuple[str, Reason, int]]":
    """What was lost since the present setting holds, as `signalbox.telemetry.dropped`: exporter, reason, how many."""
    return list(_lost(_TELEMETRY.senders()))


def tracer() -> "Tracer":
    """What makes spans in this process, by the present setting."""
    return _TELEMETRY.tracer()


def meter() -> "Meter":
    """What makes metrics in this process, by the present setting."""
    return _TELEMETRY.meter()


def own_provider() -> "TracerProvider | None":
    """Our own provider of spans; `None` where the choice is the host's."""
    return _TELEMETRY.provider()


def _make(targets: Iterable[Target]) -> _Providers:
    """Providers of our own: OpenTelemetry's global ones can be set once per process, and belong to the host."""
    from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415 - loaded at first use
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader  # noqa: PLC0415 - likewise
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - likewise
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - likewise
    from opentelemetry.sdk.trace.sampling import ALWAYS_ON  # noqa: PLC0415 - likewise

    from shared.telemetry.counting import CountingMetricExporter  # noqa: PLC0415 - likewise
    from shared.telemetry.ids import GivenIds  # noqa: PLC0415 - likewise

    # All spans are kept, whatever the caller's own sampling says. The end of the process is ours: the SDK's own handler
    # waits for half a minute.
    quiet()
    resource = Resource({"service.name": ROLE})
    made = [(target, *found) for target in targets if (found := _exporters_if_any(target)) is not None]
    processors = [_processor(target, spans) for target, spans, _ in made]
    traces = TracerProvider(resource=resource, sampler=ALWAYS_ON, id_generator=GivenIds(), shutdown_on_exit=False)
    for processor in processors:
        traces.add_span_processor(processor)
    counted = [CountingMetricExporter(metrics, target.name) for target, _, metrics in made]
    readers = [PeriodicExportingMetricReader(one, _METRICS_EVERY_MS, _TIMEOUT * 1000) for one in counted]
    metrics = MeterProvider(readers, resource=resource, shutdown_on_exit=False)
    senders = (*processors, *counted)
    _count_dropped(metrics, senders)
    return _Providers(traces, traces.get_tracer(ROLE), metrics, senders)


def _exporters_if_any(target: Target) -> "tuple[SpanExporter, MetricExporter] | None":
    """What sends to one place; a library that cannot be set up is left out, since the work goes on without it."""
    try:
        return _exporters(target)
    except ConfigurationError:
        raise
    except Exception:  # noqa: BLE001 - a library of somebody else: whatever it raises, the work goes on
        _LOG.exception("telemetry for %s cannot be set up, and is not sent there", target.name)
        return None


def _exporters(target: Target) -> "tuple[SpanExporter, MetricExporter]":
    """What sends to one place; loaded at first use."""
    match target.kind:
        case "console":
            return _console()
        case "file":
            from shared.telemetry.files import JsonLinesExporter, JsonLinesMetricExporter  # noqa: PLC0415 - likewise

            path = Path(target.where)
            return JsonLinesExporter(path), JsonLinesMetricExporter(path.with_suffix(f".metrics{path.suffix}"))
        case "otlp":
            return _otlp(target.where.rstrip("/"))
        case "azure_monitor":
            from shared.telemetry.azure_monitor import azure_monitor  # noqa: PLC0415 - likewise

            return azure_monitor(connection_string(os.environ, target.kind))
        case _:
            from shared.telemetry.azure_monitor import silence_sdks  # noqa: PLC0415 - likewise

            found = connection_string(os.environ, target.kind)
            silence_sdks()
            from shared.telemetry.opencensus import (  # noqa: PLC0415 - likewise
                OpenCensusMetricExporter,
                OpenCensusSpanExporter,
            )

            return OpenCensusSpanExporter(found), OpenCensusMetricExporter(found)


def _console() -> "tuple[SpanExporter, MetricExporter]":
    from opentelemetry.sdk.metrics.export import ConsoleMetricExporter  # noqa: PLC0415 - loaded at first use
    from opentelemetry.sdk.trace.export import ConsoleSpanExporter  # noqa: PLC0415 - likewise

    return (
        ConsoleSpanExporter(out=sys.stdout, formatter=lambda one: one.to_json(indent=None) + "\n"),
        ConsoleMetricExporter(out=sys.stdout, formatter=lambda found: found.to_json(indent=None) + "\n"),
    )


def _otlp(url: str) -> "tuple[SpanExporter, MetricExporter]":
    """OTLP over HTTP as protobuf; headers by the standard OTEL_EXPORTER_OTLP_HEADERS."""
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter  # noqa: PLC0415 - likewise
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - likewise

    return (
        OTLPSpanExporter(endpoint=f"{url}/v1/traces", timeout=_TIMEOUT),
        OTLPMetricExporter(endpoint=f"{url}/v1/metrics", timeout=_TIMEOUT),
    )


def _processor(target: Target, exporter: "SpanExporter") -> "BoundedProcessor | ImmediateProcessor":
    """A file and a console are for one machine: a span is written as it ends, so that a killed process loses none."""
    from shared.telemetry.batching import BoundedProcessor, ImmediateProcessor  # noqa: PLC0415 - loaded at first use

    if target.kind in ("file", "console"):
        return ImmediateProcessor(exporter, target.name)
    return BoundedProcessor(exporter, target.name)


def _count_dropped(metrics: "MeterProvider", senders: "Sequence[_Sender]") -> None:
    """Tell of what was lost, by whatever way metrics go."""
    from opentelemetry.metrics import Observation  # noqa: PLC0415 - loaded at first use

    def look(_: "CallbackOptions") -> "Iterable[Observation]":
        for exporter, reason, count in _lost(senders):
            yield Observation(count, {f"{PREFIX}exporter": exporter, f"{PREFIX}reason": reason})

    metrics.get_meter(ROLE).create_observable_counter(TELEMETRY_DROPPED, [look], unit="1")


def _lost(senders: "Iterable[_Sender]") -> "Iterator[tuple[str, Reason, int]]":
    for one in senders:
        for reason, count in list(one.dropped.items()):  # others lose spans meanwhile
            yield one.name, reason, count


_TELEMETRY: Final = _Telemetry()
