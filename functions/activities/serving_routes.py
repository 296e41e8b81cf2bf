"""Routes: which deployment of a shared endpoint answers for a model."""

from functions.boundary import activity
from functions.routes import read_route, write_route
from shared.blocking import run_blocking
from shared.contracts.routes import RestoreRouteInput, Routed, RouteModelInput
from shared.release.routes import restored, routed


@activity
async def route_model(order: RouteModelInput) -> Routed:
    """Send requests for a model to a deployment, and say where they went; a repeat finds it done and says the same.

    One that comes late, when something else was decided since, is refused.
    """
    current = await run_blocking(read_route, order.model)
    wanted = routed(current, order)
    if wanted != current:
        await run_blocking(write_route, wanted)
    return Routed(model=order.model, target=wanted.target, previous=wanted.before)


@activity
async def restore_route(order: RestoreRouteInput) -> Routed:
    """Bring back where requests went before a release, whether or not its write was done; a later decision stays."""
    current = await run_blocking(read_route, order.model)
    previous = current.target if current else None
    wanted = restored(current, order)
    if wanted is None:
        return Routed(model=order.model, target=previous, previous=previous)
    if wanted != current:
        await run_blocking(write_route, wanted)
    return Routed(model=order.model, target=wanted.target, previous=previous)
