"""`reconcile_events`: find landed files and registered versions whose event was lost, and act as if it had come."""

from datetime import datetime

import azure.durable_functions as df
from durabletask import task

from functions.boundary import Steps, call, orchestrator
from functions.orchestrators.steps import now, tell_interlock
from shared import names
from shared.contracts.base import Contract
from shared.contracts.deliveries import Delivery, DeliveryRecorded
from shared.contracts.interlock import VersionRegistered
from shared.contracts.reconciliation import LostArrivals, LostVersions, ReconcileInput, ReconcileOutcome

blueprint = df.Blueprint()


@orchestrator(blueprint)
def reconcile_events(context: task.OrchestrationContext, order: ReconcileInput) -> Steps[ReconcileOutcome]:
    """Act on what no delivery has told of, and record it, so that the next search does not find it again.

    1. Files: condition the datasets that they belong to, as their arrival would have.
    2. Versions: tell their interlocks, as the webhook would have.

    Each search answers a few at a time; what is left is found by the next one.
    """
    lost_files = yield from call(context, names.FIND_LOST_ARRIVALS, order, LostArrivals)
    for lost in lost_files.arrivals:
        for cell_order in lost.orders:
            child = names.instance_id(
                f"reconcile {cell_order.dataset}", lost.arrival.key, cell_order.cell, context.instance_id
            )
            yield context.call_sub_orchestrator(names.CONDITION_DATASET, input=cell_order.to_wire(), instance_id=child)
        yield from _record(context, "storage", lost.arrival.key, lost.arrival.path, lost.arrival)

    lost_versions = yield from call(context, names.FIND_LOST_VERSIONS, order, LostVersions)
    for found in lost_versions.versions:
        version, model = found.version.version, found.version.model
        event = VersionRegistered(
            model=model,
            at=now(context),
            trace=order.trace,
            policy=found.policy,
            version=version,
            seen_by="reconciliation",
        )
        tell_interlock(context, event)
        yield from _record(
            context,
            "mlflow",
            names.version_key(model, version),
            f"{model} {version} model_version.created",
            found.version,
        )
    return ReconcileOutcome(
        arrivals=tuple(lost.arrival.path for lost in lost_files.arrivals),
        versions=tuple(f"{lost.version.model}@{lost.version.version}" for lost in lost_versions.versions),
    )


def _record(
    context: task.OrchestrationContext, channel: str, key: str, subject: str, found: Contract
) -> Steps[DeliveryRecorded]:
    received: datetime = now(context)
    delivery = Delivery.model_validate(
        {
            "channel": channel,
            "key": key,
            "subject": subject,
            "received_at": received,
            "outcome": "accepted",
            "reason": "Found by the search for lost events: no delivery had told of it.",
            "body": found.model_dump_json(),
        }
    )
    return (yield from call(context, names.RECORD_DELIVERY, delivery, DeliveryRecorded))
