"""Routing an online endpoint's traffic: both of its maps in one change, and only what has changed."""

from collections.abc import Collection, Mapping
from typing import Final

from shared.contracts.deployments import DEPLOYMENT_TAKEN
from shared.errors import PermanentError
from shared.platforms.azureml.connection import Connection
from shared.platforms.azureml.deployments import OnlineDeployments, is_ours
from shared.platforms.azureml.endpoint_definitions import require_ours
from shared.platforms.azureml.endpoint_resources import EndpointResources
from shared.platforms.azureml.endpoint_states import changing, require_ready
from shared.platforms.azureml.provisioning import BUSY, state_of
from shared.platforms.azureml.traffic import kept_mirror, require_traffic

#: Properties that the service or the SDK adds to what is read, and that are not ours to write back.
_ADDED: Final = frozenset(
    {"createdby", "createdat", "lastmodifiedat", "azureasyncoperationuri", "azureml.onlineendpointid"}
)


class TrafficRouting:
    """The traffic of a workspace's endpoints. Instances are thread-safe."""

    def __init__(self, connection: Connection, endpoints: EndpointResources, deployments: OnlineDeployments) -> None:
        self._connection = connection
        self._endpoints = endpoints
        self._deployments = deployments

    def change(self, endpoint: str, traffic: Mapping[str, int], mirror: Mapping[str, int] | None) -> bool:
        """Begin to route traffic and mirror as given; `False` where they are so already. See `Endpoints.set_traffic`.

        Raises:
            PermanentError: `InvalidTraffic`; `NotFound`; `EndpointFailed`; `EndpointTaken`; `UserError`.
            TransientError: The endpoint is being changed; ask again.
        """
        entity = self._endpoints.find_entity(endpoint)
        if entity is None:
            raise PermanentError("NotFound", f"there is no endpoint {endpoint}: deploy to it first")
        require_ours(endpoint, entity.tags, entity.properties)
        state = state_of(entity)
        if state in BUSY:
            raise changing(endpoint, state)
        before = shares_of(entity.mirror_traffic)
        copied = kept_mirror(before, traffic) if mirror is None else dict(mirror)
        # the SDK adds the deployments without traffic at 0
        require_traffic(traffic, copied, {*entity.traffic, *before}, endpoint)
        if _routed(copied) and getattr(entity, "compute", None):
            raise PermanentError("InvalidTraffic", f"{endpoint} is on Kubernetes, where Azure ML mirrors no traffic")
        changed = _changed(entity.traffic, traffic) | _changed(before, copied)
        if not changed:
            require_ready(self._connection, endpoint, state, entity.properties)
            return False
        self._require_routable(endpoint, changed)
        entity.properties = {key: value for key, value in entity.properties.items() if key.lower() not in _ADDED}
        entity.traffic, entity.mirror_traffic = _routed(traffic), _routed(copied)
        self._endpoints.put(entity, f"route the traffic of {endpoint}")
        return True

    def _require_routable(self, endpoint: str, changed: Collection[str]) -> None:
        """Refuse to give traffic to what somebody else has deployed, or to take it away."""
        for one in self._deployments.all(endpoint):
            if one.name in changed and not is_ours(one):
                told = (
                    f"{one.name!r} of {endpoint} was not made by Signalbox, so its share of the traffic stays as it is"
                )
                raise PermanentError(DEPLOYMENT_TAKEN, f"{told}: take its traffic away by hand, or delete it")


def shares_of(shares: Mapping[str, int] | None) -> dict[str, int]:
    """Percent by deployment, as plain numbers."""
    return {name: int(share) for name, share in (shares or {}).items()}


def _changed(before: Mapping[str, int], after: Mapping[str, int]) -> set[str]:
    """Whose share is another one."""
    return {name for name in {*before, *after} if before.get(name, 0) != after.get(name, 0)}


def _routed(shares: Mapping[str, int]) -> dict[str, int]:
    """Without those that get nothing: to Azure ML they are the same as absent ones."""
    return {name: share for name, share in shares.items() if share}
