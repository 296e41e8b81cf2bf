"""An app with HTTP, Event Grid and timer triggers, and nothing durable."""

import asyncio
import json
import logging
import os
import threading

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)
EVENTS: list[dict[str, object]] = []
TICKS: list[dict[str, object]] = []
NIGHTLY: list[str] = []
PARTY = threading.Barrier(3, timeout=30)


def _json(value: object, status: int = 200) -> func.HttpResponse:
    return func.HttpResponse(json.dumps(value), status_code=status, mimetype="application/json")


@app.route(route="echo/{name}/{count:int?}")
def echo(req: func.HttpRequest) -> func.HttpResponse:
    """Tell the caller what arrived."""
    seen = {
        "method": req.method,
        "url": req.url,
        "headers": dict(req.headers),
        "query": dict(req.params),
        "route": dict(req.route_params),
        "body": req.get_body().decode("latin-1"),
    }
    return _json(seen)


@app.route(route="echo/fixed", methods=["GET"])
def literal(req: func.HttpRequest) -> func.HttpResponse:
    """Be preferred over a parameter."""
    return _json("literal")


@app.route(methods=["GET"])
async def greeting(req: func.HttpRequest) -> str:
    """Answer with bare text."""
    return os.environ["GREETING"]


@app.route(route="teapot", methods=["POST"])
def teapot(req: func.HttpRequest) -> func.HttpResponse:
    """Answer with a status, headers, a cookie and raw bytes."""
    headers = {"X-Kind": "tea", "Set-Cookie": "cup=full; Path=/; HttpOnly; SameSite=Lax"}
    return func.HttpResponse(bytes(range(256)), status_code=418, headers=headers, mimetype="application/x-tea")


@app.route(route="fail", methods=["GET"])
def fail(req: func.HttpRequest) -> func.HttpResponse:
    """Raise."""
    raise ValueError("no tea left")


@app.route(route="leave", methods=["GET"])
def leave(req: func.HttpRequest) -> func.HttpResponse:
    """Try to end the process."""
    raise SystemExit(3)


@app.route(route="cancels", methods=["GET"])
async def cancels(req: func.HttpRequest) -> func.HttpResponse:
    """Cancel itself."""
    raise asyncio.CancelledError


@app.route(route="slow", methods=["GET"])
async def slow(req: func.HttpRequest) -> func.HttpResponse:
    """Take a while, without holding the loop."""
    logging.getLogger("web").info("slow began")
    await asyncio.sleep(float(req.params["seconds"]))
    return _json("slow")


@app.route(route="stuck", methods=["POST"])
def stuck(req: func.HttpRequest) -> func.HttpResponse:
    """Never return."""
    threading.Event().wait()
    return _json("never")


@app.route(route="trace", methods=["GET"])
def trace(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Show the trace context of the invocation."""
    return _json([context.trace_context.trace_parent, context.trace_context.trace_state])


@app.route(route="files/{*path}", methods=["GET"])
def files(req: func.HttpRequest) -> func.HttpResponse:
    """Take the rest of the path."""
    return _json(req.route_params.get("path"))


@app.event_grid_trigger(arg_name="event")
def on_event(event: func.EventGridEvent) -> None:
    """Record the event, or fail when it says so."""
    data = event.get_json()
    if data.get("meet"):
        PARTY.wait()
    if data.get("fail"):
        raise RuntimeError("cannot take this event")
    EVENTS.append({"kind": type(event).__name__, "id": event.id, "data": data})


@app.route(route="events", methods=["GET"])
def events(req: func.HttpRequest) -> func.HttpResponse:
    """Show the recorded events."""
    return _json(EVENTS)


@app.timer_trigger(arg_name="timer", schedule="%TICK_SCHEDULE%", run_on_startup=True)
def at_startup(timer: func.TimerRequest) -> None:
    """Record one tick at start."""
    TICKS.append({"past_due": timer.past_due, "status": getattr(timer, "schedule_status", {})})


@app.timer_trigger(arg_name="timer", schedule="* * * * * *")
async def every_second(timer: func.TimerRequest) -> None:
    """Record a tick each second, over a longer run."""
    NIGHTLY.append("begin")
    await asyncio.sleep(1.2)
    NIGHTLY.append("end")


@app.timer_trigger(arg_name="timer", schedule="* * * * * *", run_on_startup=True)
def switched_off(timer: func.TimerRequest) -> None:
    """Must never run: the tests disable it."""
    TICKS.append({"switched_off": True})


@app.route(route="ticks", methods=["GET"])
def ticks(req: func.HttpRequest) -> func.HttpResponse:
    """Show the recorded ticks."""
    return _json({"startup": TICKS, "every_second": NIGHTLY})


@app.route(route="table", methods=["POST"])
@app.table_output(arg_name="row", table_name="t", connection="AzureWebJobsStorage")
def to_table(req: func.HttpRequest, row: func.Out[str]) -> func.HttpResponse:
    """Use a binding that the local host does not serve."""
    row.set("{}")
    return _json("stored")


@app.route(route="queue", methods=["POST"])
@app.queue_output(arg_name="message", queue_name="q", connection="NoSuchSetting")
def to_queue(req: func.HttpRequest, message: func.Out[str]) -> func.HttpResponse:
    """Use a connection that no setting describes."""
    message.set("lost")
    return _json("queued")


@app.route(route="unsendable", methods=["GET"])
def unsendable(req: func.HttpRequest) -> func.HttpResponse:
    """Return what no response can be made of."""
    return {"a": "dict"}  # type: ignore[return-value]  # the point of this function


@app.route(route="big", methods=["POST"])
def big(req: func.HttpRequest) -> func.HttpResponse:
    """Give back as many bytes as came, and their number."""
    body = req.get_body()
    return func.HttpResponse(body, headers={"X-Length": str(len(body))}, mimetype="application/octet-stream")
