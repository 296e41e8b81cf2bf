"""Orders of people: each is carried out once, and answered alike when it comes again."""

from datetime import datetime
from typing import Final, assert_never

from shared.contracts.interlock import RequestAnswer
from shared.contracts.orders import (
    AdoptOrdered,
    AnyOrder,
    ApprovalAnswered,
    ForgetOrdered,
    HoldOrdered,
    OverrideOrdered,
    ParkOrdered,
    ReleaseOrdered,
    ResumeOrdered,
    RollbackOrdered,
)
from shared.contracts.read_model import Hold
from shared.interlock.adopting import on_adoption
from shared.interlock.approving import on_approval
from shared.interlock.holding import MOST_HOLDS, NOTHING_STARTS, POLICY, is_elsewhere, lifted_since, parked, why_held
from shared.interlock.memory import OrderNote
from shared.interlock.release_orders import on_override, on_release_order
from shared.interlock.rolling_back import on_rollback_order
from shared.interlock.state import REMEMBERED, InterlockState
from shared.interlock.steps import Step, accept, policy_of, refuse, sentence, unchanged
from shared.interlock.values import changed

#: Twenty of them stay in the state.
_REASON_LIMIT: Final = 240


def on_order(state: InterlockState, order: AnyOrder, now: datetime) -> Step:
    """A person orders something; what they are told is remembered with the order."""
    key = (order.kind, order.request_id, getattr(order, "approved", None))
    known = next((one for one in state.orders if (one.kind, one.request_id, one.approved) == key), None)
    if known is not None:
        reason = known.reason
        again = RequestAnswer(decision=known.decision, attempt=known.attempt, reason=reason)
        return Step(state, (), known.decision, f"The same order again: {reason}", again)
    step = _rule(state, order, now)
    assert step.answer is not None  # every rule of an order answers
    note = OrderNote(
        kind=order.kind,
        request_id=order.request_id,
        at=order.at,
        decision=step.answer.decision,
        attempt=step.answer.attempt,
        reason=step.answer.reason[:_REASON_LIMIT],
        scope=getattr(order, "scope", None),
        approved=getattr(order, "approved", None),
    )
    return step._replace(state=changed(step.state, orders=(*step.state.orders, note)[-REMEMBERED:]))


def _rule(state: InterlockState, order: AnyOrder, now: datetime) -> Step:  # noqa: PLR0911 - one return per order
    match order:
        case HoldOrdered():
            return _hold(state, order, now)
        case ResumeOrdered():
            return _resume(state, order)
        case ParkOrdered():
            return _park(state, order)
        case ReleaseOrdered():
            return on_release_order(state, order, now)
        case OverrideOrdered():
            return on_override(state, order, now)
        case RollbackOrdered():
            return on_rollback_order(state, order, now)
        case ApprovalAnswered():
            return on_approval(state, order, now)
        case ForgetOrdered():
            return _forget(state, order)
        case AdoptOrdered():
            return on_adoption(state, order, now)
        case _:
            assert_never(order)


def _hold(state: InterlockState, order: HoldOrdered, now: datetime) -> Step:
    """Orders to many models may come out of order, so their times say which one is the later."""
    if order.until is not None and order.until <= now:
        return refuse(state, f"The hold would have ended on {order.until.isoformat()}, which is over.")
    if lifted_since(state, order.scope, order.at):
        return unchanged(state, f"The hold of {order.scope} has been lifted since it was ordered.")
    of_many = order.scope != "model"
    if of_many and is_elsewhere(order.policy, policy_of(state)):
        # Given to models among which it is not any more, or not yet: where it is now, that is looked up.
        reason = "The model has moved since to another fleet or other labels: who holds it there is looked up."
        return accept(changed(state, fleet_holds="unknown", reason=reason), reason)
    others = tuple(one for one in state.holds if one.scope != order.scope)
    if len(others) >= MOST_HOLDS:
        if of_many:  # it is kept with its fleet, and found there when one of the others is over
            reason = f"{MOST_HOLDS} holds are on already; this one is looked up when one of them is over."
            return accept(changed(state, fleet_holds="more"), reason)
        return refuse(state, f"{MOST_HOLDS} holds are on already: lift one, or hold by a label or the whole fleet.")
    hold = Hold(scope=order.scope, by=order.by, reason=order.reason, since=order.at, until=order.until)
    held = changed(state, holds=(*others, hold))
    reason = f"{NOTHING_STARTS} {why_held(held, now)}"
    return accept(changed(held, reason=reason), reason)


def _resume(state: InterlockState, order: ResumeOrdered) -> Step:
    mine = next((one for one in state.holds if one.scope == order.scope), None)
    lifted = mine is not None and mine.since <= order.at
    stopped = state.parked if order.scope == "model" else None
    # The policy's clock is not that of whoever orders.
    unparked = stopped is not None and (stopped.by == POLICY or stopped.at <= order.at)
    if not lifted and not unparked:
        on = ", ".join(one.scope for one in state.holds) or "no hold"
        return unchanged(state, f"There is nothing to lift for {order.scope}: on is {on}.")
    after = changed(state, holds=tuple(one for one in state.holds if one is not mine)) if lifted else state
    if unparked:
        after = changed(after, parked=None, failed_trainings=0, failed_releases=0)
    what = " and ".join(["the hold"] * lifted + ["the parking"] * unparked)
    reason = f"{order.by} lifted {what} of {order.scope}: {sentence(order.reason)} What waits begins."
    return accept(changed(after, reason=reason), reason)


def _park(state: InterlockState, order: ParkOrdered) -> Step:
    if state.parked is not None:
        return unchanged(state, f"It is parked already: {sentence(state.parked.reason)}")
    if any(one.scope == "model" and one.kind == "resume_ordered" and one.at > order.at for one in state.orders):
        return unchanged(state, "It has been resumed since the parking was ordered.")
    after = parked(state, order.at, order.reason, order.by)
    reason = why_held(after, order.at) or ""
    return accept(changed(after, reason=reason), reason)


def _forget(state: InterlockState, order: ForgetOrdered) -> Step:
    """Holds stay, what is wrong with the ledger, and what production needs: the champion, and the version before."""
    going = [run.kind for run in state.in_flight]
    going += ["rollback"] if state.rollback is not None and state.rollback.stage == "asked" else []
    if going:
        what = " and ".join(going)
        return refuse(state, f"The {what} in flight needs what would be forgotten: order it again when that has ended.")
    needed = {one.version for one in (state.champion, state.last_good) if one is not None}
    after = changed(
        state,
        trainings=(),
        candidates=tuple(changed(one, barred="") for one in state.candidates if one.version in needed),
        requests=tuple(one for one in state.requests if one.waits),
        dead_letters=(),
        health=(),
        parked=None,
        failed_trainings=0,
        failed_releases=0,
        gave_way=False,
        drift=None,
    )
    reason = f"{order.by} had its past forgotten: {sentence(order.reason)} Production and the ledger stay."
    return accept(changed(after, reason=reason), reason)
