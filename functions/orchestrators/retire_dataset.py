"""`retire_dataset`: a dataset that its fleet file does not have any more waits for nothing."""

from durabletask import task

from functions.boundary import Steps, call, orchestrator
from shared import names
from shared.contracts.deliveries import Delivery, DeliveryRecorded
from shared.contracts.retirement import CellsConcluded, DatasetRetired, RetireDatasetInput


@orchestrator
def retire_dataset(context: task.OrchestrationContext, order: RetireDatasetInput) -> Steps[DatasetRetired]:
    """Conclude every cell that waits for files, a few at a time, and write down that the dataset is retired.

    Its versions stay until retention takes them.
    """
    cells, more = 0, True
    while more:
        some = yield from call(context, names.CONCLUDE_WAITING_CELLS, order, CellsConcluded)
        cells, more = cells + some.cells, some.more
    delivery = Delivery(
        channel="retirement",
        key=order.name,
        subject=order.name,
        received_at=order.at,
        outcome="done",
        reason=f"Retired by {order.requested_by}; {cells} of its cells had waited for files.",
    )
    yield from call(context, names.CONCLUDE_DELIVERY, delivery, DeliveryRecorded)
    return DatasetRetired(dataset=order.name, cells=cells)
