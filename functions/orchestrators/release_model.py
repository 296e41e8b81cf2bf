"""`release_model`: a version that passed its gates into production, tested on the way, undone when a step fails."""

from durabletask import task

from functions.boundary import Steps, explain, orchestrator, short
from functions.orchestrators.releasing.approval import approve
from functions.orchestrators.releasing.batch import serve_batch, test_batch
from functions.orchestrators.releasing.batch_shadow import shadow_batch
from functions.orchestrators.releasing.finish import finish
from functions.orchestrators.releasing.online import serve_online, shadow_online, test_online
from functions.orchestrators.releasing.release import (
    ApprovalRefusedError,
    Release,
    ReleaseRefusedError,
    ReleaseWithdrawnError,
    Told,
)
from functions.orchestrators.releasing.steps import promote
from functions.orchestrators.releasing.undo import undo
from functions.orchestrators.releasing.verifying import verify, verify_again
from functions.orchestrators.releasing.watching import watch_grace
from functions.orchestrators.scoring_steps import ScoringFailedError
from functions.orchestrators.steps import STEP_FAILED, now, tell_interlock
from functions.orchestrators.submitting import JobNameTakenError
from functions.orchestrators.waiting import WaitTimeoutError
from shared.contracts.interlock import ReleaseFinished
from shared.contracts.release import ReleaseEnd, ReleaseModelInput, ReleaseOutcome, Serving


@orchestrator
def release_model(context: task.OrchestrationContext, order: ReleaseModelInput) -> Steps[ReleaseOutcome]:
    """Release a version online or in batch, or leave everything as it was; tell the interlock either way.

    Once its grace is over, the release stands: what is left to clean up is tried, and never undoes it.
    """
    release = Release.begun(context, order)
    try:
        yield from _release(release)
        outcome = _released(release)
    except ReleaseWithdrawnError as withdrawn:
        ended: ReleaseEnd = "superseded" if withdrawn.word.superseded else "withdrawn"
        outcome = _undone(release, explain(withdrawn), (yield from undo(release)), ended)
    except ApprovalRefusedError as error:
        outcome = _undone(release, explain(error), (yield from undo(release)), "refused")
    except (*STEP_FAILED, WaitTimeoutError, ScoringFailedError, ReleaseRefusedError) as error:
        if isinstance(error, JobNameTakenError):
            release.progress.scoring = None  # somebody else's job, which must not be stopped
        outcome = _undone(release, explain(error), (yield from undo(release)))
    # Told before anything else is tried, so that nothing can keep the interlock waiting for ever.
    tell_interlock(context, ReleaseFinished(model=order.model, at=now(context), trace=order.trace, outcome=outcome))
    yield from finish(release, outcome)
    context.set_custom_status({"step": "released" if outcome.released else "undone", "reason": outcome.reason})
    return outcome


def _release(release: Release) -> Steps[None]:
    """The way to production.

    1. Verify that the version is what the ledger and the registry say, and passes its gates.
    2. Test it on the golden set.
    3. Let it run in the shadow of the champion, where the policy says so.
    4. Ask for approval, where the policy asks.
    5. Verify it once more where it has waited: it must be what was tested and approved.
    6. Let it serve, as the strategy says: at once, or in growing shares that are watched.
    7. Promote it: alias and stage.
    8. Watch it for a grace, in which what served before can take over again at once.
    """
    context, online = release.context, release.order.policy.serve.mode == "online"
    verified = yield from verify(release)
    golden = yield from (test_online(release) if online else test_batch(release))
    release.told = Told(verified, golden)
    shadow = yield from (shadow_online(release) if online else shadow_batch(release))
    release.told = Told(verified, golden, shadow)
    yield from approve(release, release.told)
    if release.waited:
        told = f"Version {release.order.version} waits for its turn to go into production."
        yield from release.take_turn("scoring", told)  # first, since that is one more wait
        yield from verify_again(release, verified)
    yield from (serve_online(release) if online else serve_batch(release))
    yield from release.hear(now(context))
    yield from promote(release)
    yield from watch_grace(release)


def _released(release: Release) -> ReleaseOutcome:
    order, serving = release.order, release.progress.serving
    promotion = release.progress.promotion
    return ReleaseOutcome(
        model=order.model,
        version=order.version,
        attempt=order.attempt,
        released=True,
        reason=short(_told_of(order.version, serving)),
        serving=serving,
        previous=promotion.previous if promotion else None,
        dataset=release.progress.scored,
    )


def _undone(release: Release, reason: str, problems: list[str], ended: ReleaseEnd | None = None) -> ReleaseOutcome:
    order = release.order
    looked = f"could not be undone completely, so a person has to look ({'; '.join(problems)})"
    how = {"superseded": "gave way", "withdrawn": "was withdrawn", "refused": "was refused", None: "failed"}[ended]
    end = looked if problems else "was undone"
    return ReleaseOutcome(
        model=order.model,
        version=order.version,
        attempt=order.attempt,
        released=False,
        reason=short(f"Release of version {order.version} {how} and {end}: {reason}"),
        ended=ended,
    )


def _told_of(version: str, serving: Serving | None) -> str:
    assert serving is not None  # all ways of a release end in serving
    if serving.route is not None:
        where = f"behind the shared endpoint {serving.endpoint} as {serving.deployment}"
        return f"Version {version} serves {where}, as {serving.route} tells."
    if serving.mode == "online":
        return f"Version {version} serves behind the endpoint {serving.endpoint} as {serving.deployment}."
    if serving.rows is None:
        return f"Version {version} is in production. Readers stay at {serving.published}, of a later period."
    return f"Version {version} serves by published predictions in {serving.published}."
