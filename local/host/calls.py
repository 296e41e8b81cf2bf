"""What one invocation is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local.durable.worker import TraceContext
from local.host.wire import TypedData


@dataclass(frozen=True)
class Call:
    """A request to run a function.

    Attributes:
        data: the trigger's value.
        reason: why it runs, for the log.
        trace: the caller's trace context.
        metadata: the trigger's metadata, as the worker receives it.
        values: what binding expressions may refer to.
        invocation_id: its id, where it must be known before; empty takes a new one.
    """

    data: TypedData
    reason: str = ""
    trace: TraceContext | None = None
    metadata: Mapping[str, TypedData] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    invocation_id: str = ""
