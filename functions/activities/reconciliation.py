"""The search for what was lost."""

from datetime import datetime, timedelta
from typing import Final

import azure.durable_functions as df

from functions import adapters
from functions.arrivals import conditioning_orders
from functions.boundary import activity
from shared import names
from shared.blocking import run_blocking
from shared.contracts.datasets import BlobArrival, ConditionDatasetInput
from shared.contracts.reconciliation import LostArrivals, LostVersion, LostVersions, ReconcileInput

blueprint = df.Blueprint()

#: Found in one search: a payload stays below 16 KB, and the next search finds the rest.
_ORDERS_AT_ONCE: Final = 20
_VERSIONS_AT_ONCE: Final = 8
#: A conditioning that was asked for by an event may still be under way: its activities are repeated for an hour.
_UNDER_WAY: Final = timedelta(hours=2)
_LISTING_TIMEOUT: Final = 240.0


@activity(blueprint)
async def find_lost_arrivals(order: ReconcileInput) -> LostArrivals:
    """What landed files belong to and was neither conditioned nor found impossible."""
    landed = await run_blocking(adapters.landing().list, "", timeout=_LISTING_TIMEOUT)
    told = await run_blocking(adapters.inbox().outcomes, "storage", timeout=_LISTING_TIMEOUT)
    ended = await run_blocking(adapters.inbox().outcomes, "conditioning", timeout=_LISTING_TIMEOUT)
    lost: list[ConditionDatasetInput] = []
    for blob in landed:
        if not blob.size or blob.at > _settled(order, blob, told):
            continue
        orders = conditioning_orders(blob, order.at, order.trace)
        lost += [one for one in orders if ended.get(one.key, "failed") == "failed"]
        if len(lost) >= _ORDERS_AT_ONCE:
            break
    return LostArrivals(orders=tuple(lost[:_ORDERS_AT_ONCE]))


@activity(blueprint)
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


def _settled(order: ReconcileInput, blob: BlobArrival, told: dict[str, str]) -> datetime:
    """What landed before this counts as lost when it has led to nothing."""
    under_way = told.get(blob.key) == "accepted"
    return order.at - (_UNDER_WAY if under_way else timedelta(seconds=order.settle_seconds))
