"""Spans and metrics of the app: telemetry is set up from settings at the first one, not at import."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from functools import cache
from typing import Any

from shared import telemetry
from shared.settings import settings
from shared.telemetry.names import PREFIX


def span(name: str, trace: str | None, **attributes: str) -> AbstractContextManager[object]:
    """A span of a trigger that goes on from a W3C traceparent; attributes are named `signalbox.*`."""
    _configure()
    return telemetry.span(name, trace, "server", **attributes)


def step(name: str, trace: str | None, attributes: Mapping[str, str]) -> AbstractContextManager[Any]:
    """A span of an activity; attributes have their prefix already."""
    _configure()
    return telemetry.span(
        name, trace, "inside", **{key.removeprefix(PREFIX): value for key, value in attributes.items()}
    )


def note(**attributes: str) -> None:
    """Say more of the present span, by the names in `shared.telemetry.names`."""
    telemetry.note(**attributes)


def say_failed(span: Any, code: str, message: str) -> None:
    """Mark a span as failed by what trying again cannot cure."""
    telemetry.say_failed(span, code, message)


def job(name: str, trace: str | None, start: datetime, end: datetime, error: str | None) -> None:
    """A span of a job that has ended; the same one whenever it is told again."""
    _configure()
    telemetry.told_span("job", trace, key=name, start=start, end=end, error=error, job=name)


def traceparent() -> str | None:
    """What travels in an input, so that the next span knows where it belongs."""
    return telemetry.traceparent()


def traceparent_of_job(name: str) -> str | None:
    """What a job continues: the span that will be told of it."""
    return telemetry.span_of(name)


def record(name: str, value: float, **attributes: str) -> None:
    """A figure of a metric in `shared.telemetry.names`; inside of a span, which has set telemetry up."""
    telemetry.record(name, value, **attributes)


@cache
def _configure() -> None:
    telemetry.configure(settings().telemetry)
