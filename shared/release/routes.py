"""Which of two decisions on a model's route holds, and what it leaves behind for the one that undoes it.

Decisions are ordered by the time at which the interlock ordered them. A write that comes late, or again, finds what was
decided since in the route itself: therefore a route is never deleted, and an undone one tells so.
"""

from datetime import datetime

from shared.contracts.routes import ModelRoute, RestoreRouteInput, RouteModelInput, RouteTarget, WithdrawRouteInput
from shared.errors import PermanentError


def routed(current: ModelRoute | None, order: RouteModelInput) -> ModelRoute:
    """The route after a release; the present one when that is its own.

    Raises:
        PermanentError: `RouteSuperseded`: a later decision holds, or the release was undone.
    """
    key = (order.at, order.attempt)
    if current is None:
        return _route(order.model, order.target, key, None)
    if _key(current) == key and not current.undone and current.target == order.target:
        return current
    if _key(current) >= key:
        raise _superseded(current, f"release {order.attempt}", order.at)
    return _route(order.model, order.target, key, current.target)


def restored(current: ModelRoute | None, order: RestoreRouteInput) -> ModelRoute | None:
    """The route without what a release has changed; `None` when a later decision holds, which nothing may touch.

    Also where the release has changed nothing yet: its write may be under way, and finds itself undone.
    """
    key = (order.at, order.attempt)
    if current is not None and _key(current) > key:
        return None
    own = current is not None and _key(current) == key and not current.undone
    target = None if current is None else (current.before if own else current.target)
    return _route(order.model, target, key, None, undone=True)


def withdrawn(current: ModelRoute | None, order: WithdrawRouteInput) -> ModelRoute:
    """The route of a model that is retired; where requests went stays in it.

    Also where there was none: the first write of a release may be under way, and finds itself too late.

    Raises:
        PermanentError: `RouteSuperseded`: the model was released since.
    """
    if current is None:
        return _route(order.model, None, (order.at, order.attempt), None)
    if current.target is None:  # once more, or nothing to take away: only what is ordered earlier must find it decided
        return current.model_copy(update={"at": max(current.at, order.at)})
    if current.at > order.at:  # the numbers of releases and retirements do not compare
        raise _superseded(current, f"retirement {order.attempt}", order.at)
    return _route(order.model, None, (order.at, order.attempt), current.target)


def _key(route: ModelRoute) -> tuple[datetime, int]:
    return route.at, route.attempt


def _route(
    model: str,
    target: RouteTarget | None,
    key: tuple[datetime, int],
    before: RouteTarget | None,
    *,
    undone: bool = False,
) -> ModelRoute:
    return ModelRoute(
        model=model,
        endpoint=target.endpoint if target else None,
        deployment=target.deployment if target else None,
        version=target.version if target else None,
        at=key[0],
        attempt=key[1],
        undone=undone,
        before=before,
    )


def _superseded(current: ModelRoute, what: str, at: datetime) -> PermanentError:
    goes = f"to {current.deployment} of {current.endpoint}" if current.deployment else "nowhere"
    since = f"an order of {current.at.isoformat()}{', which was undone,' if current.undone else ''}"
    told = f"The route of {current.model} goes {goes} by {since} and {what} was ordered at {at.isoformat()}"
    return PermanentError("RouteSuperseded", f"{told}, so it stays. Release the model again to change it.")
