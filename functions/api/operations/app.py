"""How the app is, what came in, what was lost, and what goes."""

from collections.abc import Mapping
from typing import Final

from functions.api.answers.deliveries import Deliveries, Taken
from functions.api.answers.explanation import Explained
from functions.api.answers.health import Health
from functions.api.answers.retention import RetentionReport, RetentionRuns
from functions.api.answers.retirement import Left, Retired
from functions.api.operations.examples import ASKED_BY, MODEL
from functions.api.operations.operation import Body, Operation, Parameter
from functions.api.operations.parameters import RUN, limit
from functions.api.operations.statuses import BAD, BEGUN
from functions.api.webhooks import DatabricksWebhook, MlflowWebhook
from functions.triggers.retention import RetentionRequest
from functions.triggers.retirement import RetireRequest
from shared.contracts.deliveries import CHANNELS

_NOT_BELIEVED: Final = "It is not signed, wrongly, or too long ago."

OPERATIONS: Final[Mapping[str, Operation]] = {
    "list_deliveries": Operation(
        {200: (Deliveries,)},
        {400: BAD},
        query={
            "channel": Parameter("Only what came through this door.", {"type": "string", "enum": list(CHANNELS)}),
            **limit(100, 1000),
        },
    ),
    "mlflow_webhook": Operation(
        {200: (Taken,)},
        {400: "It is no webhook of MLflow's.", 401: _NOT_BELIEVED},
        body=Body(
            (MlflowWebhook,),
            example={
                "entity": "model_version",
                "action": "created",
                "timestamp": "2026-11-21T10:00:00Z",
                "data": {"name": MODEL, "version": "7"},
            },
        ),
    ),
    "databricks_webhook": Operation(
        {200: (Taken,)},
        {400: "It is no webhook of Databricks'.", 401: _NOT_BELIEVED},
        body=Body(
            (DatabricksWebhook,),
            example={
                "event": "MODEL_VERSION_CREATED",
                "event_timestamp": 1795255200000,
                "model_name": MODEL,
                "version": "7",
            },
        ),
    ),
    "explain_event": Operation(
        {200: (Explained,)},
        {400: "It is no event in a form that is known.", 404: "It names something that no fleet has."},
        body=Body((), example={"entity": "model_version", "action": "created", "data": {"name": "m", "version": "7"}}),
    ),
    "get_health": Operation({200: (Health,)}),
    "reconcile_now": Operation(BEGUN),
    "retain_now": Operation(
        BEGUN,
        {400: BAD, 409: "The app's clock is not storage's; nothing was deleted."},
        body=Body((RetentionRequest,), required=False, example={"dry_run": True, **ASKED_BY}),
    ),
    "list_retention": Operation({200: (RetentionRuns,)}),
    "get_retention": Operation({200: (RetentionReport,)}, {404: "There is no report of it, or not yet."}, RUN),
    "list_retired": Operation({200: (Left,)}),
    "retire": Operation(
        {202: (Retired,)},
        {400: BAD, 404: "Nothing is known of one of them.", 409: "A fleet file still has one of them."},
        body=Body((RetireRequest,), example={"models": ["departures-ewr-mainline"], "confirm": True, **ASKED_BY}),
    ),
    "get_openapi": Operation({200: ()}),
}
