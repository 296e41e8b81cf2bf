"""Looking at a version that answers requests: what holds lets it go on, what does not undoes the release."""

from datetime import datetime, timedelta

from functions.boundary import Steps, call
from functions.orchestrators.releasing.approval import ask_inconclusive
from functions.orchestrators.releasing.release import Release, ReleaseRefusedError
from functions.orchestrators.steps import now
from shared import names
from shared.contracts.analysis import AnalyseChallengerInput, Analysis
from shared.contracts.release import Serving
from shared.contracts.release_policy import AnalysisPolicy
from shared.release.strategies import looks


def watch(release: Release, minutes: float, where: str) -> Steps[None]:
    """Let the version answer for a while, and judge it by that while; once more where that does not tell enough.

    Who tells it to go back is heard meanwhile.

    Args:
        release: The release.
        minutes: How long; 0 to judge it at once.
        where: What it has now, for the ledger: `5 %`.

    Raises:
        ReleaseRefusedError: A limit does not hold.
        ApprovalRefusedError: Nobody can tell, and a person has not said that it may go on.
    """
    analysis = yield from _bake(release, minutes, where)
    if analysis.outcome == "inconclusive":
        analysis = yield from _bake(release, minutes, f"{where}, once more")
    yield from settle(release, analysis, where)


def watch_grace(release: Release) -> Steps[None]:
    """What served before stays for a while, and takes over again at once where the version does badly.

    Raises:
        ReleaseRefusedError: A limit does not hold.
        ApprovalRefusedError: Nobody can tell at the end, and a person has not said that it may go on.
    """
    minutes = release.order.policy.release.grace_minutes
    before, serving = release.champion, release.progress.serving
    if serving is None or serving.mode != "online" or before is None or before.deployment is None:
        return
    for number, pause in enumerate(looks(minutes)):
        last = number == len(looks(minutes)) - 1
        release.tell("watching", f"{before.deployment} stays ready for {minutes} minutes after {serving.deployment}.")
        if last:
            yield from watch(release, pause, "grace")
        elif (analysis := (yield from _bake(release, pause, "half of the grace"))).outcome == "failed":
            yield from settle(release, analysis, "half of the grace")


def settle(release: Release, analysis: Analysis, where: str) -> Steps[None]:
    """Go on where the limits hold, and ask a person where nobody can tell.

    Raises:
        ReleaseRefusedError: A limit does not hold.
        ApprovalRefusedError: A person has not said that it may go on.
    """
    if analysis.outcome == "failed":
        raise ReleaseRefusedError(f"Version {release.order.version} failed its analysis ({where}): {analysis.reason}.")
    if analysis.outcome == "inconclusive":
        yield from ask_inconclusive(release, analysis, where)


def analyse(
    release: Release, where: str, since: datetime | None = None, limits: AnalysisPolicy | None = None
) -> Steps[Analysis]:
    """Ask the version and the champion, and hold what is found against the limits; written down either way.

    Args:
        release: The release, whose production deployment is there.
        where: What the version has now, for the ledger.
        since: From when on its real requests count; absent where it has had none yet.
        limits: The policy's where they are absent.
    """
    order, key = release.order, release.progress.production
    assert key is not None  # it is deployed before anything is asked of it
    ask = AnalyseChallengerInput(
        fleet=order.policy.fleet,
        golden=order.policy.golden,
        endpoint=key.endpoint,
        challenger=key.deployment,
        champion=_beside(release.champion, key.endpoint),
        limits=limits or order.policy.release.analysis,
        since=since,
        until=now(release.context),
        trace=order.trace,
    )
    analysis = yield from call(release.context, names.ANALYSE_CHALLENGER, ask, Analysis)
    told = f"{where}: {analysis.outcome}. {analysis.reason}"
    yield from release.note("ChallengerAnalysed", told, {"at": where, **analysis.to_wire()}, part=f"-{where}")
    return analysis


def _bake(release: Release, minutes: float, where: str) -> Steps[Analysis]:
    since = now(release.context)
    yield from release.hear(since + timedelta(minutes=minutes))
    return (yield from analyse(release, where, since if minutes else None))


def _beside(champion: Serving | None, endpoint: str) -> str | None:
    """The champion's deployment, if it is behind the same endpoint: another one need not take the same inputs."""
    return champion.deployment if champion is not None and champion.endpoint == endpoint else None
