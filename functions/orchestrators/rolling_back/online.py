"""Back behind the endpoint that clients ask."""

from functions.boundary import PermanentFailure, Steps, call
from functions.orchestrators.rolling_back.rollback import Rollback, move_alias, require_files, tried
from functions.orchestrators.steps import STEP_FAILED
from functions.orchestrators.waiting import deploy_and_wait, shift_and_wait
from shared import names
from shared.contracts.deployments import DeploymentKey, DeploymentSpec, DeploymentState, ShiftTrafficInput
from shared.contracts.release import Serving
from shared.contracts.routes import Routed, RouteModelInput, RouteTarget


def go_back_online(rollback: Rollback) -> Steps[None]:
    """Its deployment, clients sent there, alias and stage.

    The endpoint is the one that clients ask now. All of its traffic moves by one write, as the route does: nobody is
    ever sent nowhere. Where that fails, both deployments stay, for nobody can tell which of them is asked.
    """
    if (yield from rollback.take("serving", _serve(rollback))):
        yield from move_alias(rollback)
    elif rollback.made is not None and not rollback.begun:
        yield from tried(call(rollback.context, names.DELETE_DEPLOYMENT, rollback.made, DeploymentState))


def tear_down_left(rollback: Rollback) -> Steps[None]:
    """Remove the deployment of the version that was left, when clients are certainly not sent there any more."""
    left, serving = rollback.order.leaves.serving, rollback.serving
    if serving is None or left is None or left.endpoint is None or left.deployment is None:
        return
    if (left.endpoint, left.deployment) == (serving.endpoint, serving.deployment):
        return
    key = DeploymentKey(endpoint=left.endpoint, deployment=left.deployment, trace=rollback.order.trace)
    problem = yield from tried(call(rollback.context, names.DELETE_DEPLOYMENT, key, DeploymentState))
    effect, told = "ReplacedTornDown", f"Torn down: {left.deployment}."
    if problem is not None:
        effect, told = "TearDownFailed", f"{left.deployment}: {problem}"
    yield from rollback.note(effect, told, {"endpoint": left.endpoint})


def _serve(rollback: Rollback) -> Steps[None]:
    """Send clients to a deployment of what is wanted.

    Raises:
        PermanentFailure: It cannot be deployed, or clients cannot be sent there.
    """
    left = rollback.order.leaves.serving
    endpoint = (left.endpoint if left else None) or rollback.order.policy.serve.endpoint
    if endpoint is None:
        raise PermanentFailure("NoEndpoint", f"{rollback.order.model} has no endpoint that clients could ask.")
    routed = left.route is not None if left else rollback.order.policy.serve.shared
    deployment = yield from _deployment(rollback, endpoint, shared=routed)
    rollback.begun = True
    yield from (_route if routed else _shift)(rollback, endpoint, deployment)


def _deployment(rollback: Rollback, endpoint: str, *, shared: bool) -> Steps[str]:
    """The recorded deployment, if it is still there; otherwise a new one, of files that are still the registered."""
    recorded = rollback.wanted.serving
    there = recorded.deployment if recorded is not None and recorded.endpoint == endpoint else None
    if there is not None and (yield from _stands(rollback, endpoint, there)):
        return there
    remark = yield from require_files(rollback)
    order, wanted = rollback.order, rollback.wanted
    _, deployment = names.release_deployments(wanted.version, order.attempt, order.model if shared else None)
    rollback.context.set_custom_status({"step": "deploying", "deployment": deployment})
    rollback.made = DeploymentKey(endpoint=endpoint, deployment=deployment, trace=order.trace)
    spec = DeploymentSpec(
        endpoint=endpoint,
        deployment=deployment,
        model=wanted.model,
        version=wanted.version,
        fleet=order.policy.fleet,
        definition=order.policy.serve.deployment,
        trace=order.trace,
    )
    state = yield from deploy_and_wait(rollback.context, spec, scaled=True)
    if state.status != "Succeeded":
        told = f"The deployment {deployment} of {endpoint} failed: {state.error or 'no message'}"
        raise PermanentFailure("DeploymentFailed", told)
    told = f"Deployed as {deployment}: {rollback.told_of}.{remark}"
    yield from rollback.note("ProductionDeployed", told, {"endpoint": endpoint, "deployment": deployment})
    return deployment


def _stands(rollback: Rollback, endpoint: str, deployment: str) -> Steps[bool]:
    """Whether a deployment still answers, with what is wanted; one that nobody can read is made anew."""
    key, wanted = DeploymentKey(endpoint=endpoint, deployment=deployment, trace=rollback.order.trace), rollback.wanted
    try:
        state = yield from call(rollback.context, names.READ_DEPLOYMENT, key, DeploymentState)
    except STEP_FAILED:
        return False
    same = state.version in (None, wanted.version) and state.model in (None, wanted.model)
    return same and state.status == "Succeeded"


def _shift(rollback: Rollback, endpoint: str, deployment: str) -> Steps[None]:
    rollback.context.set_custom_status({"step": "shifting", "deployment": deployment})
    order = ShiftTrafficInput(endpoint=endpoint, traffic={deployment: 100}, trace=rollback.order.trace)
    traffic = yield from shift_and_wait(rollback.context, order)
    rollback.serving = Serving(mode="online", endpoint=endpoint, deployment=deployment)
    yield from rollback.note("TrafficShifted", f"All traffic of {endpoint} goes to {deployment}.", traffic.to_wire())


def _route(rollback: Rollback, endpoint: str, deployment: str) -> Steps[None]:
    order, wanted = rollback.order, rollback.wanted
    rollback.context.set_custom_status({"step": "routing", "deployment": deployment})
    target = RouteTarget(endpoint=endpoint, deployment=deployment, version=wanted.version)
    route = RouteModelInput(model=order.model, at=order.at, attempt=order.attempt, target=target, trace=order.trace)
    done = yield from call(rollback.context, names.ROUTE_MODEL, route, Routed)
    path = names.route_path(order.model)
    rollback.serving = Serving(mode="online", endpoint=endpoint, deployment=deployment, route=path)
    told = f"Requests for {order.model} go to {deployment} of {endpoint}."
    yield from rollback.note("RouteSet", told, done.to_wire())
