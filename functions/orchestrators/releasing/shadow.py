"""A version in the shadow: it gets copies of requests, and its answers are dropped."""

from datetime import timedelta

from functions.boundary import Steps
from functions.orchestrators.releasing.release import Release
from functions.orchestrators.releasing.watching import analyse, settle
from functions.orchestrators.steps import now
from functions.orchestrators.waiting import shift_and_wait
from shared.contracts.analysis import Analysis
from shared.contracts.deployments import DeploymentKey, ShiftTrafficInput
from shared.contracts.release_policy import AnalysisPolicy, ShadowPolicy


def run_in_shadow(release: Release, production: DeploymentKey, champion: str, policy: ShadowPolicy) -> Steps[str]:
    """Mirror some of the traffic to the version for a while, and judge it by that; how it did, in a sentence.

    Args:
        release: The release.
        production: The version's deployment, without traffic.
        champion: The deployment that has the traffic.
        policy: How much, and for how long.

    Raises:
        ReleaseRefusedError: A limit does not hold.
        ApprovalRefusedError: Nobody can tell, and a person has not said that it may go on.
        ReleaseWithdrawnError: A newer version takes its place meanwhile.
    """
    release.waited = True
    release.tell("shadowing", f"{policy.percent} % of the requests go to version {release.order.version}, too.")
    mirrored = ShiftTrafficInput(
        endpoint=production.endpoint,
        traffic={champion: 100},
        mirror={production.deployment: policy.percent},
        trace=release.order.trace,
    )
    release.progress.mirroring = mirrored
    traffic = yield from shift_and_wait(release.context, mirrored)
    told = f"{policy.percent} % of the requests to {production.endpoint} are mirrored to {production.deployment}."
    yield from release.note("TrafficMirrored", told, traffic.to_wire())
    analysis = yield from _bake(release, policy, "shadow")
    if analysis.outcome == "inconclusive":
        analysis = yield from _bake(release, policy, "shadow, once more")
    # Ended first: a person who is asked may take two days, and each copy costs as much as a request.
    yield from shift_and_wait(release.context, mirrored.model_copy(update={"mirror": {}}))
    release.progress.mirroring = None
    yield from release.note("MirrorEnded", f"{production.deployment} gets no more copies of requests.")
    yield from settle(release, analysis, "shadow")
    return f"In the shadow of {champion} for {policy.minutes} minutes: {analysis.reason}."


def _bake(release: Release, policy: ShadowPolicy, where: str) -> Steps[Analysis]:
    """Wait, hearing what others say meanwhile, and judge."""
    since = now(release.context)
    yield from release.hear(since + timedelta(minutes=policy.minutes))
    return (yield from analyse(release, where, since, _limits(release, policy)))


def _limits(release: Release, policy: ShadowPolicy) -> AnalysisPolicy:
    """The policy's, and the stricter one of the two that say how far predictions may lie from the champion's."""
    limits = release.order.policy.release.analysis
    both = [most for most in (limits.max_shift, policy.max_disagreement) if most is not None]
    return limits.model_copy(update={"max_shift": min(both, default=None)})
