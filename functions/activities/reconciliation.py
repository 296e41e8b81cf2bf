"""The search for what was lost."""

from datetime import timedelta
from typing import Final

from functions import adapters
from functions.boundary import activity
from functions.lost_arrivals import lost_orders
from shared import names
from shared.blocking import run_blocking
from shared.contracts.reconciliation import LostArrivals, LostVersion, LostVersions, ReconcileInput

#: Found in one search: a payload stays below 16 KB, and the next search finds the rest.
_VERSIONS_AT_ONCE: Final = 8
_LISTING_TIMEOUT: Final = 240.0


@activity
async def find_lost_arrivals(order: ReconcileInput) -> LostArrivals:
    """What landed files belong to and was neither conditioned nor found impossible, and what has become late."""
    return LostArrivals(orders=await run_blocking(lost_orders, order, timeout=_LISTING_TIMEOUT))


@activity
async def find_lost_versions(order: ReconcileInput) -> LostVersions:
    """Versions of the fleet's models that no webhook and no earlier search has told of."""
    settled = order.at - timedelta(seconds=order.settle_seconds)
    told = await run_blocking(adapters.inbox().outcomes, "mlflow", timeout=_LISTING_TIMEOUT)
    lost: list[LostVersion] = []
    for policy in adapters.policies():
        for version in await run_blocking(adapters.registry().versions, policy.model):
            if version.created_at is not None and version.created_at > settled:
                continue
            if told.get(names.version_key(policy.model, version.version), "ignored") == "ignored":
                lost.append(LostVersion(version=version.model_copy(update={"tags": {}}), policy=policy))
    return LostVersions(versions=tuple(lost[:_VERSIONS_AT_ONCE]))
