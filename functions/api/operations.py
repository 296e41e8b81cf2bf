"""What each HTTP function takes and answers, by its name in `functions.index`; a test keeps the two tables equal.

Summaries and descriptions are the rooms' own docstrings. What is told here is what those do not say in types.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from functions.api import answers
from functions.triggers.data_factory import TrainRequest
from functions.triggers.jobs import WatchRequest
from functions.triggers.observations import Observation
from functions.triggers.order_requests import OF_MANY, VERBS, OrderRequest, Verb
from functions.triggers.orders import OrderOfMany
from functions.triggers.reproduction import ReproduceRequest
from functions.triggers.retention import RetentionRequest
from functions.triggers.retirement import RetireRequest
from functions.triggers.run_requests import AnyRunRequest, RetryRequest, RunRequest
from shared.contracts.base import Contract
from shared.contracts.deliveries import CHANNELS
from shared.contracts.interlock import RequestAnswer
from shared.contracts.traces import TraceNode

#: In which people are told what is wrong, too, where they look at a page.
HTML: Final = "text/html"

type Schema = dict[str, Any]
#: Of these, the one whose fields the body has.
type Shapes = tuple[type[Contract], ...]

#: What a parameter means, where it is the same wherever it stands.
MODEL: Final = "A registered model, as the fleet file names it."
FLEET: Final = "Only of this fleet."


class Parameter(NamedTuple):
    """A parameter of the path or of the query.

    Attributes:
        about: What it means.
        schema: What it may be.
        example: One that may be there.
    """

    about: str
    schema: Schema = {"type": "string"}  # noqa: RUF012 - a named tuple's default; nobody changes it
    example: Any = None


class Body(NamedTuple):
    """What a request carries.

    Attributes:
        shapes: One of these; an event in any form that is known, or an array of some, when there is none.
        needs: Fields that it cannot do without here, beside those that the shape itself asks for.
        only: The fields that have a meaning here; all of the shape's when empty.
        required: Whether there must be one at all.
        example: One that is right.
        about: What is asked for by it, where a path has a body of its own.
        role: Which one the caller needs, where the path alone does not decide.
    """

    shapes: Shapes
    needs: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    required: bool = True
    example: Mapping[str, Any] = {}
    about: str = ""
    role: str = ""


class Operation(NamedTuple):
    """What one HTTP function takes and answers.

    Attributes:
        tag: Under which heading it stands.
        answers: The shapes of each answer that is no problem, by status; none for what people look at.
        problems: What each status means, of those that not all functions have.
        path: Its path's parameters.
        query: Its query's parameters.
        body: What it takes, if it takes anything.
        form: Of what it answers, where that is no JSON.
        variants: Bodies by the last parameter of the path, where that decides: each is described by itself.
    """

    tag: str
    answers: Mapping[int, Shapes]
    problems: Mapping[int, str] = {}
    path: Mapping[str, Parameter] = {}
    query: Mapping[str, Parameter] = {}
    body: Body | None = None
    form: str = "application/json"
    variants: Mapping[str, Body] = {}


def limit(usual: int, most: int) -> dict[str, Parameter]:
    """How many things are told."""
    schema = {"type": "integer", "minimum": 1, "maximum": most, "default": usual}
    return {"limit": Parameter("At most so many.", schema)}


_BAD: Final = "The body or a parameter is wrong; `errors` says where."
_MANY: Final = {400: _BAD, 404: "There is no such fleet, or nothing with such labels."}
_NAME: Final = {"name": Parameter(MODEL, example="departures-jfk-mainline-fast")}
_ID: Final = {
    "id": Parameter("Of the run, as the answer told it that began it.", example="run-flights-train-0a1b2c3d4e5f")
}
_VERSION: Final = {
    "name": Parameter("A dataset of a fleet file.", example="departures"),
    "version": Parameter("As `GET /api/datasets` lists it.", example="departures-jfk-2013-0f3c1a2b4d5e"),
}
_NO_MODEL: Final = {404: "No fleet has such a model, or nothing has happened to it yet."}
_BEGUN: Final = {202: (answers.Begun,)}
_FLAG: Final[Schema] = {"type": "string", "enum": ["true", "false"], "default": "false"}
_SHA: Final = "0f3c1a2b4d5e6f708192a3b4c5d6e7f80f3c1a2b4d5e6f708192a3b4c5d6e7f8"
_ALWAYS: Final = ("reason", "by", "request_id")

#: An example of each field of an order.
_ORDERED: Final[Mapping[str, Any]] = {
    "reason": "The forecast of last week was checked by hand",
    "by": "ana@example.com",
    "version": "7",
    "gate": "accuracy",
    "uri": "models:/departures-jfk-mainline-fast/7",
    "until": "2099-01-31T12:00:00Z",
    "artifact_sha256": _SHA,
    "report_sha256": _SHA,
}


#: What each order does to a model.
_ORDERS: Final[Mapping[str, str]] = {
    "hold": "Let no training and no release of a model start by itself",
    "resume": "Lift a hold of a model, as it was given; a parked model goes on",
    "park": "Let nothing of a model start until a person resumes it",
    "release": "Bring a version of a model into production",
    "rollback": "Go back to a model's last good version",
    "forget": "Forget a model's past trainings and versions; production and ledger stay",
    "override": "Let a version pass a gate that it has failed, for a time",
    "approve": "Approve of a release that waits for it",
    "reject": "Refuse a release that waits for approval",
    "adopt": "Take a version that somebody else has registered as the one in production",
}


def _role(verb: Verb) -> str:
    return f"{verb.role}, in the app or of the model"


def _order(name: str) -> Body:
    verb = VERBS[name]
    example = {field: _ORDERED[field] for field in ("reason", "by", *verb.needs) if field in _ORDERED}
    only = (*_ALWAYS, *verb.needs, *verb.may_have)
    return Body((OrderRequest,), verb.needs, only, example=example, about=_ORDERS.get(name, ""), role=_role(verb))


def _order_of_many(name: str) -> Body:
    own = tuple(OrderOfMany.model_fields)
    example = {"fleet": "flights", "select": {"origin": ["JFK"]}, "reason": _ORDERED["reason"], "by": _ORDERED["by"]}
    about = f"{name.capitalize()} all models of a fleet, or those with some labels"
    only = (*own, *_order(name).only)
    return Body((OrderOfMany, OrderRequest), only=only, example=example, about=about, role=_role(VERBS[name]))


def _page(about: str, path: Mapping[str, Parameter] | None = None, **query: str) -> Operation:
    return Operation("Pages", {200: ()}, {404: about} if about else {}, path or {}, _asked(query), form=HTML)


def _picture(about: str, **query: str) -> Operation:
    return Operation("Pages", {200: ()}, {404: about}, _NAME, _asked(query), form="image/svg+xml")


def _asked(query: Mapping[str, str]) -> dict[str, Parameter]:
    return {name: Parameter(about) for name, about in query.items()}


_RUN: Final = {"fleet": "flights", "select": {"origin": ["JFK", "LGA"]}, "request_id": "pipeline-run-41"}

OPERATIONS: Final[Mapping[str, Operation]] = {
    "list_models": Operation(
        "Models",
        {200: (answers.Models,)},
        {400: _BAD},
        query={"brief": Parameter("`true` leaves out past decisions, requests, gates and datasets.", _FLAG)},
    ),
    "get_model": Operation("Models", {200: (answers.ModelNow,)}, _NO_MODEL, _NAME),
    "why_model": Operation(
        "Models",
        {200: (answers.Why,)},
        _NO_MODEL,
        _NAME,
        {"version": Parameter("Of this version, whether or not it is in production.")},
    ),
    "observe": Operation(
        "Models",
        {202: (answers.Observed,)},
        {400: _BAD, 404: "No fleet has such a model."},
        _NAME,
        body=Body(
            (Observation,),
            example={"version": "7", "period": "2026-W47", "figures": {"mape": 0.31}, "reference": {"mape": 0.52}},
        ),
    ),
    "reproduce": Operation(
        "Models",
        _BEGUN,
        {400: _BAD, 404: "No fleet has such a model."},
        {**_NAME, "version": Parameter("Of the registered model.", example="7")},
        body=Body((ReproduceRequest,), required=False, example={"requested_by": "ana@example.com"}),
    ),
    "order_model": Operation(
        "Orders",
        {200: (RequestAnswer,), 202: (answers.Begun,)},
        {400: _BAD, 404: "No fleet has such a model.", 409: "It is refused; the reason says what to do."},
        _NAME,
        variants={name: _order(name) for name in VERBS},
    ),
    "order_models": Operation(
        "Orders", {202: (answers.Ordered,)}, _MANY, variants={name: _order_of_many(name) for name in OF_MANY}
    ),
    "datafactory": Operation(
        "Runs",
        _BEGUN,
        {409: "Too many wait already for the end of that run.", **_MANY},
        variants={
            "condition": Body(
                (RunRequest,),
                example={**_RUN, "prefix": "raw/flights/JFK/"},
                about="Condition the landed files of many cells",
                role="operator",
            ),
            "train": Body((TrainRequest, RunRequest), example=_RUN, about="Train one model, or many", role="operator"),
            "score": Body((RunRequest,), example=_RUN, about="Score many models", role="operator"),
            "run": Body(
                (AnyRunRequest,),
                example={**_RUN, "operation": "train"},
                about="Condition, train or score; the body says which",
                role="operator",
            ),
        },
    ),
    "list_runs": Operation(
        "Runs",
        {200: (answers.Runs,)},
        {400: _BAD, 404: "There is no such fleet."},
        query={"fleet": Parameter(FLEET), **limit(100, 1000)},
    ),
    "get_run": Operation("Runs", {200: (answers.RunWithCells,)}, {404: "There is no such run."}, _ID),
    "retry_run": Operation(
        "Runs",
        _BEGUN,
        {400: _BAD, 404: "There is no such run.", 409: "It goes on, or has nothing left to do."},
        _ID,
        body=Body((RetryRequest,), required=False, example={"requested_by": "ana@example.com"}),
    ),
    "call_back_again": Operation(
        "Runs",
        {202: (answers.CalledBack,)},
        {404: "Nobody is left to be told how it ended."},
        _ID,
    ),
    "get_status": Operation(
        "Runs",
        {200: (answers.Status,), 202: (answers.Status,), 500: (answers.Status,)},
        {404: "There is no such orchestration, or it was deleted after its time."},
        {"id": Parameter("Of the orchestration, as the answer told it that began it.")},
        {"returnInternalServerErrorOnFailure": Parameter("`false` answers 200 for what failed, too.")},
    ),
    "begin_watch": Operation(
        "Runs",
        _BEGUN,
        {400: _BAD},
        {
            "name": Parameter(
                "Azure ML's name of the job.",
                {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_-]{0,254}$"},
                "ivory_kite_8fl2k1",
            )
        },
        body=Body((WatchRequest,), required=False, example={"run_minutes": 240}),
    ),
    "get_trace": Operation(
        "Runs",
        {200: (TraceNode,)},
        {404: "Nothing is known under this id, or it was deleted after its time; what is near it is named."},
        {"id": Parameter("Of an orchestration, a delivery's key, or a trace: a correlation id.", example=_SHA[:32])},
    ),
    "list_conditioning": Operation("Data", {200: (answers.InProgress,)}, query={"fleet": Parameter(FLEET)}),
    "list_datasets": Operation(
        "Data",
        {200: (answers.Datasets,)},
        {400: _BAD, 404: "There is no such fleet or dataset."},
        query={
            "fleet": Parameter(FLEET),
            "dataset": Parameter("Only this dataset."),
            "all": Parameter("Every version, and not only the present one of each cell.", _FLAG),
            **limit(20, 1000),
        },
    ),
    "get_dataset": Operation(
        "Data",
        {200: (answers.DescribedVersion,)},
        {404: "There is no such version, or it expired."},
        _VERSION,
    ),
    "list_quarantine": Operation(
        "Data",
        {200: (answers.Quarantine,)},
        {400: _BAD},
        query={
            "source": Parameter("Only of this source of a fleet file."),
            "file": Parameter("Only of this raw file, by its path."),
            **limit(20, 200),
        },
    ),
    "read_quarantine": Operation(
        "Data",
        {200: (answers.RejectedRows,)},
        {400: _BAD, 404: "Nothing of that path is in quarantine."},
        {
            "path": Parameter(
                "SOURCE/ID.csv, as `GET /api/quarantine` lists it; its slashes are written as they are.",
                example="flights/2013-01.csv",
            )
        },
        {
            "rule": Parameter("Only rows that break this rule."),
            "after": Parameter(
                "Where to go on: `next` of the page before.",
                {"type": "integer", "minimum": 0, "maximum": 10**15 - 1, "default": 0},
            ),
            **limit(100, 1000),
        },
    ),
    "list_fleets": Operation("Models", {200: (answers.Fleets,)}),
    "get_ledger": Operation("Ledger", {200: (answers.LedgerRows,)}, path=_NAME),
    "verify_ledger": Operation("Ledger", {200: (answers.VerifiedLedger,)}, _NO_MODEL, _NAME),
    "verify_ledgers": Operation(
        "Ledger",
        {200: (answers.VerifiedLedgers,)},
        {400: _BAD},
        query={"after": Parameter("Where to go on: `next` of the page before."), **limit(50, 200)},
    ),
    "list_anchors": Operation(
        "Ledger", {200: (answers.Anchors,)}, query={"model": Parameter("Only this model's heads.")}
    ),
    "list_deliveries": Operation(
        "Operations",
        {200: (answers.Deliveries,)},
        {400: _BAD},
        query={
            "channel": Parameter("Only what came through this door.", {"type": "string", "enum": list(CHANNELS)}),
            **limit(100, 1000),
        },
    ),
    "mlflow_webhook": Operation(
        "Operations",
        {200: (answers.Taken,)},
        {400: "It is no webhook of MLflow's.", 401: "It is not signed, wrongly, or too long ago."},
        body=Body(
            (answers.MlflowWebhook,),
            example={
                "entity": "model_version",
                "action": "created",
                "timestamp": "2026-11-21T10:00:00Z",
                "data": {"name": "departures-jfk-mainline-fast", "version": "7"},
            },
        ),
    ),
    "databricks_webhook": Operation(
        "Operations",
        {200: (answers.Taken,)},
        {400: "It is no webhook of Databricks'.", 401: "It is not signed, wrongly, or too long ago."},
        body=Body(
            (answers.DatabricksWebhook,),
            example={
                "event": "MODEL_VERSION_CREATED",
                "event_timestamp": 1795255200000,
                "model_name": "departures-jfk-mainline-fast",
                "version": "7",
            },
        ),
    ),
    "explain_event": Operation(
        "Operations",
        {200: (answers.Explained,)},
        {400: "It is no event in a form that is known.", 404: "It names something that no fleet has."},
        body=Body((), example={"entity": "model_version", "action": "created", "data": {"name": "m", "version": "7"}}),
    ),
    "get_health": Operation("Operations", {200: (answers.Health,)}),
    "reconcile_now": Operation("Operations", _BEGUN),
    "retain_now": Operation(
        "Operations",
        _BEGUN,
        {400: _BAD, 409: "The app's clock is not storage's; nothing was deleted."},
        body=Body((RetentionRequest,), required=False, example={"dry_run": True, "requested_by": "ana@example.com"}),
    ),
    "list_retention": Operation("Operations", {200: (answers.RetentionRuns,)}),
    "get_retention": Operation(
        "Operations", {200: (answers.RetentionReport,)}, {404: "There is no report of it, or not yet."}, _ID
    ),
    "list_retired": Operation("Operations", {200: (answers.Left,)}),
    "retire": Operation(
        "Operations",
        {202: (answers.Retired,)},
        {400: _BAD, 404: "Nothing is known of one of them.", 409: "A fleet file still has one of them."},
        body=Body(
            (RetireRequest,),
            example={"models": ["departures-ewr-mainline"], "confirm": True, "requested_by": "ana@example.com"},
        ),
    ),
    "get_openapi": Operation("Operations", {200: ()}),
    "dashboard": _page("", fleet=FLEET, rows="The label of the rows.", columns="The label of the columns."),
    "dashboard_models": _page(
        "",
        fleet=FLEET,
        state="Only in this state; `busy` for what runs.",
        name="Only with this in the name.",
        needs="Only what needs this of a person.",
        after="So many before are left out.",
    ),
    "dashboard_model": _page("There is no such model.", _NAME),
    "dashboard_chart": _picture("There is no such model, or no such figure.", metric="mape, rmse or rmse_zero."),
    "dashboard_forecast": _picture("There is no such model, or nothing to compare."),
    "dashboard_lineage": _picture("There is no such model, or no version of it."),
    "dashboard_datasets": _page(
        "",
        fleet=FLEET,
        dataset="Its name.",
        after="How many versions are passed over.",
    ),
    "dashboard_dataset": _page("There is no such version.", _VERSION),
    "dashboard_runs": _page(""),
    "dashboard_run": _page("There is no such run.", _ID),
    "dashboard_arrivals": _page(
        "",
        channel="Only what came through this door.",
        outcome="Only what ended so; unusable is failed or dead.",
    ),
}
