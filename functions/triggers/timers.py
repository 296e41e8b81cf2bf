"""What happens by the clock."""

import azure.durable_functions as df
import azure.functions as func

from functions import tracing
from functions.triggers.reconciling import begin_reconciliation
from functions.triggers.schedules import begin_due_runs
from functions.triggers.starting import start_once, start_until_done, utc_now
from shared import names
from shared.contracts.ledger import AnchorLedgersInput
from shared.contracts.monitoring import AnnounceCodeInput, CheckServingInput
from shared.settings import settings


async def reconcile_on_schedule(timer: func.TimerRequest, client: df.DurableFunctionsClient) -> None:
    """Search for lost events, since webhooks and Event Grid are both lossy, and for endpoints that are lost."""
    with tracing.span("reconcile_on_schedule", None):
        at = utc_now().replace(microsecond=0)
        await begin_reconciliation(client, at)
        order = CheckServingInput(at=at, trace=tracing.traceparent())
        await start_once(client, names.CHECK_SERVING, order, names.instance_id("serving", at.isoformat()))


async def anchor_on_schedule(timer: func.TimerRequest, client: df.DurableFunctionsClient) -> None:
    """Keep the heads of the ledger apart from it, so that a cut tail is found."""
    with tracing.span("anchor_on_schedule", None):
        order = AnchorLedgersInput(at=utc_now().replace(microsecond=0), trace=tracing.traceparent())
        instance = names.instance_id("anchor", order.at.isoformat())
        await start_once(client, names.ANCHOR_LEDGERS, order, instance)


async def begin_scheduled_runs(timer: func.TimerRequest, client: df.DurableFunctionsClient) -> None:
    """Begin the runs of fleets that are due by the schedules of their files, and tell of code that is new, once."""
    with tracing.span("begin_scheduled_runs", None):
        at = utc_now()
        await begin_due_runs(client, at)
        if commit := settings().git_commit:
            order = AnnounceCodeInput(commit=commit, at=at, trace=tracing.traceparent())
            await start_until_done(client, names.ANNOUNCE_CODE, order, names.instance_id("code", commit))
