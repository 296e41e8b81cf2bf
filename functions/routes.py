"""Where the routes of models that share an endpoint lie. All calls block, so activities use `run_blocking`."""

from collections.abc import Callable

from pydantic import ValidationError

from functions import adapters
from shared.contracts.routes import ROUTE_UNREADABLE, ModelRoute
from shared.errors import PermanentError
from shared.names import route_path


def read_route(model: str) -> ModelRoute | None:
    """A model's route; `None` when it never had one.

    Raises:
        PermanentError: `RouteUnreadable`: somebody has written something else there. Nobody can tell where requests go
            then, so nothing may be decided as if they went nowhere.
    """
    path = route_path(model)
    try:
        return ModelRoute.model_validate_json(adapters.data().read(path))
    except ValidationError as error:
        told = f"{path} in the data container is no route, so nobody can tell where requests for {model} go."
        remedy = "Put an earlier version of the blob back, or delete it, and ask again."
        raise PermanentError(ROUTE_UNREADABLE, f"{told} {remedy}") from error
    except PermanentError as error:
        if error.code == "BlobNotFound":
            return None
        raise


def change_route[W: ModelRoute | None](
    model: str, decide: Callable[[ModelRoute | None], W], *, mend: bool = False
) -> tuple[ModelRoute | None, W]:
    """Read a model's route, decide, and replace it as a whole: a client reads the former one or the new one.

    In one call, so that nothing waits for a free thread between reading and writing.

    Args:
        model: Whose route.
        decide: Makes the route out of the present one; what is the same, or `None`, is not written.
        mend: Whether one that cannot be read is replaced as if there were none.

    Returns:
        The route before, and what was decided.

    Raises:
        PermanentError: `RouteUnreadable`, or what `decide` raises.
    """
    try:
        current = read_route(model)
    except PermanentError as error:
        if not (mend and error.code == ROUTE_UNREADABLE):
            raise
        current = None
    wanted = decide(current)
    if wanted is not None and wanted != current:
        text = wanted.model_dump_json().encode()
        adapters.data().write(route_path(model), text, content_type="application/json")
    return current, wanted


def delete_unrouted(endpoint: str, deployment: str) -> None:
    """Remove a deployment to which no route leads; one that is gone is fine.

    The platform sees to traffic alone: of routes it does not know.

    Raises:
        PermanentError: `HasRoute`: its model's route leads there. `RouteUnreadable`: it may do so.
    """
    platform = adapters.platform()
    state = platform.read_deployment(endpoint, deployment)
    route = read_route(state.model) if state is not None and state.model else None
    if route is not None and (route.endpoint, route.deployment) == (endpoint, deployment):
        path = route_path(route.model)
        told = f"Clients are sent to the deployment {deployment} of {endpoint} by {path}, so it stays."
        remedy = f"Release or retire the model; if it shares no endpoint any more, delete {path}."
        raise PermanentError("HasRoute", f"{told} {remedy}")
    platform.delete_deployment(endpoint, deployment)
