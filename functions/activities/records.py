"""What is remembered: the ledger, the read model, the inbox."""

from functions import adapters, metering
from functions.boundary import activity
from shared.blocking import run_blocking
from shared.contracts.deliveries import Delivery, DeliveryRecorded
from shared.contracts.ledger import LedgerEntry, LedgerRow
from shared.contracts.read_model import RecordModelInput, RowWritten


@activity
async def append_ledger(order: LedgerEntry) -> LedgerRow:
    """Append an effect to its model's chain, once per key."""
    row = await run_blocking(adapters.ledger().append, order)
    metering.count_effect(order)
    return row


@activity
async def write_model_row(order: RecordModelInput) -> RowWritten:
    """Bring a model's row up to date, unless a newer one is there."""
    return RowWritten(written=await run_blocking(adapters.read_model().put, order.row))


@activity
async def conclude_delivery(order: Delivery) -> DeliveryRecorded:
    """Keep how something ended, in place of what was known of it before."""
    await run_blocking(adapters.inbox().conclude, order)
    metering.count_delivery(order)
    return DeliveryRecorded(new=True)


@activity
async def record_delivery(order: Delivery) -> DeliveryRecorded:
    """Keep a delivery, once per channel and key."""
    new = await run_blocking(adapters.inbox().record, order)
    if new:
        metering.count_delivery(order)
    return DeliveryRecorded(new=new)
