"""Telling whoever waits how a run has ended: Data Factory's Webhook activity."""

from typing import Final

from functions import adapters, callback_answers, metering
from functions.boundary import activity
from shared import names
from shared.blocking import run_blocking
from shared.contracts.callbacks import (
    CallbackConcluded,
    CallbackPosted,
    FindFollowersInput,
    Followers,
    PostCallbackInput,
)

#: Three addresses that do not connect, a slow answer, and the digest.
_TIMEOUT: Final = 60.0


@activity
async def find_followers(order: FindFollowersInput) -> Followers:
    """Who waits for the end of a run."""
    kept = await run_blocking(adapters.callbacks().of, order.run)
    found = (names.follower(order.run, one.follower.callback, one.attempt) for one in kept if one.state == "open")
    return Followers(instances=tuple(found))


@activity
async def post_callback(order: PostCallbackInput) -> CallbackPosted:
    """Call back once; a host that is down is no error here, since it is tried again for a day."""
    return await run_blocking(callback_answers.post, order, timeout=_TIMEOUT)


@activity
async def conclude_callback(order: CallbackConcluded) -> CallbackConcluded:
    """Write down how a callback ended, and delete its address where it was answered."""
    metering.count_delivery(await run_blocking(callback_answers.conclude, order))
    return order
