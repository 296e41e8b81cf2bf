"""Into production behind an endpoint."""

from functions.boundary import Steps, call
from functions.orchestrators.releasing.release import Release
from functions.orchestrators.releasing.shadow import run_in_shadow
from functions.orchestrators.releasing.shifting import route, shift_in_stages
from functions.orchestrators.releasing.steps import deploy, require_golden
from functions.orchestrators.releasing.watching import analyse, settle
from functions.orchestrators.steps import attempt
from shared import names
from shared.contracts.deployments import DeploymentKey, DeploymentState
from shared.contracts.golden import GoldenResult, TestDeploymentInput
from shared.release.strategies import Plan, plan_online


def test_online(release: Release) -> Steps[GoldenResult]:
    """A QA deployment at 0 % of the traffic, and the golden set asked from it."""
    order, endpoint = release.order, endpoint_of(release)
    qa, _ = _deployments(release)
    release.progress.qa = DeploymentKey(endpoint=endpoint, deployment=qa, trace=order.trace)
    yield from deploy(release, endpoint, qa, "QaDeployed")
    test = TestDeploymentInput(
        fleet=order.policy.fleet,
        golden=order.policy.golden,
        endpoint=endpoint,
        deployment=qa,
        limits=order.policy.release.analysis,
        trace=order.trace,
    )
    golden = yield from call(release.context, names.TEST_DEPLOYMENT, test, GoldenResult)
    yield from require_golden(release, golden)
    # It has answered what it was there for; what waits for a person or in the shadow need not pay for it.
    if (
        yield from attempt(call(release.context, names.DELETE_DEPLOYMENT, release.progress.qa, DeploymentState))
    ) is None:
        release.progress.qa = None
        yield from attempt(release.note("QaTornDown", f"Torn down: {qa}.", {"endpoint": endpoint}))
    return golden


def shadow_online(release: Release) -> Steps[str]:
    """The production deployment beside the champion with its answers unused, where the policy says so; how it did.

    Raises:
        ReleaseRefusedError: A limit does not hold.
        ReleaseWithdrawnError: A newer version takes its place meanwhile.
    """
    plan, before = _plan(release), release.champion
    if plan.shadow is None:
        return ""
    assert before is not None  # there is no shadow without one
    assert before.deployment is not None
    production = yield from _deploy(release)
    return (yield from run_in_shadow(release, production, before.deployment, plan.shadow))


def serve_online(release: Release) -> Steps[None]:
    """The production deployment, and the traffic to it as the strategy says.

    Where the endpoint is shared, the route to it: shares of its traffic cannot tell models apart.

    Raises:
        ReleaseRefusedError: It failed an analysis on the way.
        ApprovalRefusedError: Nobody could tell how it does, and a person has not said that it may go on.
    """
    plan = _plan(release)
    production = yield from _deploy(release)
    if plan.told:
        yield from attempt(release.note("StrategyReplaced", plan.told))
    if plan.strategy == "blue_green":
        where = "beside the champion" if release.champion else "before any traffic"
        yield from settle(release, (yield from analyse(release, where)), where)
    yield from release.shift()
    if release.order.policy.serve.shared:
        yield from route(release, production)
    else:
        yield from shift_in_stages(release, production, plan.stages)


def endpoint_of(release: Release) -> str:
    """Where an online model answers."""
    endpoint = release.order.policy.serve.endpoint
    assert endpoint is not None  # the fleet's schema requires it for online models
    return endpoint


def _plan(release: Release) -> Plan:
    policy = release.order.policy
    shared, champion = policy.serve.shared, release.champion
    return plan_online(policy.release, endpoint=endpoint_of(release), shared=shared, champion=champion)


def _deploy(release: Release) -> Steps[DeploymentKey]:
    """The production deployment, made once: what was in the shadow is there already."""
    if release.progress.production is not None:
        return release.progress.production
    endpoint, (_, name) = endpoint_of(release), _deployments(release)
    production = DeploymentKey(endpoint=endpoint, deployment=name, trace=release.order.trace)
    release.progress.production = production
    yield from deploy(release, endpoint, name, "ProductionDeployed")
    return production


def _deployments(release: Release) -> tuple[str, str]:
    order = release.order
    return names.release_deployments(order.version, order.attempt, order.model if order.policy.serve.shared else None)
