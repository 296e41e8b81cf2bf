"""One operation for many models or cells, and how what was begun stands."""

from collections.abc import Mapping
from typing import Any, Final

from functions.api.answers.orchestrations import Status
from functions.api.answers.runs import CalledBack, Runs, RunWithCells
from functions.api.operations.examples import ASKED_BY
from functions.api.operations.operation import Body, Operation, Parameter
from functions.api.operations.parameters import FLEET, RUN, limit
from functions.api.operations.statuses import BAD, BEGUN, NO_RUN, NOTHING_SELECTED
from functions.triggers.data_factory import TrainRequest
from functions.triggers.jobs import WatchRequest
from functions.triggers.run_requests import AnyRunRequest, RetryRequest, RunRequest
from shared.contracts.base import Contract
from shared.contracts.traces import TraceNode

_EXAMPLE: Final = {"fleet": "flights", "select": {"origin": ["JFK", "LGA"]}, "request_id": "pipeline-run-41"}


def _body(about: str, *shapes: type[Contract], **more: Any) -> Body:
    """The body of an operation for many, which operators ask for."""
    return Body(shapes, example={**_EXAMPLE, **more}, about=about, role="operator")


OPERATIONS: Final[Mapping[str, Operation]] = {
    "datafactory": Operation(
        BEGUN,
        {400: BAD, 404: NOTHING_SELECTED, 409: "Too many wait already for the end of that run."},
        variants={
            "condition": _body("Condition the landed files of many cells", RunRequest, prefix="raw/flights/JFK/"),
            "train": _body("Train one model, or many", TrainRequest, RunRequest),
            "score": _body("Score many models", RunRequest),
            "run": _body("Condition, train or score; the body says which", AnyRunRequest, operation="train"),
        },
    ),
    "list_runs": Operation(
        {200: (Runs,)},
        {400: BAD, 404: "There is no such fleet."},
        query={"fleet": Parameter(FLEET), **limit(100, 1000)},
    ),
    "get_run": Operation({200: (RunWithCells,)}, {404: NO_RUN}, RUN),
    "retry_run": Operation(
        BEGUN,
        {400: BAD, 404: NO_RUN, 409: "It goes on, or has nothing left to do."},
        RUN,
        body=Body((RetryRequest,), required=False, example=ASKED_BY),
    ),
    "call_back_again": Operation({202: (CalledBack,)}, {404: "Nobody is left to be told how it ended."}, RUN),
    "get_status": Operation(
        {200: (Status,), 202: (Status,), 500: (Status,)},
        {404: "There is no such orchestration, or it was deleted after its time."},
        {"id": Parameter("Of the orchestration, as the answer told it that began it.")},
        {"returnInternalServerErrorOnFailure": Parameter("`false` answers 200 for what failed, too.")},
    ),
    "begin_watch": Operation(
        BEGUN,
        {400: BAD},
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
        {200: (TraceNode,)},
        {404: "Nothing is known under this id, or it was deleted after its time; what is near it is named."},
        {
            "id": Parameter(
                "Of an orchestration, a delivery's key, or a trace: a correlation id.",
                example="0f3c1a2b4d5e6f708192a3b4c5d6e7f8",
            )
        },
    ),
}
