"""What goes wrong on the way, once each: a status, a late answer, a connection that is dropped."""

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.doubles.azure_ml.messages import Answer, Refusal, Request

#: Azure's code for each status that a fault may answer with, where nothing else is asked for.
_CODES = {409: "Conflict", 429: "TooManyRequests", 500: "InternalServerError", 503: "ServiceUnavailable"}


@dataclass(frozen=True)
class Fault:
    """One fault.

    Attributes:
        method: Of the request that it meets; `*` for any.
        pattern: Regular expression, searched in the path, whatever its case.
        status: Answered instead of what was asked for; `None` to answer what was asked for.
        code: Azure's code of the error; by the status where it is empty.
        message: Of the error.
        headers: Beside it: `Retry-After`.
        seconds: To wait before anything is done.
        drop: Close the connection instead of answering: `before` what was asked for is done, or `after`.
    """

    method: str
    pattern: str
    status: int | None = None
    code: str = ""
    message: str = "The double was asked to fail here."
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    drop: str | None = None

    def meets(self, request: Request) -> bool:
        """Whether a request is the one."""
        return self.method in ("*", request.method) and re.search(self.pattern, request.path, re.I) is not None

    def answer(self) -> Answer | None:
        """What is answered instead; `None` where the request takes its way."""
        if self.status is None:
            return None
        refused = Refusal(self.status, self.code or _CODES.get(self.status, "UserError"), self.message).answer()
        return Answer(refused.status, refused.body, self.headers)


class Faults:
    """The faults that are still to come, in order. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """It meets one request, the next that fits."""
        with self._lock:
            self._waiting.append(fault)

    def take(self, request: Request) -> Fault | None:
        """The first that fits this request; it is gone afterwards."""
        with self._lock:
            for fault in self._waiting:
                if fault.meets(request):
                    self._waiting.remove(fault)
                    return fault
        return None

    def forget(self) -> list[Fault]:
        """Those that have met nothing yet, which meet nothing any more."""
        with self._lock:
            forgotten, self._waiting = self._waiting, []
        return forgotten

    @property
    def waiting(self) -> list[Fault]:
        """Those that have met nothing yet."""
        with self._lock:
            return list(self._waiting)
