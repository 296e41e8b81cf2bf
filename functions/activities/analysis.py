"""How a version that answers requests is doing: asked by us, and by its clients."""

import asyncio
from typing import Any, Final

from functions import adapters
from functions.boundary import activity
from functions.golden import ASKING_TIMEOUT, golden_set, requests_of
from shared.blocking import run_blocking
from shared.contracts.analysis import AnalyseChallengerInput, Analysis
from shared.contracts.platform_models import Answered, RequestCounts
from shared.errors import PermanentError, TransientError
from shared.release.analysis import Observed, analyse, nothing_known

#: Seconds between two attempts to read how real requests have fared.
_PAUSES: Final = (2.0, 8.0, 20.0)


@activity
async def analyse_challenger(order: AnalyseChallengerInput) -> Analysis:
    """Ask the golden set's inputs of challenger and champion, read how real requests have fared, and judge.

    Raises:
        TransientError: Neither could be reached, which says nothing of the version.
    """
    golden, _ = golden_set(order.fleet, order.golden)
    requests = requests_of(golden)
    challenger = await _asked(order.endpoint, requests, order.challenger)
    champion = await _asked(order.endpoint, requests, order.champion) if order.champion else None
    observed = Observed(challenger, champion, await _counts(order))
    if nothing_known(observed):
        raise TransientError(f"nothing behind {order.endpoint} could be asked: {challenger[0].error}")
    return analyse(observed, order.limits)


async def _asked(endpoint: str, requests: list[list[dict[str, Any]]], deployment: str) -> list[Answered]:
    """What became of each; the first request is asked twice, since a model may be loaded by the first one only."""
    platform = adapters.platform()
    first, *others = await run_blocking(
        platform.probe, endpoint, [requests[0], *requests], deployment, timeout=ASKING_TIMEOUT
    )
    return others or [first]


async def _counts(order: AnalyseChallengerInput) -> RequestCounts | None:
    """How real requests have fared; that they cannot be read is no fault of the version.

    An outage of what counts them is waited for a moment. One that lasts leaves them unknown: where requests are
    required, the version is watched once more, and then a person is asked.
    """
    if order.since is None:
        return None
    read = adapters.platform().read_requests
    for pause in (*_PAUSES, None):
        try:
            return await run_blocking(read, order.endpoint, order.challenger, order.since, order.until)
        except PermanentError as error:
            return RequestCounts(unknown=error.message)
        except TransientError as error:
            if pause is None:
                return RequestCounts(unknown=str(error))
            await asyncio.sleep(pause)
    raise AssertionError("the last attempt returns")
