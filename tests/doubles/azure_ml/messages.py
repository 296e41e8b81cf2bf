"""What goes in and out of the double: requests as they were logged, answers, and refusals in Azure's words."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Request:
    """One request, and what it was answered with. Header names are lower case.

    Attributes:
        path: Decoded, without the query.
        body: The JSON value; `None` when there was none.
        status: Of the answer; `None` while there is none, or when the connection was dropped.
        at: When it came, in seconds since 1970.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any = None
    status: int | None = None
    at: float = field(default_factory=time.time)


@dataclass(frozen=True)
class Answer:
    """What is sent back. No body at all where it is `None`."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Refusal(Exception):  # noqa: N818 - it is an answer, not a fault of the double
    """An answer that says no, of the form that Azure Resource Manager gives its errors."""

    def __init__(self, status: int, code: str, message: str, *, inner: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.inner = inner

    def answer(self) -> Answer:
        """As it goes over the wire."""
        error: dict[str, Any] = {"code": self.code, "message": self.message, "details": [], "additionalInfo": []}
        if self.inner is not None:
            error["innererror"] = {"code": self.inner}
        return Answer(self.status, {"error": error})


class UnknownRoute(Exception):  # noqa: N818 - names the condition
    """A request for something that the double does not know; the real service may, or may not."""


def wrong(message: str, *, inner: str | None = None) -> Refusal:
    """A request that the service calls the user's mistake."""
    return Refusal(400, "UserError", message, inner=inner)


def absent(what: str) -> Refusal:
    """Something that is not there."""
    return Refusal(404, "UserError", f"{what} was not found.", inner="NotFoundError")
