"""Routes: which deployment of a shared endpoint answers for a model."""

from functions.boundary import activity
from functions.routes import change_route
from shared.blocking import run_blocking
from shared.contracts.routes import RestoreRouteInput, Routed, RouteModelInput
from shared.release.routes import restored, routed


@activity
async def route_model(order: RouteModelInput) -> Routed:
    """Send requests for a model to a deployment, and say where they went; a repeat finds it done and says the same.

    One that comes late, when something else was decided since, is refused.
    """
    return await run_blocking(_route_model, order)


@activity
async def restore_route(order: RestoreRouteInput) -> Routed:
    """Bring back where requests went before a release, whether or not its write was done; a later decision stays."""
    return await run_blocking(_restore_route, order)


def _route_model(order: RouteModelInput) -> Routed:
    _, wanted = change_route(order.model, lambda found: routed(found, order))
    return Routed(model=order.model, target=wanted.target, previous=wanted.before)


def _restore_route(order: RestoreRouteInput) -> Routed:
    current, wanted = change_route(order.model, lambda found: restored(found, order))
    previous = current.target if current else None
    return Routed(model=order.model, target=wanted.target if wanted else previous, previous=previous)
