"""Making spans, and carrying their identity through durable inputs as a W3C traceparent."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from shared.telemetry.setup import tracer

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span

_PREFIX: Final = "signalbox."
_HEADER: Final = "traceparent"


@contextmanager
def span(name: str, trace: str | None, **attributes: Any) -> Iterator["Span"]:
    """A span around a piece of work; an exception that leaves it is recorded, and passes.

    Args:
        name: What is done: the activity's or the trigger's name.
        trace: The W3C traceparent to continue. Without one, or with one that cannot be read, the span belongs to the
            present span, or begins a trace.
        attributes: Recorded as `signalbox.NAME`; `None` is left out, and what is no plain value becomes text.
    """
    given = {f"{_PREFIX}{key}": _plain(value) for key, value in attributes.items() if value is not None}
    with tracer().start_as_current_span(name, context=_context(trace), attributes=given) as one:
        yield one


def traceparent() -> str | None:
    """The present span as a W3C traceparent; `None` outside of any span."""
    carrier: dict[str, str] = {}
    _propagator().inject(carrier)
    return carrier.get(_HEADER)


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


def _plain(value: Any) -> str | bool | int | float:
    return value if isinstance(value, str | bool | int | float) else str(value)
