"""Endpoints: deployments and traffic."""

from pathlib import Path

from functions import adapters
from functions.boundary import activity
from functions.routes import delete_unrouted
from shared.blocking import run_blocking
from shared.contracts.deployments import DeploymentKey, DeploymentSpec, DeploymentState, ShiftTrafficInput, Traffic
from shared.errors import PermanentError
from shared.release.sharing import require_room


@activity
async def create_deployment(order: DeploymentSpec) -> DeploymentState:
    """Start to deploy a version at 0 % of the traffic, if there is room; the same deployment is adopted."""
    return await run_blocking(_create, order)


@activity
async def scale_deployment(order: DeploymentSpec) -> DeploymentState:
    """Let a provisioned deployment scale as its definition says; asked again, nothing changes."""
    platform = adapters.platform()
    await run_blocking(platform.scale_deployment, order.endpoint, order.deployment, _definition(order))
    return await _read(order.endpoint, order.deployment)


@activity
async def read_deployment(order: DeploymentKey) -> DeploymentState:
    """Where a deployment stands."""
    return await _read(order.endpoint, order.deployment)


@activity
async def shift_traffic(order: ShiftTrafficInput) -> Traffic:
    """Begin to route the traffic, and say how it was before; a repeat finds it done, failed, or has to begin anew."""
    previous = await run_blocking(adapters.platform().read_traffic, order.endpoint)
    begun = await run_blocking(adapters.platform().set_traffic, order.endpoint, order.traffic, order.mirror)
    return Traffic(endpoint=order.endpoint, traffic=order.traffic, previous=previous, begun=begun)


@activity
async def delete_deployment(order: DeploymentKey) -> DeploymentState:
    """Remove a deployment that has neither traffic nor a route; one that is gone is fine."""
    await run_blocking(delete_unrouted, order.endpoint, order.deployment, order.model)
    return DeploymentState(endpoint=order.endpoint, deployment=order.deployment, status="Deleted")


def _create(order: DeploymentSpec) -> DeploymentState:
    platform, file = adapters.platform(), _definition(order)
    require_room(order.endpoint, order.deployment, order.model, platform.list_deployments(order.endpoint))
    return platform.create_deployment(
        order.endpoint, order.deployment, order.model, order.version, file, scales=order.scales
    )


def _definition(order: DeploymentSpec) -> Path | None:
    return adapters.fleet_file(order.fleet, order.definition) if order.definition else None


async def _read(endpoint: str, deployment: str) -> DeploymentState:
    state = await run_blocking(adapters.platform().read_deployment, endpoint, deployment)
    if state is None:
        code = "DeploymentVanished"
        raise PermanentError(code, f"The endpoint {endpoint} has no deployment {deployment} any more.")
    return state
