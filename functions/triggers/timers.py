"""What happens by the clock."""

import azure.durable_functions as df
import azure.functions as func

from functions import tracing
from functions.triggers.reconciling import begin_reconciliation
from functions.triggers.schedules import begin_due_runs
from functions.triggers.starting import utc_now


async def reconcile_on_schedule(timer: func.TimerRequest, client: df.DurableFunctionsClient) -> None:
    """Search for lost events: webhooks and Event Grid are both lossy in their own ways."""
    with tracing.span("reconcile_on_schedule", None):
        await begin_reconciliation(client, utc_now().replace(microsecond=0))


async def begin_scheduled_runs(timer: func.TimerRequest, client: df.DurableFunctionsClient) -> None:
    """Begin the runs of fleets that are due by the schedules of their files."""
    with tracing.span("begin_scheduled_runs", None):
        await begin_due_runs(client, utc_now())
