"""Calls about endpoints that tests repeat, as the app's activities do."""

from collections.abc import Callable

from shared.errors import TransientError
from shared.platforms.azureml.endpoints import AzureMlEndpoints


def later[T](call: Callable[[], T]) -> T:
    """Ask again while the answer is that it is too early, as the activity's retry rule does."""
    for _ in range(9):
        try:
            return call()
        except TransientError:
            continue
    return call()


def deployed(endpoints: AzureMlEndpoints, name: str, *deployments: str, version: str = "1") -> None:
    """Deploy a version under each of these names, and wait until it is neither made nor changed any more."""
    for deployment in deployments:
        later(lambda one=deployment: endpoints.create_deployment(name, one, "departures", version))  # type: ignore[misc]
        while (state := endpoints.read_deployment(name, deployment)) and state.status == "Creating":
            continue
