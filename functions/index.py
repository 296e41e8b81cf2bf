"""The app as a table: every function that the host calls, in which room it is, and what calls it.

This is the one place where a function is registered, see `functions.registration`. Rooms are modules of the packages
beside this one; they are named here and not imported, so that a cold start does not pay for them.
"""

from typing import Final, Literal, NamedTuple

from shared import names


class Route(NamedTuple):
    """An HTTP function.

    Attributes:
        method: The one that it takes.
        path: Below `/api`.
        name: Of the function, in its room and on Azure.
        client: Whether it takes a durable client.
        anonymous: Whether it needs no function key: its room knows who calls.
        by_model: Whether its room looks whether the caller may do it, since that depends on the model.
        only_reads: Whether it changes nothing, although what is asked comes in a body.
    """

    method: str
    path: str
    name: str
    client: bool = False
    anonymous: bool = False
    by_model: bool = False
    only_reads: bool = False

    @property
    def role(self) -> Literal["reader", "operator"] | None:
        """The role that a caller needs before the room is asked at all."""
        if self.anonymous or self.by_model:
            return None
        return "reader" if self.method == "GET" or self.only_reads else "operator"

    @property
    def page(self) -> bool:
        """Whether a person looks at what it answers, in a browser: then a failure is a page as well."""
        return self.path.partition("/")[0] == "dashboard"


#: HTTP functions by their room in `functions.triggers`.
ROUTES: Final = {
    "callbacks": (Route("POST", "runs/{id}/callback", "call_back_again", client=True),),
    "conditioning": (Route("GET", "conditioning", "list_conditioning", client=True),),
    # Pages and pictures for people.
    "dashboard": (
        Route("GET", "dashboard", "dashboard"),
        Route("GET", "dashboard/models", "dashboard_models"),
        Route("GET", "dashboard/models/{name}", "dashboard_model"),
        Route("GET", "dashboard/models/{name}/chart.svg", "dashboard_chart"),
        Route("GET", "dashboard/models/{name}/forecast.svg", "dashboard_forecast"),
        Route("GET", "dashboard/models/{name}/lineage.svg", "dashboard_lineage"),
        Route("GET", "dashboard/datasets", "dashboard_datasets"),
        Route("GET", "dashboard/datasets/{name}/{version}", "dashboard_dataset"),
        Route("GET", "dashboard/runs", "dashboard_runs"),
        Route("GET", "dashboard/runs/{id}", "dashboard_run", client=True),
        Route("GET", "dashboard/arrivals", "dashboard_arrivals"),
    ),
    "data_factory": (Route("POST", "datafactory/{operation}", "datafactory", client=True, by_model=True),),
    "datasets": (
        Route("GET", "datasets", "list_datasets"),
        Route("GET", "datasets/{name}/{version}", "get_dataset"),
        Route("GET", "quarantine", "list_quarantine"),
        Route("GET", "quarantine/{*path}", "read_quarantine"),
    ),
    "explaining": (Route("POST", "events/explain", "explain_event", client=True, only_reads=True),),
    "fleet_runs": (
        Route("GET", "runs", "list_runs", client=True),
        Route("GET", "runs/{id}", "get_run", client=True),
        Route("POST", "runs/{id}/retry", "retry_run", client=True),
    ),
    "fleets": (Route("GET", "fleets", "list_fleets"),),
    "health": (Route("GET", "operations/health", "get_health", client=True),),
    "jobs": (Route("POST", "jobs/{name}/watch", "begin_watch", client=True),),
    "ledger": (
        Route("GET", "models/{name}/why", "why_model"),
        Route("GET", "models/{name}/ledger", "get_ledger"),
        Route("GET", "models/{name}/ledger/verify", "verify_ledger", client=True),
        Route("GET", "ledger/verify", "verify_ledgers", client=True),
        Route("GET", "ledger/anchors", "list_anchors"),
    ),
    "observations": (Route("POST", "observations/{name}", "observe", client=True),),
    "operations": (
        Route("GET", "models", "list_models"),
        Route("GET", "models/{name}", "get_model", client=True),
        Route("GET", "deliveries", "list_deliveries"),
        Route("POST", "operations/reconcile", "reconcile_now", client=True),
    ),
    "openapi": (Route("GET", "openapi.json", "get_openapi"),),
    "orders": (
        Route("POST", "models/{name}/{order}", "order_model", client=True, by_model=True),
        Route("POST", "orders/{order}", "order_models", client=True, by_model=True),
    ),
    "reproduction": (Route("POST", "models/{name}/versions/{version}/reproduce", "reproduce", client=True),),
    # Anonymous for the host: registries cannot send a function key, and the signature is the authentication.
    "registry_webhooks": (
        Route("POST", "webhooks/mlflow", "mlflow_webhook", client=True, anonymous=True),
        Route("POST", "webhooks/databricks", "databricks_webhook", client=True, anonymous=True),
    ),
    "retention": (
        Route("POST", "operations/retention", "retain_now", client=True),
        Route("GET", "operations/retention", "list_retention"),
        Route("GET", "operations/retention/{id}", "get_retention"),
    ),
    "retirement": (
        Route("GET", "operations/retired", "list_retired"),
        Route("POST", "operations/retire", "retire", client=True),
    ),
    "status": (Route("GET", "status/{id}", "get_status", client=True),),
    "traces": (Route("GET", "traces/{*id}", "get_trace", client=True),),
}

#: Timers by their room in `functions.triggers`, each with the setting that holds its schedule; all take a client.
TIMERS: Final = {
    "retention": {"retain_on_schedule": "SIGNALBOX_RETENTION_SCHEDULE"},
    "timers": {
        "anchor_on_schedule": "SIGNALBOX_ANCHOR_SCHEDULE",
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
    names.ANCHOR_LEDGERS,
    names.ANNOUNCE_CODE,
    names.ANSWER_CALLBACK,
    names.APPLY_RETENTION,
    names.CHECK_SERVING,
    names.CONDITION_DATASET,
    names.CONDITION_FILE,
    names.CONDITION_RANGES,
    names.EVALUATE_VERSION,
    names.GIVE_ORDER,
    names.LOOK_FOR_HOLDS,
    names.RECONCILE_EVENTS,
    names.RECORD_MODEL,
    names.RELEASE_MODEL,
    names.REPRODUCE_VERSION,
    names.RETIRE_DATASET,
    names.RETIRE_MODEL,
    names.ROLLBACK_MODEL,
    names.RUN_FLEET,
    names.SCORE_MODEL,
    names.TELL_MODELS,
    names.TELL_RELEASE,
    names.TRAIN_MODEL,
    names.TRAIN_ON_REQUEST,
    names.WAKE_MODEL,
    names.WATCH_JOB,
    names.WITHDRAW_JOB,
)

#: Activities by their room in `functions.activities`.
ACTIVITIES: Final = {
    "adoption": (names.FIND_ADOPTED,),
    "asking": (names.ASK_APPROVAL,),
    "callbacks": (names.FIND_FOLLOWERS, names.POST_CALLBACK, names.CONCLUDE_CALLBACK),
    "analysis": (names.ANALYSE_CHALLENGER,),
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
    "ledger": (names.WRITE_ANCHOR, names.READ_ADVANCED_HEADS),
    "reconciliation": (names.FIND_LOST_ARRIVALS, names.FIND_LOST_VERSIONS),
    "monitoring": (names.FIND_LOST_SERVINGS, names.FIND_CODE_MODELS),
    "noting": (names.NOTE_VERSIONS,),
    "policies": (names.FIND_POLICY, names.FIND_HOLDS),
    "records": (names.APPEND_LEDGER, names.WRITE_MODEL_ROW, names.CONCLUDE_DELIVERY, names.RECORD_DELIVERY),
    "registry": (
        names.REGISTER_VERSION,
        names.REGISTER_BASELINE,
        names.PROMOTE_VERSION,
        names.RESTORE_CHAMPION,
    ),
    "reproduction": (names.FIND_RECORDED_VERSION, names.COMPARE_REPRODUCTION),
    "retention": (names.PLAN_RETENTION, names.DELETE_EXPIRED),
    "retirement": (
        names.WITHDRAW_TRAFFIC,
        names.DELETE_ENDPOINT,
        names.WITHDRAW_PREDICTIONS,
        names.RETIRE_CHAMPION,
        names.CONCLUDE_WAITING_CELLS,
        names.WITHDRAW_ROUTE,
    ),
    "rollback": (names.FIND_BASELINE_VERSION, names.WITHDRAW_CHAMPION),
    "scoring": (
        names.STAGE_GOLDEN_SET,
        names.TEST_DEPLOYMENT,
        names.TEST_PREDICTIONS,
        names.PUBLISH_PREDICTIONS,
        names.RESTORE_PREDICTIONS,
    ),
    "serving_routes": (names.ROUTE_MODEL, names.RESTORE_ROUTE),
    "shadowing": (names.FIND_SHADOW_PERIOD, names.COMPARE_PREDICTIONS),
    "training": (names.SUBMIT_JOB, names.READ_JOB, names.CANCEL_JOB),
    "versions": (names.HASH_VERSION,),
    "verification": (names.VERIFY_VERSION, names.COMPARE_FILES),
}
