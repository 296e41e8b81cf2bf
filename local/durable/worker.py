"""The seam between the engine and the code that it runs.

Requests and results are the strings of the SDK's contract: base64 protobuf for orchestrators (`OrchestratorRequest` to
`OrchestratorResponse`) and entities (`EntityBatchRequest` to `EntityBatchResult`), JSON for activities.
"""

from dataclasses import dataclass
from typing import Literal, Protocol

type FunctionKind = Literal["orchestrator", "activity", "entity"]


@dataclass(frozen=True, slots=True)
class TraceContext:
    """A W3C trace context, see https://www.w3.org/TR/trace-context/."""

    traceparent: str
    tracestate: str = ""


class FunctionFailed(Exception):  # noqa: N818 - names what happened to user code, it is no error of this module
    """User code raised: the exception's type name, its message, and its stack if known."""

    def __init__(self, error_type: str, message: str, stack: str = "") -> None:
        super().__init__(f"{error_type}: {message}")
        self.error_type = error_type
        self.message = message
        self.stack = stack


class FunctionNotFound(Exception):  # noqa: N818 - as above
    """Nothing is registered under that name."""

    def __init__(self, kind: FunctionKind, name: str) -> None:
        super().__init__(
            f"The {kind} '{name}' is not registered in the function app. "
            "Check the name for a typing error, and that its blueprint is registered in function_app.py."
        )
        self.kind = kind
        self.name = name


class FunctionWorker(Protocol):
    """Runs user code.

    Every method raises FunctionFailed or FunctionNotFound; anything else counts as trouble of the worker, and is
    retried a few times.
    """

    async def run_orchestrator(self, name: str, request: str) -> str:
        """Run one turn of an orchestrator."""

    async def run_activity(self, name: str, payload: str, trace: TraceContext | None) -> str | None:
        """Run an activity on its JSON input and give its JSON result, None when it returned nothing."""

    async def run_entity(self, name: str, request: str) -> str:
        """Run a batch of operations on one entity; `name` is in lower case, as in entity ids."""
