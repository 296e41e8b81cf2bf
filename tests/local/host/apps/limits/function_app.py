"""An app that takes too long, fails and tries again, and that protects its functions by keys."""

import asyncio
import json
import logging
import threading
from pathlib import Path
from typing import Any

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)
LOG: list[Any] = []
GATE = Path(__file__).parent / "gate"


@app.route(route="patient", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def patient(req: func.HttpRequest) -> func.HttpResponse:
    """Take longer than the function timeout, and note that it was cancelled."""
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        LOG.append("cancelled")
        raise
    return func.HttpResponse("late")


@app.route(route="blocking", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
def blocking(req: func.HttpRequest) -> func.HttpResponse:
    """Take longer than the function timeout, in a thread that nothing can stop."""
    threading.Event().wait(3)
    LOG.append("thread ended")
    return func.HttpResponse("late")


@app.route(route="nap", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def nap(req: func.HttpRequest) -> func.HttpResponse:
    """Wait for the gate: a file beside this one."""
    logging.getLogger("limits").info("napping")
    while not GATE.exists():  # noqa: ASYNC110 - the test is another process
        await asyncio.sleep(0.01)
    return func.HttpResponse("rested")


@app.route(route="log", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
def log(req: func.HttpRequest) -> func.HttpResponse:
    """Show what was noted."""
    return func.HttpResponse(json.dumps(LOG), mimetype="application/json")


@app.route(route="guarded", methods=["GET"])
def guarded(req: func.HttpRequest) -> func.HttpResponse:
    """Need a function key."""
    return func.HttpResponse("in")


@app.route(route="other", methods=["GET"])
def other(req: func.HttpRequest) -> func.HttpResponse:
    """Need a function key too."""
    return func.HttpResponse("in")


@app.route(route="secret", methods=["GET"], auth_level=func.AuthLevel.ADMIN)
def secret(req: func.HttpRequest) -> func.HttpResponse:
    """Need the master key."""
    return func.HttpResponse("in")


@app.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *", run_on_startup=True)
@app.retry(strategy="fixed_delay", max_retry_count="2", delay_interval="00:00:00")
def stubborn(timer: func.TimerRequest, context: func.Context) -> None:
    """Fail every time, and note which try it was."""
    retry = context.retry_context
    LOG.append(["stubborn", retry.retry_count, retry.max_retry_count])
    raise ValueError("never works")


@app.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *", run_on_startup=True)
@app.retry(
    strategy="exponential_backoff", max_retry_count="5", minimum_interval="00:00:00", maximum_interval="00:00:01"
)
async def hopeful(timer: func.TimerRequest, context: func.Context) -> None:
    """Succeed at the third try."""
    LOG.append(["hopeful", context.retry_context.retry_count])
    if context.retry_context.retry_count < 2:
        raise ValueError("not yet")


@app.event_grid_trigger(arg_name="event")
@app.retry(strategy="fixed_delay", max_retry_count="2", delay_interval="00:00:00")
def on_event(event: func.EventGridEvent) -> None:
    """Have a retry policy that has no effect."""
    LOG.append("event")
    raise ValueError("no")
