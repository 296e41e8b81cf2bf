"""Where requests for a model go that shares its endpoint: the endpoint's traffic cannot tell models apart."""

from typing import Final, Literal

from shared.contracts.base import Contract, Instant

#: The header of a request by which Azure ML sends it to one deployment, whatever the traffic says.
HEADER: Final = "azureml-model-deployment"
#: Somebody has written something else where a route lies.
ROUTE_UNREADABLE: Final = "RouteUnreadable"
#: Why a deployment is not deleted: clients are sent to it, or nobody can tell.
ROUTED: Final = frozenset({"HasRoute", ROUTE_UNREADABLE})


class RouteTarget(Contract):
    """A deployment that answers for a model.

    Attributes:
        version: The model's version that is deployed.
    """

    endpoint: str
    deployment: str
    version: str


class ModelRoute(Contract):
    """What the route `serving/MODEL.json` in the data container tells clients, and later decisions.

    Attributes:
        endpoint: Where requests go; absent while nothing answers for the model, as deployment and version are.
        deployment: What the header of a request has to say.
        header: That header.
        at: When the release or retirement was ordered that decided this: later decisions win, late writes lose.
        attempt: The interlock's number of it.
        undone: Whether that release was undone, and the route brought back.
        before: Where requests went until that decision.
    """

    model: str
    endpoint: str | None
    deployment: str | None
    version: str | None
    header: Literal["azureml-model-deployment"] = HEADER
    at: Instant
    attempt: int
    undone: bool = False
    before: RouteTarget | None = None

    @property
    def target(self) -> RouteTarget | None:
        """Where requests go now."""
        if self.endpoint is None or self.deployment is None or self.version is None:
            return None
        return RouteTarget(endpoint=self.endpoint, deployment=self.deployment, version=self.version)


class RouteOrder(Contract):
    """What decides about a model's route.

    Attributes:
        at: When the release or retirement was ordered.
        attempt: The interlock's number of it.
    """

    model: str
    at: Instant
    attempt: int
    trace: str | None = None


class RouteModelInput(RouteOrder):
    """Input of `route_model`: from now on, requests for a model go to a deployment.

    Attributes:
        target: Where they go; absent when the model leaves its shared endpoint.
    """

    target: RouteTarget | None


class RestoreRouteInput(RouteOrder):
    """Input of `restore_route`: what a release has changed of a route is undone, and it can change no more."""


class WithdrawRouteInput(RouteOrder):
    """Input of `withdraw_route`: no request for a retired model goes anywhere."""


class Routed(Contract):
    """Where requests for a model go after a change of its route, and where they went before."""

    model: str
    target: RouteTarget | None
    previous: RouteTarget | None
