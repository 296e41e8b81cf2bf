"""`GET /api/traces/{id}`: the story of one event as a tree."""

import azure.durable_functions as df
import azure.functions as func

from functions.trace_lookup import find_trace, models_of, nearest
from functions.triggers.callers import Seen
from functions.triggers.http import answer, problem


async def get_trace(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """What an event led to, by an orchestration's id, a delivery's key or a trace's id; 404 with what is near it.

    Whoever may see some models only sees what tells of no other one, and no ids that resemble.
    """
    wanted, seen = req.route_params["id"].strip(), Seen(req)
    found = await find_trace(client, wanted) if wanted else None
    if found is not None and seen.has_all(models_of(found)):
        return answer(200, found.to_wire())
    near = await nearest(client, wanted) if seen.whole else ()
    listed = "`signalbox run list`, `GET /api/runs` and `GET /api/deliveries` list ids."
    told = f"Did you mean {' or '.join(f'`{one}`' for one in near)}?" if near else listed
    detail = f"There is no run, delivery or trace {wanted!r}, or it was deleted after its time. {told}"
    return problem(404, "unknown-trace", detail)
