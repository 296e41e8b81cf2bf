"""What clients are sent to: an endpoint's traffic, all at once or share by share, or the route to a shared endpoint."""

from functions.boundary import Steps, call
from functions.orchestrators.releasing.release import Release
from functions.orchestrators.releasing.watching import watch
from functions.orchestrators.steps import attempt
from functions.orchestrators.waiting import shift_and_wait
from shared import names
from shared.contracts.deployments import DeploymentKey, ShiftTrafficInput
from shared.contracts.release import Serving
from shared.contracts.routes import Routed, RouteModelInput, RouteTarget
from shared.release.strategies import Stage


def shift_in_stages(release: Release, production: DeploymentKey, stages: tuple[Stage, ...]) -> Steps[None]:
    """Give the version more and more of the traffic; each share is watched before the next.

    Raises:
        ReleaseRefusedError: The version failed its analysis with one of them.
        ApprovalRefusedError: Nobody could tell, and a person has not said that it may go on.
    """
    for stage in stages:
        if len(stages) > 1:
            release.tell("shifting", f"{stage.percent} % of the requests go to version {release.order.version}.")
        yield from _shift(release, production, stage.percent)
        if stage.bake_minutes or stage.percent < 100:
            yield from watch(release, stage.bake_minutes, f"{stage.percent} %")


def _shift(release: Release, production: DeploymentKey, percent: int) -> Steps[None]:
    progress, before = release.progress, release.champion
    shares = {production.deployment: percent}
    if percent < 100:
        assert before is not None  # shares are for what is divided with it
        assert before.deployment is not None
        shares[before.deployment] = 100 - percent
    progress.shifting = ShiftTrafficInput(endpoint=production.endpoint, traffic=shares, trace=release.order.trace)
    traffic = yield from shift_and_wait(release.context, progress.shifting)
    whole = percent == 100
    if whole:
        progress.serving = Serving(mode="online", endpoint=production.endpoint, deployment=production.deployment)
    share = "All" if whole else f"{percent} %"
    told = f"{share} of the traffic of {production.endpoint} goes to {production.deployment}."
    part = "" if whole else f"-{percent}"
    yield from attempt(release.note("TrafficShifted", told, {"percent": percent, **traffic.to_wire()}, part=part))


def route(release: Release, production: DeploymentKey) -> Steps[None]:
    """Send clients, who ask for the model by name, to its new deployment."""
    order, progress = release.order, release.progress
    target = RouteTarget(endpoint=production.endpoint, deployment=production.deployment, version=order.version)
    progress.routing = route_order(release, target)
    done = yield from call(release.context, names.ROUTE_MODEL, progress.routing, Routed)
    path = names.route_path(order.model)
    progress.serving = Serving(
        mode="online", endpoint=production.endpoint, deployment=production.deployment, route=path
    )
    told = f"Requests for {order.model} go to {production.deployment} of {production.endpoint}."
    yield from attempt(release.note("RouteSet", told, done.to_wire()))


def route_order(release: Release, target: RouteTarget | None) -> RouteModelInput:
    """What a release orders of its model's route."""
    order = release.order
    return RouteModelInput(model=order.model, at=order.at, attempt=order.attempt, target=target, trace=order.trace)
