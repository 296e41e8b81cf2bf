"""`record_model`: one decision of an interlock into the read model."""

from durabletask import task

from functions.boundary import Steps, call, orchestrator
from shared import names
from shared.contracts.read_model import RecordModelInput, RowWritten


@orchestrator
def record_model(context: task.OrchestrationContext, order: RecordModelInput) -> Steps[RowWritten]:
    """Write the model's row; a newer row stays. An entity cannot call an activity itself, hence this orchestration.

    It never gives up: the search for lost events goes by the rows, so each has to be true again after any outage.
    """
    try:
        return (yield from call(context, names.WRITE_MODEL_ROW, order, RowWritten))
    except task.TaskFailedError:
        context.continue_as_new(order.to_wire())
        return RowWritten(written=False)
