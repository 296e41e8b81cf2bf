"""`rollback_model`: from the version in production back to the recorded last good one, or to the baseline."""

from durabletask import task

from functions.boundary import PermanentFailure, Steps, call, explain, orchestrator, short
from functions.orchestrators.noting import note_versions
from functions.orchestrators.rolling_back.batch import go_back_in_batch
from functions.orchestrators.rolling_back.online import go_back_online, tear_down_left
from functions.orchestrators.rolling_back.rollback import Rollback, begin_note
from functions.orchestrators.steps import STEP_FAILED, attempt, now, tell_interlock, write_ledger
from shared import names
from shared.contracts.interlock import RollbackFinished
from shared.contracts.registry import RegisteredVersion
from shared.contracts.rollback import FindBaselineInput, GoodVersion, RollbackModelInput, RollbackOutcome


@orchestrator
def rollback_model(context: task.OrchestrationContext, order: RollbackModelInput) -> Steps[RollbackOutcome]:
    """Take a version out of production, and tell the interlock how that ended, whatever happens.

    1. The ledger: who ordered it, and why. Clients do not wait for it.
    2. Find what is to serve: the recorded version, or the newest one of the baseline.
    3. Online its deployment, anew where it is gone, and all traffic or the route; in batch readers, at once, to what
       it has published last.
    4. Alias and stage; taken away where the baseline stands in.
    5. In batch, the period scored and published again.
    6. The ledger, and the deployment that was left is torn down.

    What fails is named and does not keep the other steps from being taken, but for one: alias and stage never say what
    clients do not get. A rollback is not undone: every step leaves production with the one version or with the other.
    """
    started = begin_note(context, order)
    rollback: Rollback | None = None
    try:
        wanted = yield from _wanted(context, order)
        rollback = Rollback(context, order, started, wanted)
        yield from (go_back_online(rollback) if _is_online(order) else go_back_in_batch(rollback))
        outcome = _outcome(rollback)
    except STEP_FAILED as error:  # nothing was begun
        told = f"Version {order.leaves.version} stays, since there is nothing to go back to: {explain(error)}"
        outcome = _failed(order, told, order.leaves)
    # Told before anything else is tried, so that nothing can keep the interlock waiting for ever.
    tell_interlock(context, RollbackFinished(model=order.model, at=now(context), trace=order.trace, outcome=outcome))
    yield from attempt(started)
    unwritten = rollback.unwritten if rollback is not None else []
    if (yield from attempt(_note(context, order, outcome, unwritten))) is None:
        unwritten.clear()  # the ledger is there, again
    if rollback is not None:
        yield from tear_down_left(rollback)
    yield from note_versions(context, order.model, _changed(order, outcome), order.trace)
    context.set_custom_status({"step": outcome.outcome, "reason": outcome.reason})
    return outcome


def _changed(order: RollbackModelInput, outcome: RollbackOutcome) -> tuple[str | None, ...]:
    """The model's own versions that came or went; the baseline's tell of their own model."""
    served = [one for one in (order.leaves, outcome.serves) if one is not None and one.model == order.model]
    return tuple(one.version for one in served)


def _wanted(context: task.OrchestrationContext, order: RollbackModelInput) -> Steps[GoodVersion]:
    """The recorded version; where there is none, the newest version of the baseline.

    Raises:
        PermanentFailure: There is neither.
    """
    if order.back_to is not None:
        return order.back_to
    baseline = order.policy.baseline
    if baseline is None:
        told = "there is no last good version, and the fleet file names no baseline that could stand in"
        raise PermanentFailure("NothingToGoBackTo", told)
    find = FindBaselineInput(model=baseline.model, trace=order.trace)
    found = yield from call(context, names.FIND_BASELINE_VERSION, find, RegisteredVersion)
    return GoodVersion(model=baseline.model, version=found.version, serving=None)


def _is_online(order: RollbackModelInput) -> bool:
    """Where clients are now decides, and not what the fleet file says by now."""
    serving = order.leaves.serving
    return (serving.mode if serving is not None else order.policy.serve.mode) == "online"


def _outcome(rollback: Rollback) -> RollbackOutcome:
    order, wanted, serving = rollback.order, rollback.wanted, rollback.serving
    if rollback.problems:
        stands = order.leaves if serving is None and not rollback.begun else None
        serves = wanted.model_copy(update={"serving": serving}) if serving is not None else stands
        where = _where(rollback, serves)
        return _failed(order, f"{where} A person has to look: {'; '.join(rollback.problems)}", serves)
    went = f"Version {order.leaves.version} gave way to {rollback.told_of}: {order.reason} Ordered by {order.by}."
    return RollbackOutcome(
        model=order.model,
        attempt=order.attempt,
        outcome="failed_over" if rollback.stands_in else "rolled_back",
        reason=short(went),
        serves=wanted.model_copy(update={"serving": serving}),
    )


def _where(rollback: Rollback, serves: GoodVersion | None) -> str:
    if serves is None:
        left = rollback.order.leaves.version
        return f"Nobody can tell whether clients get version {left} or {rollback.told_of}."
    if serves is rollback.order.leaves:
        return f"Version {serves.version} stays in production."
    return f"Clients get {rollback.told_of}, but not all of the rollback was done."


def _failed(order: RollbackModelInput, reason: str, serves: GoodVersion | None) -> RollbackOutcome:
    return RollbackOutcome(
        model=order.model, attempt=order.attempt, outcome="failed", reason=short(reason), serves=serves
    )


def _note(
    context: task.OrchestrationContext, order: RollbackModelInput, outcome: RollbackOutcome, unwritten: list[str]
) -> Steps[None]:
    effects = {"rolled_back": "RolledBack", "failed_over": "FailedOver", "failed": "RollbackFailed"}
    facts = {
        "leaves": order.leaves.version,
        "serves": outcome.serves.to_wire() if outcome.serves else None,
        "by": order.by,
        "why": order.reason,
        "attempt": order.attempt,
        "unwritten": unwritten,
    }
    yield from write_ledger(context, order.model, effects[outcome.outcome], outcome.reason, facts, order.trace)
