"""Long-running operations: begun with a URL, in progress for some reads, then done or failed."""

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tests.doubles.azure_ml.messages import Answer, Request, UnknownRoute, absent
from tests.doubles.azure_ml.world import LOCATION, RETRY, World, now

_PATH: Final = re.compile(r"/locations/[^/]+/mfeOperation(?P<form>sStatus|Results)/mfe:(?P<id>[0-9a-f-]+)$")


@dataclass(frozen=True)
class Urls:
    """Where an operation is read: as `Azure-AsyncOperation`, or as `Location`."""

    status: str
    results: str


@dataclass
class Operation:
    """One operation.

    Attributes:
        settle: Brings about what the operation is for; answers the error's text where that failed.
        reads: That still see it in progress.
        ready: Whether it may end by now; always, where it is absent.
        hang: It never ends.
    """

    settle: Callable[[], str | None] | Callable[[], None]
    reads: int = 1
    hang: bool = False
    ready: Callable[[], bool] | None = None
    done: bool = False
    error: str | None = None

    def read(self) -> bool:
        """Count one read, of the operation or of what it changes; whether it is done by now."""
        if self.done or self.hang:
            return self.done
        if self.reads > 0:
            self.reads -= 1
            return False
        if self.ready is not None and not self.ready():
            return False
        self.done, self.error = True, self.settle()
        return True


class Operations:
    """All operations of a workspace."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._known: dict[str, Operation] = {}

    def start(self, settle: Callable[[], None]) -> Urls:
        """Begin one that is in progress for one read."""
        return self.add(Operation(settle))

    def add(self, operation: Operation) -> Urls:
        """Make an operation known."""
        name = str(uuid.uuid4())
        self._known[name] = operation
        base = f"{self._world.base}{self._world.provider_id}/locations/{LOCATION}"
        query = "?api-version=2022-02-01-preview"
        return Urls(
            status=f"{base}/mfeOperationsStatus/mfe:{name}{query}",
            results=f"{base}/mfeOperationResults/mfe:{name}{query}",
        )

    def answer(self, request: Request) -> Answer:
        """Serve a read of an operation, in either form."""
        match = _PATH.search(request.path)
        if match is None or request.method != "GET":
            raise UnknownRoute
        operation = self._known.get(match["id"])
        if operation is None:
            raise absent(f"The operation {match['id']}")
        done = operation.read()
        if match["form"] == "Results":
            return self._results(request, operation, done=done)
        body: dict[str, Any] = {"id": request.path, "name": match["id"], "status": "InProgress", "startTime": now()}
        if not done:
            return Answer(200, body, RETRY)
        body |= {"status": "Failed" if operation.error else "Succeeded", "endTime": now()}
        if operation.error:
            body["error"] = _error(operation.error)
        return Answer(200, body)

    def _results(self, request: Request, operation: Operation, *, done: bool) -> Answer:
        if not done:
            query = f"?api-version={request.query.get('api-version', '')}"
            return Answer(202, None, {"Location": f"{self._world.base}{request.path}{query}", **RETRY})
        return Answer(400, {"error": _error(operation.error)}) if operation.error else Answer(200)


def _error(text: str) -> dict[str, Any]:
    return {"code": "DeploymentFailed", "message": text, "details": []}
