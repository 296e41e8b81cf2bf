"""Where the routes of models that share an endpoint lie. All calls block, so activities use `run_blocking`."""

from collections.abc import Callable
from typing import Final

from pydantic import ValidationError

from functions import adapters
from shared.contracts.routes import ROUTE_UNREADABLE, ModelRoute
from shared.errors import PermanentError, TransientError
from shared.names import route_path

_JSON: Final = "application/json"
#: Two releases of a model are rare, and a third writer would be a person: more than one repeat is more than enough.
_ATTEMPTS: Final = 5


def read_route(model: str) -> ModelRoute | None:
    """A model's route; `None` when it never had one.

    Raises:
        PermanentError: `RouteUnreadable`: somebody has written something else there. Nobody can tell where requests go
            then, so nothing may be decided as if they went nowhere.
    """
    content, _ = _lying(route_path(model))
    return None if content is None else _parsed(model, content)


def change_route[W: ModelRoute | None](
    model: str, decide: Callable[[ModelRoute | None], W], *, mend: bool = False
) -> tuple[ModelRoute | None, W]:
    """Read a model's route, decide, and replace it as a whole: a client reads the former one or the new one.

    What is written is written over what was read, and nothing else: where somebody was faster, it is read and decided
    again. One whose write was done though its answer was lost finds its own route then, and decides to leave it.

    Args:
        model: Whose route.
        decide: Makes the route out of the present one; what is the same, or `None`, is not written.
        mend: Whether one that cannot be read is replaced as if there were none.

    Returns:
        The route before, and what was decided.

    Raises:
        PermanentError: `RouteUnreadable`, or what `decide` raises.
        TransientError: Others wrote it each time.
    """
    path = route_path(model)
    for _ in range(_ATTEMPTS):
        content, etag = _lying(path)
        current = None if content is None else _parsed(model, content, mend=mend)
        wanted = decide(current)
        if wanted is None or wanted == current or _write(path, wanted, etag):
            return current, wanted
    raise TransientError(f"{path} was written by others in each of {_ATTEMPTS} attempts")


def delete_unrouted(endpoint: str, deployment: str, model: str | None = None) -> None:
    """Remove a deployment to which no route leads; one that is gone is fine.

    The platform sees to traffic alone: of routes it does not know.

    Args:
        endpoint: Where it is.
        deployment: Its name.
        model: For which it serves, where that is another one than the one that is deployed.

    Raises:
        PermanentError: `HasRoute`: its model's route leads there. `RouteUnreadable`: it may do so.
    """
    platform = adapters.platform()
    state = platform.read_deployment(endpoint, deployment)
    known = {state.model, model} - {None, ""} if state is not None else set()
    routes = [route for one in sorted(filter(None, known)) if (route := read_route(one)) is not None]
    for route in routes:
        if (route.endpoint, route.deployment) != (endpoint, deployment):
            continue
        path = route_path(route.model)
        told = f"Clients are sent to the deployment {deployment} of {endpoint} by {path}, so it stays."
        remedy = f"Release or retire the model; if it shares no endpoint any more, delete {path}."
        raise PermanentError("HasRoute", f"{told} {remedy}")
    platform.delete_deployment(endpoint, deployment)


def _lying(path: str) -> tuple[bytes, str] | tuple[None, None]:
    """What lies where the route is, and the ETag that allows to write over it; nothing when there is none."""
    try:
        return adapters.data().read_tagged(path)
    except PermanentError as error:
        if error.code != "BlobNotFound":
            raise
        return None, None


def _parsed(model: str, content: bytes, *, mend: bool = False) -> ModelRoute | None:
    """What was read as a route; `None` for what is none, if that may be mended."""
    try:
        return ModelRoute.model_validate_json(content)
    except ValidationError as error:
        if mend:
            return None
        told = (
            f"{route_path(model)} in the data container is no route, so nobody can tell where requests for {model} go."
        )
        remedy = "Put an earlier version of the blob back, or delete it, and ask again."
        raise PermanentError(ROUTE_UNREADABLE, f"{told} {remedy}") from error


def _write(path: str, route: ModelRoute, etag: str | None) -> bool:
    """Write a route over the one with this ETag, or where there is none; `False` when that is not so any more."""
    data, text = adapters.data(), route.model_dump_json().encode()
    if etag is None:
        return data.write_once(path, text, content_type=_JSON)
    return data.replace(path, text, etag, content_type=_JSON)
