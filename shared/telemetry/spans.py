"""Making spans, and carrying their identity through durable inputs as a W3C traceparent."""

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from shared.telemetry.names import PREFIX
from shared.telemetry.setup import own_provider, tracer

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span, SpanKind

_HEADER: Final = "traceparent"
_MESSAGE_LIMIT: Final = 1000
#: `server` is what came from outside, `inside` a step of ours.
Side = Literal["server", "inside"]


@contextmanager
def span(name: str, trace: str | None, side: Side = "inside", **attributes: Any) -> Iterator["Span"]:
    """A span around a piece of work; an exception that leaves it is recorded, and passes.

    Where nobody takes spans, what is inside has the identity of one all the same: records and answers name a trace.

    Args:
        name: What is done: the activity's or the trigger's name.
        trace: The W3C traceparent to continue. Without one, or with one that cannot be read, the span belongs to the
            present span, or begins a trace.
        side: What kind of work it is.
        attributes: Recorded as `signalbox.NAME`; `None` is left out, and what is no plain value becomes text.
    """
    from opentelemetry.trace import use_span  # noqa: PLC0415 - loaded at first use

    given = {f"{PREFIX}{key}": _plain(value) for key, value in attributes.items() if value is not None}
    with tracer().start_as_current_span(
        name, context=_context(trace), kind=_kind(side, trace), attributes=given
    ) as one:
        if one.get_span_context().is_valid:
            yield one
        else:
            with use_span(_identity()) as named:
                yield named


def told_span(
    name: str,
    trace: str | None,
    *,
    key: str,
    start: datetime,
    end: datetime,
    error: str | None = None,
    **attributes: Any,
) -> None:
    """A span of work that was done elsewhere, and has ended.

    Args:
        name: What was done.
        trace: The W3C traceparent to continue.
        key: Makes it the same span whenever it is told again, see `span_of`.
        start: When it began.
        end: When it ended.
        error: Why it failed.
        attributes: As for `span`.
    """
    from opentelemetry.trace import Status, StatusCode  # noqa: PLC0415 - loaded at first use

    given = {f"{PREFIX}{name}": _plain(value) for name, value in attributes.items() if value is not None}
    with _id_of(key):
        one = tracer().start_span(name, context=_context(trace), start_time=_nanoseconds(start), attributes=given)
    if error is not None:
        one.set_status(Status(StatusCode.ERROR, error))
    one.end(_nanoseconds(max(start, end)))


def note(**attributes: str) -> None:
    """Say more of the present span; attributes as for `span`."""
    from opentelemetry.trace import get_current_span  # noqa: PLC0415 - loaded at first use

    for key, value in attributes.items():
        get_current_span().set_attribute(f"{PREFIX}{key}", value)


def say_failed(one: "Span", code: str, message: str) -> None:
    """Mark a span as failed by something that is no exception to whoever asked.

    Args:
        one: The span.
        code: What failed, in one word.
        message: Why.
    """
    from opentelemetry.trace import Status, StatusCode  # noqa: PLC0415 - loaded at first use

    one.set_attribute(f"{PREFIX}error", code)
    one.set_status(Status(StatusCode.ERROR, message[:_MESSAGE_LIMIT]))


def span_of(key: str) -> str | None:
    """What work done elsewhere continues: the W3C traceparent of the span that will be told of it.

    Where the host has set up telemetry, that span gets an id of its own, so the present span is continued.
    """
    present = traceparent()
    if present is None or own_provider() is None:
        return present
    version, trace, _, flags = present.split("-")
    return f"{version}-{trace}-{_derived(key):016x}-{flags}"


def traceparent() -> str | None:
    """The present span as a W3C traceparent; `None` outside of any span."""
    carrier: dict[str, str] = {}
    _propagator().inject(carrier)
    return carrier.get(_HEADER)


def _id_of(key: str) -> Any:
    if own_provider() is None:
        return nullcontext()
    from shared.telemetry.ids import given_span_id  # noqa: PLC0415 - loads OpenTelemetry's SDK

    return given_span_id(_derived(key))


def _derived(key: str) -> int:
    """A span's id, never 0, which would be none."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8]) or 1


def _identity() -> "Span":
    """A span that nobody takes."""
    from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags  # noqa: PLC0415 - loaded at first use

    trace, own = secrets.randbits(128) or 1, secrets.randbits(64) or 1
    return NonRecordingSpan(SpanContext(trace, own, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED)))


def _kind(side: Side, trace: str | None) -> "SpanKind":
    """What came in is told once: what a span inside the door does is a step of it."""
    from opentelemetry.trace import SpanKind  # noqa: PLC0415 - loaded at first use

    within = trace is None and traceparent() is not None
    return SpanKind.SERVER if side == "server" and not within else SpanKind.INTERNAL


def _context(trace: str | None) -> "Context | None":
    """The context that a traceparent describes; `None` means the present one."""
    if trace is None:
        return None
    from opentelemetry.trace import get_current_span  # noqa: PLC0415 - loaded at first use

    context = _propagator().extract({_HEADER: trace}, context=_no_context())
    return context if get_current_span(context).get_span_context().is_valid else None


def _no_context() -> "Context":
    from opentelemetry.context import Context  # noqa: PLC0415 - loaded at first use

    return Context()


def _propagator() -> Any:
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415 - likewise

    return TraceContextTextMapPropagator()


def _nanoseconds(at: datetime) -> int:
    return int(at.timestamp() * 1e9)


def _plain(value: Any) -> str | bool | int | float:
    return value if isinstance(value, str | bool | int | float) else str(value)
