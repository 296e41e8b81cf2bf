"""Spans of the app: telemetry is set up from settings at the first one, not at import."""

from contextlib import AbstractContextManager
from functools import cache

from shared import telemetry
from shared.settings import settings


def span(name: str, trace: str | None, **attributes: str) -> AbstractContextManager[object]:
    """A span that goes on from a W3C traceparent; attributes are named `signalbox.*`."""
    _configure()
    return telemetry.span(name, trace, **attributes)


def traceparent() -> str | None:
    """What travels in an input, so that the next span knows where it belongs."""
    return telemetry.traceparent()


@cache
def _configure() -> None:
    telemetry.configure(settings().telemetry)
