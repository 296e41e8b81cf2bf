"""Which deployments an endpoint's requests may go to: Azure ML's rules for shares and for the mirror."""

from dataclasses import dataclass
from typing import Any

from local.services.scoring.definitions import Deployment, Endpoint, State
from local.services.web import ServiceError

MIRROR_LIMIT = 50
"""Percent of the requests that can be mirrored at most."""


@dataclass(frozen=True)
class Routes:
    """An endpoint's traffic and mirror, in percent by deployment."""

    traffic: dict[str, int]
    mirror: dict[str, int]


def routes_of(body: dict[str, Any], endpoint: Endpoint) -> Routes:
    """What a request asks for: ``{"traffic": {...}, "mirror": {...}}``.

    Without ``mirror`` what is mirrored stays, except to a deployment that gets traffic itself.

    Raises:
        ServiceError: 400.
    """
    if unknown := sorted(body.keys() - {"traffic", "mirror"}):
        raise _invalid(f"{unknown[0]!r} is neither traffic nor mirror")
    traffic, mirror = _shares(body.get("traffic")), body.get("mirror")
    if mirror is None:
        return Routes(traffic, {name: share for name, share in endpoint.mirror.items() if not traffic.get(name)})
    return Routes(traffic, _shares(mirror))


def check(routes: Routes, endpoint: str, deployments: list[Deployment]) -> None:
    """The routes can be set.

    Raises:
        ServiceError: 400 when shares do not sum up, or a deployment cannot take them.
    """
    if sum(routes.traffic.values()) not in {0, 100}:
        raise _invalid(f"the shares {routes.traffic} must sum to 0 or 100")
    mirrored = [name for name, share in routes.mirror.items() if share]
    if len(mirrored) > 1:
        raise _invalid(f"the mirror {routes.mirror} has several deployments: one can be mirrored to")
    if any(share > MIRROR_LIMIT for share in routes.mirror.values()):
        raise _invalid(f"the mirror {routes.mirror} is more than {MIRROR_LIMIT} %")
    if both := [name for name in mirrored if routes.traffic.get(name)]:
        raise _invalid(f"deployment {both[0]!r} would have traffic and be mirrored to: it can be one of both")
    states = {one.name: one.state for one in deployments}
    for name, share in [*routes.traffic.items(), *routes.mirror.items()]:
        if name not in states:
            raise _invalid(f"endpoint {endpoint!r} has no deployment {name!r}")
        if share and states[name] != State.SUCCEEDED:
            raise _invalid(f"deployment {name!r} is {states[name]}, not Succeeded")


def _shares(given: Any) -> dict[str, int]:
    if not isinstance(given, dict):
        raise _invalid("traffic and mirror must be objects with a share for each deployment")
    return {name: _share(name, value) for name, value in given.items()}


def _share(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 100:
        raise _invalid(f"the share of {name!r} must be a whole number from 0 to 100")
    return value


def _invalid(message: str) -> ServiceError:
    return ServiceError(400, "InvalidTraffic", message)
