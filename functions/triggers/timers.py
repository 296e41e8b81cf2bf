"""What happens by the clock."""

from datetime import datetime
from typing import Final

import azure.durable_functions as df
import azure.functions as func

from functions import adapters, tracing
from functions.triggers.callbacks import look_after_callbacks
from functions.triggers.reconciling import begin_reconciliation
from functions.triggers.schedules import begin_due_runs
from functions.triggers.starting import start_once, start_until_done, utc_now
from shared import names
from shared.blocking import run_blocking
from shared.code_digest import deployed_commit
from shared.contracts.deliveries import Delivery
from shared.contracts.ledger import AnchorLedgersInput
from shared.contracts.monitoring import AnnounceCodeInput, CheckServingInput

#: The key under which the inbox has the commit that was seen last.
_CODE: Final = "code"


async def reconcile_on_schedule(timer: func.TimerRequest, client: df.DurableFunctionsClient) -> None:
    """Search for lost events, since webhooks and Event Grid are both lossy, and for endpoints that are lost."""
    with tracing.span("reconcile_on_schedule", None):
        at = utc_now().replace(microsecond=0)
        order = CheckServingInput(at=at, trace=tracing.traceparent())
        await start_once(client, names.CHECK_SERVING, order, names.instance_id("serving", at.isoformat()))
        await look_after_callbacks(client, at)
        # Last: it looks into every model's row, and what it cannot cope with keeps nobody else waiting.
        await begin_reconciliation(client, at)


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
        if commit := await run_blocking(deployed_commit):
            since = await _deployed_since(commit, at)
            order = AnnounceCodeInput(commit=commit, at=at, trace=tracing.traceparent())
            instance = names.instance_id("code", commit, since.isoformat())
            await start_until_done(client, names.ANNOUNCE_CODE, order, instance)


async def _deployed_since(commit: str, now: datetime) -> datetime:
    """When this commit took the place of another one: one that was deployed before is told again when it is back."""
    known = await run_blocking(adapters.inbox().get, "schedule", _CODE)
    if known is not None and known.body == commit:
        return known.received_at
    seen = Delivery(
        channel="schedule",
        key=_CODE,
        subject="training code",
        received_at=now,
        outcome="accepted",
        reason=f"Commit {commit[:12]} is deployed: models that are retrained when the code changes are told.",
        body=commit,
    )
    await run_blocking(adapters.inbox().conclude, seen)
    return now
