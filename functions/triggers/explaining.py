"""`POST /api/events/explain`: what an event would start, and why, without doing it.

The body is the event as it comes over the wire, or an array of some; each is explained from the models' present states.
The rooms' own parsers read it, the same decision decides on copies, and nothing is written, recorded or begun.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

import azure.durable_functions as df
import azure.functions as func
from durabletask.client import OrchestrationStatus

from functions import adapters, sight, tracing
from functions.triggers.azureml_events import run_of, waiting_instance
from functions.triggers.callers import Seen
from functions.triggers.explanation import explanation
from functions.triggers.http import BadRequestError, answer, parse_json, read_body
from functions.triggers.present import Present
from functions.triggers.recognizing import read_events, recognize
from functions.triggers.understanding_files import understand_blob
from functions.triggers.understanding_registry import understand_databricks, understand_mlflow
from functions.triggers.understanding_requests import (
    understand_activity,
    understand_call,
    understand_observation,
    understand_order,
    understand_own,
)
from functions.triggers.understood import Understood
from shared.blocking import run_blocking
from shared.interlock.explaining import Foreseen, foresee

_UNDERSTAND: Final[dict[str, Callable[[Mapping[str, Any]], Understood]]] = {
    "mlflow": understand_mlflow,
    "databricks": understand_databricks,
    "activity": understand_activity,
    "data_factory": understand_call,
    "observation": understand_observation,
    "conditioning": understand_order,
    "event": understand_own,
}
_AZURE_ML: Final = "Microsoft.MachineLearningServices."
_HANDSHAKE: Final = "Microsoft.EventGrid.SubscriptionValidationEvent"
#: Cells are looked for in what has landed.
_TIMEOUT: Final = 200.0
_OVER: Final = (OrchestrationStatus.COMPLETED, OrchestrationStatus.FAILED, OrchestrationStatus.TERMINATED)


async def explain_event(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """Tell of each event what it was recognized as, whether it would be accepted, and what it would start."""
    with tracing.span("explain_event", None):
        try:
            events, present, seen = read_events(parse_json(read_body(req))), Present(client), Seen(req)
            told = [await _explain(client, present, seen, event) for event in events]
        except BadRequestError as error:
            return error.answer
    return answer(200, {"events": told})


async def _explain(
    client: df.DurableFunctionsClient, present: Present, seen: Seen, event: dict[str, Any]
) -> dict[str, Any]:
    form = recognize(event)
    if form == "delivery":
        event, form = _recorded(event)
    if form in ("event_grid", "cloud_event"):
        understood = await _understand_grid(client, seen, _in_words_of_event_grid(event))
    else:
        understood = await run_blocking(_UNDERSTAND[form], event, timeout=_TIMEOUT)
        understood = await _unless_begun(client, understood)
    foreseen, unread = await _foresee(present, understood)
    shown = tuple(one for one in foreseen if seen.has(one.model))
    if len(shown) < len(foreseen):
        told = f"Of {len(foreseen)} models those are told that you may see: {len(shown)}."
        understood = replace(understood, notes=(*understood.notes, told))
    return explanation(understood, shown, tuple(filter(seen.has, unread)))


def _recorded(delivery: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """The event in a delivery that was recorded, as `GET /api/deliveries` lists it, and its form.

    Raises:
        BadRequestError: Its body was cut, or there was none.
    """
    try:
        event = json.loads(str(delivery["body"]))
    except ValueError:
        event = None
    if not isinstance(event, dict):
        told = (
            "The delivery's `body` is no JSON object: of long ones only the beginning is kept. Give the event itself."
        )
        raise BadRequestError(400, "not-an-event", told)
    return event, recognize(event)


def _in_words_of_event_grid(event: Mapping[str, Any]) -> dict[str, Any]:
    """An event of either schema."""
    return {
        "eventType": event.get("eventType") or event.get("type"),
        "eventTime": event.get("eventTime") or event.get("time"),
        "subject": event.get("subject") or "",
        "data": event.get("data"),
    }


async def _understand_grid(client: df.DurableFunctionsClient, seen: Seen, event: Mapping[str, Any]) -> Understood:
    kind = str(event["eventType"])
    if kind.startswith(_AZURE_ML):
        return await _understand_job(client, seen, kind, event)
    if kind.startswith("Microsoft.Storage."):
        return await run_blocking(understand_blob, event, timeout=_TIMEOUT)
    why = "This app listens to files that land and to jobs of Azure ML; events of this type start nothing."
    if kind == _HANDSHAKE:
        why = "Event Grid asks whether this app wants its events; the Functions host answers, and nothing starts."
    return Understood("event_grid", kind, False, why)


async def _understand_job(
    client: df.DurableFunctionsClient, seen: Seen, kind: str, event: Mapping[str, Any]
) -> Understood:
    """A job's event wakes whoever waits for the job, and is otherwise not looked at."""
    data, subject = event["data"], str(event["subject"])
    what = f"{kind.removeprefix(_AZURE_ML)} of {subject or 'a job'}"
    if kind.removeprefix(_AZURE_ML) not in ("RunCompleted", "RunStatusChanged"):
        why = "Of Azure ML's events only RunCompleted and RunStatusChanged are listened to."
        if kind.endswith("ModelRegistered"):
            why += " A version that somebody registers is found by the search for lost events."
        return Understood("azureml", what, False, why)
    instance = waiting_instance(data, subject)
    if instance is None:
        return Understood("azureml", what, False, "It tells of a step of a pipeline, or names no run: nobody waits.")
    rows = await run_blocking(adapters.read_model().all)
    run = run_of(data, subject)
    whose = [
        row.model for row in rows if seen.has(row.model) and any(flight.instance == run for flight in row.in_flight)
    ]
    state = await client.get_orchestration_state(instance) if whose or sight.is_whole() else None
    if state is None or state.runtime_status in _OVER:
        why = "Nobody waits for this job" + (" any more: the wait has ended." if state else ".")
        return Understood("azureml", what, False, why)
    of = f" of {', '.join(whose)}" if whose else ""
    note = f"The wait for the job {run}{of} would wake and read the job's status itself; what follows depends on that."
    return Understood("azureml", what, True, "Somebody waits for this job.", notes=(note,))


async def _unless_begun(client: df.DurableFunctionsClient, understood: Understood) -> Understood:
    """What was asked for before, under the same id, is begun once."""
    if understood.instance is None:
        return understood
    before = await run_blocking(adapters.inbox().get, "starts", understood.instance)
    if before is None and await client.get_orchestration_state(understood.instance) is None:
        return understood
    why = f"This was asked for before, under the same `request_id`: {understood.instance}. Nothing is begun twice."
    return replace(understood, accepted=False, reason=why, cells=(), events=(), notes=())


async def _foresee(present: Present, understood: Understood) -> tuple[tuple[Foreseen, ...], tuple[str, ...]]:
    """What the models would do, from copies of their states; and those whose state newer code has written."""
    models = list(dict.fromkeys(event.model for event in understood.events))
    states = await present.states(models)
    readable = {name: state for name, state in states.items() if state is not None}
    known = (policy for name in readable if (policy := adapters.fleets().model(name)) is not None)
    slots = await present.slots({policy.fleet for policy in known})
    holds = await present.holds(readable)
    events = [event for event in understood.events if event.model in readable]
    foreseen = await run_blocking(foresee, readable, slots, holds, events, timeout=_TIMEOUT)
    return foreseen, tuple(name for name in models if name not in readable)
