"""Steps that several ways into production share."""

from functions.boundary import Steps, call
from functions.orchestrators.releasing.release import Release, ReleaseRefusedError
from functions.orchestrators.waiting import deploy_and_wait
from shared import names
from shared.contracts.deployments import DeploymentSpec
from shared.contracts.golden import GoldenResult
from shared.contracts.registry import PromoteVersionInput, Promotion


def require_golden(release: Release, golden: GoldenResult) -> Steps[None]:
    """Write down how the version did on the golden set.

    Raises:
        ReleaseRefusedError: It failed.
    """
    yield from release.note("GoldenSetTested", golden.reason, golden.to_wire())
    if not golden.passed:
        msg = f"Version {release.order.version} failed its golden set: {golden.reason}."
        raise ReleaseRefusedError(msg)


def deploy(release: Release, endpoint: str, deployment: str, effect: str) -> Steps[None]:
    """Bring the version behind an endpoint, without traffic.

    Raises:
        ReleaseRefusedError: The platform has tried, and it failed.
    """
    order = release.order
    release.context.set_custom_status({"step": effect, "deployment": deployment})
    spec = DeploymentSpec(
        endpoint=endpoint,
        deployment=deployment,
        model=order.model,
        version=order.version,
        fleet=order.policy.fleet,
        definition=order.policy.serve.deployment,
        trace=order.trace,
    )
    # One for testing is gone before it could scale.
    state = yield from deploy_and_wait(release.context, spec, scaled=effect == "ProductionDeployed")
    if state.status != "Succeeded":
        msg = f"The deployment {deployment} of {endpoint} failed: {state.error or 'no message'}"
        raise ReleaseRefusedError(msg)
    reason = f"Version {order.version} is deployed as {deployment}."
    yield from release.note(effect, reason, {"endpoint": endpoint, "deployment": deployment})


def promote(release: Release) -> Steps[None]:
    """Move alias and stage to the version, which serves already."""
    order, progress = release.order, release.progress
    release.context.set_custom_status({"step": "promoting", "version": order.version})
    promote = PromoteVersionInput(
        model=order.model,
        version=order.version,
        archive=order.policy.release.archive_previous,
        trace=order.trace,
    )
    progress.promoting = True
    promotion = yield from call(release.context, names.PROMOTE_VERSION, promote, Promotion)
    progress.promotion = promotion
    before = f"version {promotion.previous} before" if promotion.previous else "none before"
    yield from release.note("VersionPromoted", f"Version {order.version} is champion, {before}.", promotion.to_wire())
