"""The app: makes the DFApp and registers the blueprints, nothing else."""

import azure.durable_functions as df

from functions.activities import (
    conditioning,
    deployment,
    evaluation,
    reconciliation,
    records,
    registry,
    scoring,
    training,
)
from functions.entities import model_interlock
from functions.orchestrators import (
    condition_dataset,
    reconcile_events,
    record_model,
    release_model,
    train_model,
    train_on_request,
)
from functions.triggers import azureml_events, data_factory, operations, registry_webhooks, storage_events, timers

app = df.DFApp()

for room in (
    # triggers
    azureml_events,
    data_factory,
    operations,
    registry_webhooks,
    storage_events,
    timers,
    # entities
    model_interlock,
    # orchestrators
    condition_dataset,
    reconcile_events,
    record_model,
    release_model,
    train_model,
    train_on_request,
    # activities
    conditioning,
    deployment,
    evaluation,
    reconciliation,
    records,
    registry,
    scoring,
    training,
):
    app.register_functions(room.blueprint)
