"""Where spans go: a file, the console, or nowhere of our own.

`off` leaves the choice to the host: where the Functions worker has set up Azure Monitor, spans go there through
OpenTelemetry's global provider; elsewhere they cost next to nothing.
"""

import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

from shared.errors import ConfigurationError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Tracer

_NAME: Final = "signalbox"
_FILE: Final = "file:"


class _Telemetry:
    """The process's provider of spans, and the setting that it was made from."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._setting = "off"
        self._provider: TracerProvider | None = None

    def configure(self, setting: str) -> None:
        with self._lock:
            if setting == self._setting:
                return
            exporter = _exporter(setting)
            old, self._provider = self._provider, None if exporter is None else _provider(exporter)
            self._setting = setting
        if old is not None:
            old.shutdown()

    def tracer(self) -> "Tracer":
        from opentelemetry.trace import get_tracer  # noqa: PLC0415 - loaded at first use

        provider = self._provider
        return get_tracer(_NAME) if provider is None else provider.get_tracer(_NAME)


def configure(telemetry: str) -> None:
    """Say where spans go; the same setting again changes nothing, another one replaces it.

    Args:
        telemetry: `file:PATH`, one JSON object per line; `console`; or `off`.

    Raises:
        ConfigurationError: It is none of these.
    """
    _TELEMETRY.configure(telemetry)


def tracer() -> "Tracer":
    """What makes spans in this process, by the present setting."""
    return _TELEMETRY.tracer()


def _exporter(setting: str) -> "SpanExporter | None":
    if setting == "off":
        return None
    if setting == "console":
        from opentelemetry.sdk.trace.export import ConsoleSpanExporter  # noqa: PLC0415 - loaded at first use

        return ConsoleSpanExporter(out=sys.stdout, formatter=lambda one: one.to_json(indent=None) + "\n")
    if setting.startswith(_FILE) and len(setting) > len(_FILE):
        from shared.telemetry.files import JsonLinesExporter  # noqa: PLC0415 - loads OpenTelemetry's SDK

        return JsonLinesExporter(Path(setting.removeprefix(_FILE)))
    msg = f"SIGNALBOX_TELEMETRY is {setting!r}; use file:PATH, console or off"
    raise ConfigurationError(msg)


def _provider(exporter: "SpanExporter") -> "TracerProvider":
    """A provider of our own: OpenTelemetry's global one can be set once per process, and belongs to the host."""
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - loaded at first use
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - likewise
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor  # noqa: PLC0415 - likewise
    from opentelemetry.sdk.trace.sampling import ALWAYS_ON  # noqa: PLC0415 - likewise

    # A file and a console are for one machine: a span is written as it ends, so that a killed process loses none, and
    # all are kept, whatever the caller's own sampling says. The provider ends itself with the process.
    provider = TracerProvider(resource=Resource({"service.name": _NAME}), sampler=ALWAYS_ON)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider


_TELEMETRY: Final = _Telemetry()
