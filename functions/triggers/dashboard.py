"""`GET /api/dashboard` and what lies below it: the page for people, as HTML and SVG without scripts.

A reader who may see some models only sees those, and nothing that belongs to no model. What fails is a page as well:
`functions.triggers.door` makes it of whatever is raised here.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import azure.durable_functions as df
import azure.functions as func
import grpc

from functions import adapters
from functions.dashboard import charts, forecasts, reading
from functions.dashboard.answering import commands_of, links_of, make_page
from functions.dashboard.dataset_page import list_datasets, read_dataset
from functions.dashboard.heatmap import HEATS
from functions.dashboard.history import METRICS, judged_versions
from functions.dashboard.home import NAMED, Told, make_home
from functions.dashboard.lineage import draw_lineage
from functions.dashboard.model_page import compared_chart, make_model_page, metric_chart, state_of
from functions.dashboard.narrowing import as_query, narrowed, wanted_of
from functions.dashboard.pages import picture
from functions.dashboard.scope import may_see_trace
from functions.dashboard.seen import FLEET, Model
from functions.dashboard.trace_bars import Bars, make_bars
from functions.ledgers import tell_story
from functions.seen_runs import SeenRun, seen_run
from functions.trace_lookup import find_trace
from functions.triggers.callers import read_caller
from functions.triggers.fleet_runs import find_run
from functions.triggers.http import PROBLEM, BadRequestError
from functions.triggers.starting import utc_now
from shared.blocking import run_blocking
from shared.contracts.deliveries import CHANNELS
from shared.contracts.ledger import LedgerRow
from shared.contracts.traces import TraceNode
from shared.errors import SignalboxError, TransientError
from shared.fleet_runs.need import by_need
from shared.lineage.ledger import check_stored

_LOG: Final = logging.getLogger(__name__)
#: Seconds for one thing that a page reads; for a picture, whose first one loads what draws it.
_SECONDS: Final = 10.0
_DRAWING: Final = 30.0
_MODELS: Final = 100
_CELLS: Final = 200


class _UnknownError(BadRequestError):
    """There is nothing of that name that the caller may see; `near` are names like it, with their addresses."""

    def __init__(self, what: str, name: str, near: Mapping[str, str]) -> None:
        told = f"Nothing is known of “{name}”: it may be misspelt, or it was deleted after its time."
        super().__init__(404, f"unknown-{what.replace(' ', '-')}", told)
        body = json.loads(self.answer.get_body()) | {"title": f"There is no {what} of this name", "near": dict(near)}
        self.answer = func.HttpResponse(json.dumps(body), status_code=404, mimetype=PROBLEM)


async def dashboard(req: func.HttpRequest) -> func.HttpResponse:
    """What needs a person, the fleet at a glance, what is under way, what came in, and what is delivered."""
    unread: list[str] = []
    sight, arrivals, unusable, runs, holds = await asyncio.gather(
        _read(reading.sight, read_caller(req)),
        _read_beside(unread, "what came in lately", reading.deliveries),
        _read_beside(unread, "what came in and could not be used", reading.unusable),
        _read_beside(unread, "runs of the fleets", reading.runs),
        _read_beside(unread, "holds of fleets", reading.holds, utc_now()),
    )
    told = Told(arrivals, unusable, reading.MOST_UNUSABLE, runs, holds, sorted(unread))
    found = await run_blocking(
        make_home, sight, told, commands=commands_of(req), now=utc_now(), fleet=req.params.get(FLEET, ""),
        rows=req.params.get("rows", ""), columns=req.params.get("columns", ""),
    )  # fmt: skip
    return await _page(req, "home.html", here="home", page=found, named=NAMED, heats=HEATS, chosen=as_query)


async def dashboard_models(req: func.HttpRequest) -> func.HttpResponse:
    """Models by name, a hundred at a time; narrowed by state, fleet, part of the name, labels or what they need."""
    sight = await _read(reading.sight, read_caller(req))
    wanted = wanted_of(req.params)
    found = await run_blocking(narrowed, sight.models, wanted, commands_of(req), utc_now())
    first = min(_place(req.params.get("after", "")), len(found))
    shown = found[first : first + _MODELS]
    states = sorted({model.state for model in sight.models} | {"busy"})
    return await _page(
        req, "models.html", here="models", models=shown, total=len(found), first=first, step=_MODELS,
        more=max(0, len(found) - first - len(shown)), states=states, query=wanted,
        after=lambda place: {**wanted, "after": str(max(0, place)) if place > 0 else ""},
    )  # fmt: skip


async def dashboard_model(req: func.HttpRequest) -> func.HttpResponse:
    """One model: what serves, figures over versions, forecasts, why, lineage and history."""
    model = await _model(req)
    chain, published, observed = await asyncio.gather(
        _read(adapters.ledger().chain, model.name), _read(reading.published, model), _read(reading.observed, model)
    )
    rows, findings = chain.rows, check_stored(chain, ())
    compared, why = await asyncio.gather(_compared(model, rows), _read(tell_story, model.name, rows, findings))
    found = make_model_page(
        model, rows, why if rows or findings else None, published=published, compared=compared, observed=observed,
        commands=commands_of(req), now=utc_now(),
    )  # fmt: skip
    return await _page(req, "model.html", here="models", page=found, chosen=as_query)


async def dashboard_chart(req: func.HttpRequest) -> func.HttpResponse:
    """A metric over a model's versions as SVG: `?metric=mape`, `rmse` or `rmse_zero`."""
    model = await _model(req)
    metric = req.params.get("metric") or METRICS[0]
    judged = judged_versions(await _read(adapters.ledger().rows, model.name), model.policy)
    if metric not in METRICS or not any(metric in one.figures for one in judged):
        raise _UnknownError("figure", f"{model.name}: {metric}", _to_model(req, model))
    return picture(await run_blocking(charts.draw, metric_chart(metric, model, judged), timeout=_DRAWING))


async def dashboard_forecast(req: func.HttpRequest) -> func.HttpResponse:
    """Forecast against actual over the test period as SVG."""
    model = await _model(req)
    compared = await _read(reading.compared, model, await _read(adapters.ledger().rows, model.name))
    if not isinstance(compared, forecasts.Compared):
        raise _UnknownError("comparison", model.name, _to_model(req, model))
    return picture(await run_blocking(charts.draw, compared_chart(model.name, compared), timeout=_DRAWING))


async def dashboard_lineage(req: func.HttpRequest) -> func.HttpResponse:
    """Where the version in production, or the last one, came from, as SVG."""
    model = await _model(req)
    rows = await _read(adapters.ledger().rows, model.name)
    trail = (await _read(tell_story, model.name, rows, ()))["trail"]
    if trail is None:
        raise _UnknownError("lineage", model.name, _to_model(req, model))
    return picture(draw_lineage(model.name, trail, state_of(model, trail["version"])).encode())


async def dashboard_datasets(req: func.HttpRequest) -> func.HttpResponse:
    """The present versions of each dataset, fifty at a time; `?fleet=` and `?dataset=` name one, `?after=` goes on."""
    sight = await _read(reading.sight, read_caller(req))
    fleet, name, first = req.params.get(FLEET, ""), req.params.get("dataset", ""), _place(req.params.get("after", ""))
    found = await _read(list_datasets, sight, fleet, name, first)
    return await _page(req, "datasets.html", here="datasets", found=found, first=first, narrowed=fleet or name)


async def dashboard_dataset(req: func.HttpRequest) -> func.HttpResponse:
    """One dataset version: quality report, rejected rows, columns, files."""
    name, version = req.route_params["name"], req.route_params["version"]
    sight = await _read(reading.sight, read_caller(req))
    found = await _read(read_dataset, sight, name, version)
    if found is None:
        links, listed = links_of(req), await _read(list_datasets, sight)
        known = {entry.dataset.version: one.dataset for one in listed for entry in one.entries}
        near = {one: links.dataset(known[one], one) for one in await _read(reading.near, version, known)}
        raise _UnknownError("dataset version", f"{name} {version}", near)
    return await _page(req, "dataset.html", here="datasets", page=found)


async def dashboard_runs(req: func.HttpRequest) -> func.HttpResponse:
    """Runs of the fleets, newest first."""
    return await _page(req, "runs.html", here="runs", found=await _read(reading.runs))


async def dashboard_run(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """One run: of a fleet, with its cells, or any orchestration; and its trace."""
    instance = req.route_params["id"]
    sight, run = await asyncio.gather(_read(reading.sight, read_caller(req)), _run(client, instance))
    trace, why_not = await _trace(client, instance)
    if trace is not None and not may_see_trace(sight, trace):
        trace, why_not = None, "The trace may tell of models that you may not see, so it is not shown."
    if run is None and trace is None:
        known = [one.run for one in await _read(reading.runs)]
        near = {one: links_of(req).run(one) for one in await _read(reading.near, instance, known)}
        raise _UnknownError("run", instance, near)
    cells = sorted(run.cells, key=lambda cell: by_need(cell.outcome, cell.name)) if run is not None else []
    bars: Bars | None = make_bars(trace, utc_now()) if trace is not None else None
    return await _page(
        req, "run.html", here="runs", instance=instance, row=run.row if run is not None else None,
        cells=cells[:_CELLS], total=len(cells), trace=trace, bars=bars, why_no_trace=why_not, names=sight.by_name,
    )  # fmt: skip


async def dashboard_arrivals(req: func.HttpRequest) -> func.HttpResponse:
    """What came in lately, newest first; `?channel=` and `?outcome=` narrow it."""
    sight = await _read(reading.sight, read_caller(req))
    channel = next((one for one in CHANNELS if one == req.params.get("channel")), None)
    outcome = next((one for one in reading.OUTCOMES if one == req.params.get("outcome")), "")
    found = await _read(reading.arrivals, channel, outcome) if sight.whole else []
    return await _page(
        req, "arrivals.html", here="arrivals", found=[(one, 0) for one in found], channel=channel, channels=CHANNELS,
        outcome=outcome, outcomes=reading.OUTCOMES, unusable=outcome == reading.UNUSABLE, looked=reading.SEARCHED,
        hidden=not sight.whole,
    )  # fmt: skip


async def _page(req: func.HttpRequest, template: str, **values: Any) -> func.HttpResponse:
    return await run_blocking(make_page, req, template, values, now=utc_now())


async def _read[T](function: Callable[..., T], *args: Any) -> T:
    return await run_blocking(function, *args, timeout=_SECONDS)


async def _read_beside[T](unread: list[str], what: str, function: Callable[..., list[T]], *args: Any) -> list[T]:
    """What a page can do without; where it cannot be read just now, the page says so."""
    try:
        return await _read(function, *args)
    except TransientError as error:
        _LOG.warning("the page is shown without %s: %s", what, error)
        unread.append(what)
        return []


async def _model(req: func.HttpRequest) -> Model:
    """The model that the address names.

    Raises:
        _UnknownError: There is none that the caller may see.
    """
    name, caller = req.route_params["name"], read_caller(req)
    found = await _read(reading.model_in_sight, caller, name)
    if found is None:
        known = (await _read(reading.sight, caller)).by_name
        near = {one: links_of(req).model(one) for one in await _read(reading.near, name, known)}
        raise _UnknownError("model", name, near)
    return found


async def _run(client: df.DurableFunctionsClient, instance: str) -> SeenRun | None:
    """A run of a fleet as it stands, with its cells; while the durable backend is away, as it was written down last.

    `None` where there is none, or it is about nothing that the caller may see.
    """
    try:
        row = await find_run(client, instance)
    except grpc.aio.AioRpcError as error:
        _LOG.warning("how %s stands cannot be asked: %s", instance, error)
        row = await _read(adapters.runs().get, instance)
    return await run_blocking(seen_run, row, timeout=_SECONDS, with_cells=True) if row is not None else None


async def _compared(model: Model, rows: Sequence[LedgerRow]) -> forecasts.Compared | str:
    """Forecast against actual; a training platform that is slow costs this alone, and not the page."""
    try:
        return await _read(reading.compared, model, rows)
    except TransientError as error:
        return reading.NOT_NOW.format(error)


async def _trace(client: df.DurableFunctionsClient, instance: str) -> tuple[TraceNode | None, str]:
    """The trace of a run; where it cannot be read, why."""
    try:
        async with asyncio.timeout(_SECONDS):
            return await find_trace(client, instance), "Its history was deleted after its time."
    except (SignalboxError, TimeoutError, grpc.aio.AioRpcError) as error:
        _LOG.warning("the trace of %s cannot be read: %s", instance, error)
        return None, "The trace cannot be read just now. Open the page again in a while."


def _to_model(req: func.HttpRequest, model: Model) -> dict[str, str]:
    return {model.name: links_of(req).model(model.name)}


def _place(text: str) -> int:
    """How many things are passed over; nonsense passes over none."""
    return int(text) if text.isdecimal() and len(text) < 7 else 0
