"""What takes minutes to be made, changed or deleted: endpoints and deployments between two states."""

from collections.abc import Callable
from typing import Any, Final

from tests.doubles.azure_ml.messages import Answer, Refusal
from tests.doubles.azure_ml.operations import Operation, Operations, Urls
from tests.doubles.azure_ml.plans import ProvisioningPlan
from tests.doubles.azure_ml.world import RETRY, World

type State = Callable[[], tuple[str, str | None]]

MOVING: Final = frozenset({"Creating", "Updating", "Deleting"})


class Provisioning:
    """Moves resources from `Creating`, `Updating` or `Deleting` to where they end, read by read."""

    def __init__(self, world: World, operations: Operations) -> None:
        self._world = world
        self._operations = operations
        self._moving: dict[str, Operation] = {}
        self._errors: dict[str, str] = {}
        self.plans: list[ProvisioningPlan] = []

    def read(self, path: str) -> dict[str, Any]:
        """A resource as it stands at this read; 404 when there is none, or none any more."""
        self._world.get(path)
        self.advance(path)
        return self._world.get(path)

    def advance(self, path: str) -> None:
        """Count a read of a resource; it may end where it moves to."""
        operation = self._moving.get(path.lower())
        if operation is not None and operation.read():
            del self._moving[path.lower()]

    def error(self, path: str) -> str | None:
        """Why a resource is in the state `Failed`."""
        return self._errors.get(path.lower())

    def require_settled(self, path: str, what: str) -> None:
        """Refuse with 409 to touch a resource that is still being made, changed or deleted."""
        found = self._world.find(path)
        if found is None:
            return
        state = found["properties"]["provisioningState"]
        if state in MOVING:
            message = f"{what} is {state}: another operation on it is in progress. Try again when it has ended."
            raise Refusal(409, "Conflict", message)

    def put(self, path: str, name: str, body: dict[str, Any], state: State | None = None) -> Answer:
        """Begin to make or change a resource.

        Args:
            path: Its own.
            name: As plans name it: `ENDPOINT` or `ENDPOINT/DEPLOYMENT`.
            body: It, with all that the service fills in.
            state: Its real state and error, where something really makes it; its plan has no say then.
        """
        former = self._world.find(path)
        is_new, routed = former is None, _routed(former)
        body["properties"]["provisioningState"] = "Creating" if is_new else "Updating"
        kept = self._world.put(path, body)
        plan = next((plan for plan in reversed(self.plans) if plan.fits(name)), ProvisioningPlan(name))
        self._errors.pop(path.lower(), None)

        def planned() -> tuple[str, str | None]:
            return plan.end, plan.error

        def settle() -> str | None:
            end, error = (state or planned)()
            kept["properties"]["provisioningState"] = end
            if end != "Failed":
                return None
            if plan.keeps_traffic:
                kept["properties"] |= routed
            self._errors[path.lower()] = error or "It failed without a word."
            return self._errors[path.lower()]

        if state is None:
            operation = Operation(settle, plan.reads, plan.hang)
        else:
            operation = Operation(settle, ready=lambda: state()[0] in ("Succeeded", "Failed"))
        urls = self._begin(path, operation)
        # the only place in which the service itself tells later which operation it was, and so why it failed
        kept["properties"].setdefault("properties", {})["AzureAsyncOperationUri"] = urls.status
        return Answer(201 if is_new else 200, kept, {"Azure-AsyncOperation": urls.status, **RETRY})

    def delete(self, path: str) -> Answer:
        """Begin to delete a resource; 204 when there is none."""
        resource = self._world.find(path)
        if resource is None:
            return Answer(204)
        resource["properties"]["provisioningState"] = "Deleting"

        def settle() -> str | None:
            self._world.remove(path)
            return None

        urls = self._begin(path, Operation(settle))
        return Answer(202, None, {"Location": urls.results, "Azure-AsyncOperation": urls.status, **RETRY})

    def _begin(self, path: str, operation: Operation) -> Urls:
        self._moving[path.lower()] = operation
        return self._operations.add(operation)


def _routed(resource: dict[str, Any] | None) -> dict[str, Any]:
    """What an endpoint's traffic is made of; nothing of what is no endpoint, or not there."""
    properties = resource["properties"] if resource is not None else {}
    return {key: dict(properties[key]) for key in ("traffic", "mirrorTraffic") if key in properties}
