"""`reconcile_events`: find landed files and registered versions whose event was lost, and act as if it had come."""

from durabletask import task

from functions.boundary import Steps, call, orchestrator
from functions.orchestrators.steps import now, tell_interlock
from shared import names
from shared.contracts.deliveries import Delivery, DeliveryRecorded
from shared.contracts.interlock import VersionRegistered
from shared.contracts.reconciliation import LostArrivals, LostVersion, LostVersions, ReconcileInput, ReconcileOutcome


@orchestrator
def reconcile_events(context: task.OrchestrationContext, order: ReconcileInput) -> Steps[ReconcileOutcome]:
    """Act on what no event has led to.

    1. Versions that no delivery has told of: tell their interlocks, as the webhook would have, and record it.
    2. Files that led to nothing: condition what they belong to. That records its own end, so the next search does not
       find it again; one that fails does not keep the others from being tried.

    Each search answers a few at a time; what is left is found by the next one.
    """
    lost_versions = yield from call(context, names.FIND_LOST_VERSIONS, order, LostVersions)
    for found in lost_versions.versions:
        yield from _tell(context, order, found)

    lost_files = yield from call(context, names.FIND_LOST_ARRIVALS, order, LostArrivals)
    failed: list[str] = []
    for lost in lost_files.orders:
        child = names.instance_id(f"reconcile {lost.dataset}", lost.key, context.instance_id)
        try:
            yield context.call_sub_orchestrator(names.CONDITION_DATASET, input=lost.to_wire(), instance_id=child)
        except task.TaskFailedError:
            failed.append(lost.subject)
    return ReconcileOutcome(
        arrivals=tuple(lost.subject for lost in lost_files.orders),
        failed=tuple(failed),
        versions=tuple(f"{found.version.model}@{found.version.version}" for found in lost_versions.versions),
    )


def _tell(context: task.OrchestrationContext, order: ReconcileInput, found: LostVersion) -> Steps[DeliveryRecorded]:
    model, version = found.version.model, found.version.version
    event = VersionRegistered(
        model=model, at=now(context), trace=order.trace, policy=found.policy, version=version, seen_by="reconciliation"
    )
    tell_interlock(context, event)
    delivery = Delivery(
        channel="mlflow",
        key=names.version_key(model, version),
        subject=f"{model} {version} model_version.created",
        received_at=now(context),
        outcome="accepted",
        reason="Found by the search for lost events: no delivery had told of it.",
        body=found.version.model_dump_json(),
    )
    return (yield from call(context, names.RECORD_DELIVERY, delivery, DeliveryRecorded))
