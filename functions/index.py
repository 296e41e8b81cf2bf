"""The app as a table: every function that the host calls, in which room it is, and what calls it.

This is the one place where a function is registered, see `functions.registration`. Rooms are modules of the packages
beside this one; they are named here and not imported, so that a cold start does not pay for them.
"""

from typing import Final, NamedTuple

from shared import names


class Route(NamedTuple):
    """An HTTP function.

    Attributes:
        method: The one that it takes.
        path: Below `/api`.
        name: Of the function, in its room and on Azure.
        client: Whether it takes a durable client.
        anonymous: Whether it needs no function key.
    """

    method: str
    path: str
    name: str
    client: bool = False
    anonymous: bool = False


#: HTTP functions by their room in `functions.triggers`.
ROUTES: Final = {
    "conditioning": (Route("GET", "conditioning", "list_conditioning", client=True),),
    "data_factory": (Route("POST", "datafactory/{operation}", "datafactory", client=True),),
    "datasets": (
        Route("GET", "datasets", "list_datasets"),
        Route("GET", "datasets/{name}/{version}", "get_dataset"),
        Route("GET", "quarantine", "list_quarantine"),
        Route("GET", "quarantine/{*path}", "get_quarantine"),
    ),
    "fleet_runs": (
        Route("GET", "runs", "list_runs", client=True),
        Route("GET", "runs/{id}", "get_run", client=True),
        Route("POST", "runs/{id}/retry", "retry_run", client=True),
    ),
    "fleets": (Route("GET", "fleets", "list_fleets"),),
    "jobs": (Route("POST", "jobs/{name}/watch", "begin_watch", client=True),),
    "operations": (
        Route("GET", "models", "list_models"),
        Route("GET", "models/{name}", "get_model"),
        Route("GET", "models/{name}/why", "why_model"),
        Route("GET", "models/{name}/ledger", "get_ledger"),
        Route("GET", "deliveries", "list_deliveries"),
        Route("POST", "operations/reconcile", "reconcile_now", client=True),
    ),
    # Anonymous for the host: MLflow cannot send a function key, and the signature is the authentication.
    "registry_webhooks": (Route("POST", "webhooks/mlflow", "mlflow_webhook", client=True, anonymous=True),),
    "retention": (
        Route("POST", "operations/retention", "retain_now", client=True),
        Route("GET", "operations/retention", "list_retention"),
        Route("GET", "operations/retention/{id}", "get_retention"),
    ),
    "retirement": (
        Route("GET", "operations/retired", "list_retired"),
        Route("POST", "operations/retire", "retire", client=True),
    ),
}

#: Timers by their room in `functions.triggers`, each with the setting that holds its schedule; all take a client.
TIMERS: Final = {
    "retention": {"retain_on_schedule": "SIGNALBOX_RETENTION_SCHEDULE"},
    "timers": {
        "reconcile_on_schedule": "SIGNALBOX_RECONCILE_SCHEDULE",
        "begin_scheduled_runs": "SIGNALBOX_TICK_SCHEDULE",
    },
}

#: Functions that Event Grid calls, by their room in `functions.triggers`; all take a client.
EVENTS: Final = {
    "azureml_events": ("azureml_events",),
    "storage_events": ("storage_events",),
}

#: Entity classes by their room in `functions.entities`, which is also the entity's name.
ENTITIES: Final = {
    names.JOB_SLOTS: "JobSlots",
    names.MODEL_INTERLOCK: "ModelInterlock",
}

#: Orchestrators; each is in a room of its own name in `functions.orchestrators`.
ORCHESTRATORS: Final = (
    names.APPLY_RETENTION,
    names.CONDITION_DATASET,
    names.CONDITION_FILE,
    names.CONDITION_RANGES,
    names.RECONCILE_EVENTS,
    names.RECORD_MODEL,
    names.RELEASE_MODEL,
    names.RETIRE_DATASET,
    names.RETIRE_MODEL,
    names.RUN_FLEET,
    names.SCORE_MODEL,
    names.TELL_MODELS,
    names.TRAIN_MODEL,
    names.TRAIN_ON_REQUEST,
    names.WATCH_JOB,
    names.WITHDRAW_JOB,
)

#: Activities by their room in `functions.activities`.
ACTIVITIES: Final = {
    "conditioning": (
        names.FIND_SOURCE_FILES,
        names.CONDITION_SOURCE,
        names.PLAN_FILE,
        names.CONDITION_RANGE,
        names.COMMIT_FILE,
        names.PUBLISH_DATASET,
    ),
    "datasets": (names.FIND_CONCERNED_MODELS, names.FIND_DATASET),
    "deployment": (
        names.CREATE_DEPLOYMENT,
        names.READ_DEPLOYMENT,
        names.SHIFT_TRAFFIC,
        names.DELETE_DEPLOYMENT,
        names.SCALE_DEPLOYMENT,
    ),
    "evaluation": (names.EVALUATE_MODEL,),
    "fleet_runs": (names.PLAN_RUN, names.READ_RUN_CELLS, names.LOOK_AT_RUN, names.CONCLUDE_RUN),
    "reconciliation": (names.FIND_LOST_ARRIVALS, names.FIND_LOST_VERSIONS),
    "records": (names.APPEND_LEDGER, names.WRITE_MODEL_ROW, names.CONCLUDE_DELIVERY, names.RECORD_DELIVERY),
    "registry": (
        names.REGISTER_VERSION,
        names.REGISTER_BASELINE,
        names.PROMOTE_VERSION,
        names.RESTORE_CHAMPION,
    ),
    "retention": (names.PLAN_RETENTION, names.DELETE_EXPIRED),
    "retirement": (
        names.WITHDRAW_TRAFFIC,
        names.DELETE_ENDPOINT,
        names.WITHDRAW_PREDICTIONS,
        names.RETIRE_CHAMPION,
        names.CONCLUDE_WAITING_CELLS,
        names.WITHDRAW_ROUTE,
    ),
    "scoring": (
        names.STAGE_GOLDEN_SET,
        names.TEST_DEPLOYMENT,
        names.TEST_PREDICTIONS,
        names.PUBLISH_PREDICTIONS,
        names.RESTORE_PREDICTIONS,
    ),
    "serving_routes": (names.ROUTE_MODEL, names.RESTORE_ROUTE),
    "training": (names.SUBMIT_JOB, names.READ_JOB, names.CANCEL_JOB),
}
