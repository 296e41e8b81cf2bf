"""What the fleet files do not have any more: listed, and taken out of service when somebody confirms it."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import azure.durable_functions as df
import azure.functions as func
from pydantic import Field

from functions import adapters, sight, tracing
from functions.triggers.callers import read_caller
from functions.triggers.http import BadRequestError, answer, read_object
from functions.triggers.run_requests import read_body_as
from functions.triggers.starting import signal_interlock, start_once, utc_now
from shared import names
from shared.blocking import run_blocking
from shared.contracts.base import Contract
from shared.contracts.interlock import RetirementRequested
from shared.contracts.read_model import ModelRow
from shared.contracts.retirement import RetireDatasetInput
from shared.fleet.fleet import Fleets

_WANTED: Final = (
    "Needed: confirm, requested_by, and models, datasets or both, with the names that "
    "`GET /api/operations/retired` lists."
)
#: Cells that wait for files are told by name, up to so many.
_SHOWN: Final = 20


class RetireRequest(Contract):
    """The body of `POST /api/operations/retire`.

    Attributes:
        models: Exact names.
        datasets: Exact names, each with its fleet: `flights/departures`.
        confirm: Nothing happens unless it is true.
        requested_by: Who answers for it; it is written into the ledger.
    """

    models: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    confirm: bool = False
    requested_by: str = Field(min_length=1, max_length=200)


async def list_retired(req: func.HttpRequest) -> func.HttpResponse:
    """Models and datasets that no fleet file has any more, and what a retirement would take away from each.

    Nothing happens by itself: they go on as they are until `POST /api/operations/retire` names them. No fleet file says
    who may see them, so they are told to readers of the whole app alone.
    """
    if not sight.is_whole():
        return answer(200, {"models": [], "datasets": []})
    fleets = adapters.fleets()
    rows = await run_blocking(adapters.read_model().all)
    cells = await run_blocking(adapters.inbox().outcomes, "conditioning")
    retired = await run_blocking(adapters.inbox().outcomes, "retirement")
    return answer(200, {"models": retired_models(fleets, rows), "datasets": retired_datasets(fleets, cells, retired)})


async def retire(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """Take models and datasets out of service: all that are named, or, when one of them cannot be, none.

    Answers 202: a model goes when nothing of it is in flight any more. Asking again is harmless.
    """
    with tracing.span("retire", None):
        try:
            request = read_body_as(RetireRequest, read_object(req), _WANTED)
            rows = {row.model: row for row in await run_blocking(adapters.read_model().all)}
            cells = await run_blocking(adapters.inbox().outcomes, "conditioning")
            refuse_retirement(request, adapters.fleets(), rows, cells)
        except BadRequestError as error:
            return error.answer
        if name := read_caller(req).name:  # a token says who asks
            request = request.model_copy(update={"requested_by": name})
        for model in request.models:
            await signal_interlock(client, _event(request, rows[model]))
        for dataset in request.datasets:
            await _retire_dataset(client, request, dataset)
    return answer(202, {"models": list(request.models), "datasets": list(request.datasets)})


def retired_models(fleets: Fleets, rows: Iterable[ModelRow]) -> list[dict[str, Any]]:
    """Models that the read model knows and no fleet file has, with what they still have."""
    return [
        {
            "model": row.model,
            "fleet": row.fleet,
            "state": row.state,
            "alias": names.CHAMPION if row.champion else None,
            "champion": row.champion,
            "endpoint": row.serving.get("endpoint"),
            "deployment": row.serving.get("deployment"),
            "predictions": row.serving.get("published"),
            "in_flight": [run.instance for run in row.in_flight],
        }
        for row in rows
        if fleets.model(row.model) is None and row.state != "retired"
    ]


def retired_datasets(fleets: Fleets, cells: Mapping[str, str], retired: Mapping[str, str]) -> list[dict[str, Any]]:
    """Datasets that files have landed for and no fleet file has, with the cells that wait for more.

    Args:
        fleets: What the fleet files have.
        cells: How every conditioning stands, by its key.
        retired: What was retired before; it is listed again only when something waits.
    """
    known: dict[str, list[str]] = {}
    for key, outcome in cells.items():
        name, cell = _dataset(key)
        waits = known.setdefault(name, [])
        if outcome in ("waiting", "failed"):
            waits.append(cell)
    return [
        {"dataset": name, "waiting": len(waits), "cells": sorted(waits)[:_SHOWN]}
        for name, waits in sorted(known.items())
        if not _has(fleets, name) and (waits or name not in retired)
    ]


def refuse_retirement(
    request: RetireRequest, fleets: Fleets, rows: Mapping[str, ModelRow], cells: Mapping[str, str]
) -> None:
    """Refuse what was not confirmed, not named exactly, or is in a fleet file.

    Raises:
        BadRequestError: It says which, and what would be right.
    """
    if not request.models and not request.datasets:
        raise BadRequestError(400, "nothing-named", f"No model and no dataset is named. {_WANTED}")
    if not request.confirm:
        told = "Nothing was retired: add `confirm: true` when what `GET /api/operations/retired` lists may go."
        raise BadRequestError(400, "not-confirmed", told)
    for model in request.models:
        _refuse_model(model, fleets, rows)
    datasets = {_dataset(key)[0] for key in cells}
    for dataset in request.datasets:
        if _has(fleets, dataset):
            told = f"The fleet file still has the dataset {dataset}. Remove it there first, and deploy that."
            raise BadRequestError(409, "still-in-fleet", told)
        if dataset not in datasets:
            raise BadRequestError(404, "unknown-dataset", f"Nothing is known of a dataset {dataset}. {_WANTED}")


def _refuse_model(model: str, fleets: Fleets, rows: Mapping[str, ModelRow]) -> None:
    for fleet in fleets.all:
        if model in fleet.lines:
            place = f"{fleet.path.name}:{fleet.lines[model]}"
            told = f"{place} still has the model {model}. Remove it there first, and deploy that."
            raise BadRequestError(409, "still-in-fleet", told)
    if model not in rows:
        raise BadRequestError(404, "unknown-model", f"Nothing is known of a model {model}. {_WANTED}")


def _event(request: RetireRequest, row: ModelRow) -> RetirementRequested:
    """The request; its id is the same until something has happened to the model since."""
    return RetirementRequested(
        model=row.model,
        at=utc_now(),
        trace=tracing.traceparent(),
        requested_by=request.requested_by,
        request_id=names.content_hash("retire", row.model, row.revision),
    )


async def _retire_dataset(client: df.DurableFunctionsClient, request: RetireRequest, name: str) -> None:
    fleet, _, dataset = name.partition("/")
    at = utc_now()
    order = RetireDatasetInput(
        fleet=fleet, dataset=dataset, requested_by=request.requested_by, at=at, trace=tracing.traceparent()
    )
    await start_once(client, names.RETIRE_DATASET, order, names.instance_id(f"retire {name}", at.isoformat()))


def _dataset(key: str) -> tuple[str, str]:
    """Name and cell of a conditioning's key: `FLEET/DATASET/DATASET label=value …@CAUSE`."""
    fleet, dataset, rest = (*key.split("/", 2), "", "")[:3]
    return f"{fleet}/{dataset}", rest.partition("@")[0]


def _has(fleets: Fleets, name: str) -> bool:
    fleet, _, dataset = name.partition("/")
    return any(one.name == fleet and dataset in one.datasets for one in fleets.all)
