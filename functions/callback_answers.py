"""What is told to whoever waits for the end of a run. It blocks, so activities use `run_blocking`."""

import json
from datetime import datetime
from functools import partial
from typing import Final

from functions import adapters
from functions.telling import link_to, link_to_run
from shared.contracts.callbacks import Callback, CallbackConcluded, CallbackPosted, Follower, PostCallbackInput
from shared.contracts.deliveries import Delivery, Outcome
from shared.contracts.fleet_runs import RunDigest
from shared.errors import PermanentError, TransientError
from shared.fleet_runs import places
from shared.notification.callback import AnswerLostError
from shared.notification.callback_body import callback_body, run_output, training_output

CHANNEL: Final = "callback"
_REFUSED: Final = "CallbackRefused"
#: So many of the newest callbacks are looked through for another one of the same run.
_LOOKED: Final = 1000


def delivery_key(run: str, callback: str) -> str:
    """Under which the inbox has how a callback ended."""
    return f"{run}/{callback}"


def told_of(follower: Follower, outcome: Outcome, reason: str, at: datetime) -> Delivery:
    """How a callback ended, for the inbox. Each is a subject of its own: one that is told is not all of its run."""
    return Delivery(
        channel=CHANNEL,
        key=delivery_key(follower.run, follower.callback),
        subject=f"{follower.run} {follower.callback}",
        received_at=at,
        outcome=outcome,
        reason=reason,
        trace=follower.trace,
        started=(follower.run,),
    )


def post(order: PostCallbackInput) -> CallbackPosted:
    """Call back, once.

    It is written down first that it is sent: killed between the two, the next try is refused by an activity that has
    its answer, and that is no dead letter. A host that answers otherwise has not taken it, and the mark goes again.
    """
    follower, kept = order.follower, adapters.callbacks()
    callback = kept.get(follower.run, follower.callback)
    if callback is None:
        return CallbackPosted(outcome="refused", reason="Its address is not kept any more.")
    kept.replace(callback.model_copy(update={"unsure": True}))
    try:
        adapters.caller_back().post(callback.uri, _body(order))
    except AnswerLostError as error:
        return _unreachable(error)
    except TransientError as error:
        kept.replace(callback)
        return _unreachable(error)
    except PermanentError as error:
        kept.replace(callback.model_copy(update={"refused": error.code == _REFUSED}))
        return _refused(error, callback)
    return CallbackPosted(outcome="answered", reason="It was told how the run ended.")


def conclude(order: CallbackConcluded) -> Delivery:
    """Write down how a callback ended; its address is deleted where it was answered, and kept for a while if not.

    What was refused is no dead letter where another address of the same run was answered, or is still to be told: the
    activity was run again meanwhile. Where all are refused, the last one at least is a dead letter. One whose address
    was forgotten while it was called once more counts as refused.
    """
    follower, kept = order.follower, adapters.callbacks()
    if order.answered:
        delivery = told_of(follower, "done", order.reason, order.at)
        adapters.inbox().conclude(delivery)
        kept.remove(follower.run, follower.callback)
        _let_go(order)
        return delivery
    callback = kept.get(follower.run, follower.callback)
    stands_in = _what_stands_in(follower) if callback is None or callback.refused else None
    if stands_in is None:
        delivery = told_of(follower, "dead", order.reason, order.at)
    else:
        delivery = told_of(follower, "ignored", f"{order.reason} {stands_in}", order.at)
    adapters.inbox().conclude(delivery)
    if callback is not None:
        kept.replace(callback.model_copy(update={"state": "dead", "dead_at": order.at}))
    return delivery


def _what_stands_in(follower: Follower) -> str | None:
    """Why nobody misses a callback that was refused; `None` where somebody may.

    Each is marked as refused before it looks at the others: of two at the same time, one sees the other's mark.
    """
    run = follower.run
    others = [one for one in adapters.callbacks().of(run) if one.follower.callback != follower.callback]
    if any(one.state == "open" and not one.refused for one in others):
        return "Another address of the same run is still to be told."
    newest = adapters.inbox().recent(CHANNEL, _LOOKED)
    if any(one.outcome == "done" and one.started == (run,) for one in newest):
        return "Another address of the same run was told."
    return None


def _let_go(order: CallbackConcluded) -> None:
    """Forget addresses of the same run that have refused: nobody waits there, and another one has been told."""
    inbox, kept = adapters.inbox(), adapters.callbacks()
    for one in kept.of(order.follower.run):
        if one.state != "dead" or not one.refused:
            continue
        told = inbox.get(CHANNEL, delivery_key(one.follower.run, one.follower.callback))
        if told is not None and told.outcome == "dead":
            reason = f"{told.reason} Another address of the same run was told since."
            inbox.conclude(told_of(one.follower, "ignored", reason, order.at))
        kept.remove(one.follower.run, one.follower.callback)


def _refused(error: PermanentError, callback: Callback) -> CallbackPosted:
    if callback.unsure and error.code == _REFUSED:
        told = f"{error.message} It was sent before, when no answer came, and was probably taken then."
        return CallbackPosted(outcome="answered", reason=told)
    return CallbackPosted(outcome="refused", reason=error.message)


def _unreachable(error: TransientError) -> CallbackPosted:
    return CallbackPosted(outcome="unreachable", reason=str(error), retry_after=error.retry_after)


def _body(order: PostCallbackInput) -> bytes:
    follower, end = order.follower, order.end
    if follower.fleet is None:
        link = link_to(follower.model) if follower.model is not None else None
        output = training_output(follower, end, link)
    else:
        place = places.digest_path(follower.fleet, follower.run)
        row, digest = adapters.runs().get(follower.run), adapters.runs().read(place, RunDigest)
        tell = partial(run_output, follower, end, row, digest, place)
        output = tell(link_to, link_to_run(follower.run))
    return json.dumps(callback_body(end, output), ensure_ascii=False).encode()
