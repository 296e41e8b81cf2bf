"""What happens by the clock."""

import azure.durable_functions as df
import azure.functions as func

from functions.triggers.starting import start_once, utc_now
from shared import names
from shared.contracts.reconciliation import ReconcileInput
from shared.settings import settings

blueprint = df.Blueprint()


@blueprint.timer_trigger(arg_name="timer", schedule="%SIGNALBOX_RECONCILE_SCHEDULE%", run_on_startup=False)
@blueprint.durable_client_input(client_name="client")
async def reconcile_on_schedule(timer: func.TimerRequest, client: df.DurableFunctionsClient) -> None:
    """Search for lost events: webhooks and Event Grid are both lossy in their own ways."""
    at = utc_now().replace(microsecond=0)
    order = ReconcileInput(asked_by="timer", at=at, settle_seconds=settings().settle_seconds)
    await start_once(client, names.RECONCILE_EVENTS, order, names.instance_id("reconcile", at.isoformat()))
