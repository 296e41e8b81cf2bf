"""A challenger beside the champion in batch: it scores the same periods, and nobody reads what it says."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from functions.boundary import Steps, call
from functions.orchestrators.releasing.release import Release, ReleaseRefusedError
from functions.orchestrators.scoring_steps import run_scoring_job
from functions.orchestrators.steps import now
from shared import names
from shared.contracts.release_policy import ShadowPolicy
from shared.contracts.shadow import (
    ComparePredictionsInput,
    FindShadowPeriodInput,
    FoundShadowPeriod,
    PredictionsCompared,
    ShadowPeriod,
)
from shared.release.disagreement import objection, told_of

#: For each period: a month, and some days that it may come late.
_BUDGET: Final = timedelta(days=35)
#: Between two looks for a period: some 70 looks use up the budget, so that the history of a release stays bounded.
_FIRST_PAUSE: Final = timedelta(hours=1)
_LONGEST_PAUSE: Final = timedelta(hours=12)


def shadow_batch(release: Release) -> Steps[str]:
    """Score as many periods beside the champion as the policy says; how that went, empty where it does not apply.

    1. Wait until the champion has published the newest dataset version, and the challenger has not scored it; the
       fleet's other models have the slot meanwhile.
    2. When it is its turn again, score it with the challenger; its output stays with the job.
    3. Compare both. The figures go into the ledger.

    Raises:
        ReleaseRefusedError: It disagrees too much or does worse, or no period came.
        ReleaseWithdrawnError: It is not wanted any more.
        ScoringFailedError: The challenger cannot score.
    """
    policy, champion = _policy(release), release.champion
    if policy is None or champion is None or champion.published is None:
        return ""
    release.waited = True
    deadline, told = now(release.context) + policy.runs * _BUDGET, ""
    scored: list[str] = []
    while len(scored) < policy.runs:
        number = len(scored) + 1
        where = f"Version {release.order.version}: period {number} of {policy.runs} in the shadow"
        release.rest("shadowing", f"{where}.")
        period = yield from _wait_for_period(release, champion.published, tuple(scored), deadline)
        yield from release.take_turn("shadowing", f"{where}, dataset version {period.dataset.version}: its turn next.")
        told = yield from _score(release, policy, period, number)
        scored.append(period.dataset.version)
    periods = "one period" if policy.runs == 1 else f"{policy.runs} periods"
    return f"{periods} in the shadow, the last one with {told}"


def _policy(release: Release) -> ShadowPolicy | None:
    policy = release.order.policy.release
    return policy.shadow or (ShadowPolicy() if policy.strategy == "shadow" else None)


def _wait_for_period(
    release: Release, published: str, scored: tuple[str, ...], deadline: datetime
) -> Steps[ShadowPeriod]:
    """Look for a period that both can be compared by, seldom but soon; words are heard meanwhile.

    Raises:
        ReleaseRefusedError: None came in time.
        ReleaseWithdrawnError: It is not wanted any more.
    """
    serve, order = release.order.policy.serve, release.order
    find = FindShadowPeriodInput(
        model=order.model,
        fleet=order.policy.fleet,
        dataset=serve.dataset or order.dataset.dataset,
        labels=order.policy.labels,
        published=published,
        scored=scored,
        trace=order.trace,
    )
    for pause in _pauses():
        found = yield from call(release.context, names.FIND_SHADOW_PERIOD, find, FoundShadowPeriod)
        if found.period is not None:
            return found.period
        if now(release.context) >= deadline:
            told = (
                f"No new period came until {deadline.isoformat()}, after {len(scored)} in the shadow: {found.missing}"
            )
            raise ReleaseRefusedError(f"{told}. Release the version again once periods come.")
        release.context.set_custom_status({"step": "shadowing", "waits": found.missing})
        yield from release.hear(min(now(release.context) + pause, deadline))
    raise AssertionError("pauses never end")


def _pauses() -> Iterator[timedelta]:
    pause = _FIRST_PAUSE
    while True:
        yield pause
        pause = min(pause * 2, _LONGEST_PAUSE)


def _score(release: Release, policy: ShadowPolicy, period: ShadowPeriod, number: int) -> Steps[str]:
    """Score a period beside the champion, and compare.

    Raises:
        ReleaseRefusedError: Too far apart, or worse.
    """
    order = release.order
    job = names.shadow_job(release.context.instance_id, number)
    release.progress.scoring = job
    yield from run_scoring_job(release.context, order, job, period.dataset.path, rows="dataset", as_of=period.as_of)
    release.progress.scoring = None
    compare = ComparePredictionsInput(job=job, champion=period.champion, published=period.path, trace=order.trace)
    compared = yield from call(release.context, names.COMPARE_PREDICTIONS, compare, PredictionsCompared)
    told, against = told_of(compared), objection(compared, policy.max_disagreement)
    facts = {
        **compared.to_wire(),
        "dataset": period.dataset.version,
        "champion": period.champion,
        "job": job,
        "most": policy.max_disagreement,
    }
    beside = f"Dataset version {period.dataset.version} beside version {period.champion}: {told}."
    yield from release.note("ShadowScored", beside, facts, part=f"-{number}")
    if against is not None:
        msg = f"Version {order.version} failed in the shadow of version {period.champion}: {against} ({told})."
        raise ReleaseRefusedError(msg)
    release.heed(release.words.heard())
    return told
