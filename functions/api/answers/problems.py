"""What is answered when something is wrong (RFC 9457)."""

from pydantic import Field

from shared.contracts.base import Contract


class Fault(Contract):
    """One thing that is wrong with a body.

    Attributes:
        pointer: Where, as a JSON pointer in a URI fragment: `#/select/origin/0`.
        detail: What is wrong there.
    """

    pointer: str = Field(pattern="^#(/.*)?$")
    detail: str


class Problem(Contract):
    """What was wrong, and what would be right (RFC 9457).

    Attributes:
        type: Stable, to be told apart by programs: `urn:signalbox:unknown-model`.
        title: The same in words.
        status: The answer's status.
        detail: What was wrong this time, and what to do, for a person.
        instance: The path that was asked for.
        correlation_id: The trace of the request: `signalbox trace` and the app's log know it.
        errors: Each thing that is wrong with the body.
    """

    type: str = Field(pattern="^urn:signalbox:[a-z0-9-]+$")
    title: str
    status: int = Field(ge=400, le=599)
    detail: str
    instance: str
    correlation_id: str = Field(pattern="^[0-9a-f]{32}$")
    errors: tuple[Fault, ...] = Field(default=(), min_length=1)
