"""The app: makes the DFApp and registers the blueprints, nothing else."""

import azure.durable_functions as df

from functions.activities import (
    conditioning,
    datasets,
    deployment,
    evaluation,
    reconciliation,
    records,
    registry,
    scoring,
    training,
)
from functions.activities import fleet_runs as fleet_run_activities
from functions.activities import retention as retention_activities
from functions.activities import retirement as retirement_activities
from functions.entities import job_slots, model_interlock
from functions.orchestrators import (
    apply_retention,
    condition_dataset,
    reconcile_events,
    record_model,
    release_model,
    retire_dataset,
    retire_model,
    run_fleet,
    score_model,
    tell_models,
    train_model,
    train_on_request,
)
from functions.triggers import (
    azureml_events,
    data_factory,
    fleet_runs,
    fleets,
    operations,
    registry_webhooks,
    retention,
    retirement,
    storage_events,
    timers,
)

app = df.DFApp()

for room in (
    # triggers
    azureml_events,
    data_factory,
    fleet_runs,
    fleets,
    operations,
    registry_webhooks,
    retention,
    retirement,
    storage_events,
    timers,
    # entities
    job_slots,
    model_interlock,
    # orchestrators
    apply_retention,
    condition_dataset,
    reconcile_events,
    record_model,
    release_model,
    retire_dataset,
    retire_model,
    run_fleet,
    score_model,
    tell_models,
    train_model,
    train_on_request,
    # activities
    conditioning,
    datasets,
    deployment,
    evaluation,
    fleet_run_activities,
    reconciliation,
    records,
    registry,
    retention_activities,
    retirement_activities,
    scoring,
    training,
):
    app.register_functions(room.blueprint)
