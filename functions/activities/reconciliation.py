"""The search for what was lost."""

from datetime import timedelta
from typing import Final

import azure.durable_functions as df

from functions import adapters
from functions.arrivals import conditioning_orders
from functions.boundary import activity
from shared import names
from shared.blocking import run_blocking
from shared.contracts.reconciliation import LostArrival, LostArrivals, LostVersion, LostVersions, ReconcileInput

blueprint = df.Blueprint()

#: Found in one search: a payload stays below 16 KB, and the next search finds the rest.
_AT_ONCE: Final = 8


@activity(blueprint)
async def find_lost_arrivals(order: ReconcileInput) -> LostArrivals:
    """Landed files that a source claims and of which no delivery is recorded."""
    settled = order.at - timedelta(seconds=order.settle_seconds)
    lost: list[LostArrival] = []
    for blob in await run_blocking(adapters.landing().list, ""):
        if len(lost) == _AT_ONCE:
            break
        orders = conditioning_orders(blob, order.at, order.trace)
        if not orders or not blob.size or blob.at > settled:
            continue
        if await run_blocking(adapters.inbox().get, "storage", blob.key) is None:
            lost.append(LostArrival(arrival=blob, orders=orders))
    return LostArrivals(arrivals=tuple(lost))


@activity(blueprint)
async def find_lost_versions(order: ReconcileInput) -> LostVersions:
    """Versions of the fleet's models that no webhook and no earlier search has told of."""
    settled = order.at - timedelta(seconds=order.settle_seconds)
    lost: list[LostVersion] = []
    for policy in adapters.policies():
        for version in await run_blocking(adapters.registry().versions, policy.model):
            if len(lost) == _AT_ONCE:
                return LostVersions(versions=tuple(lost))
            if version.created_at is not None and version.created_at > settled:
                continue
            key = names.version_key(policy.model, version.version)
            if await run_blocking(adapters.inbox().get, "mlflow", key) is None:
                lost.append(LostVersion(version=version.model_copy(update={"tags": {}}), policy=policy))
    return LostVersions(versions=tuple(lost))
