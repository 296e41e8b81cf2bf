"""Monitor: look at something again and again, with pauses, until it is as wanted or time is up."""

from collections.abc import Generator
from datetime import datetime, timedelta
from typing import Any

import azure.durable_functions as df
from durabletask import task

app = df.DFApp()

LOOKS_NEEDED: dict[str, int] = {}
"""How many looks a job needs until it is done; each look takes one away."""

_LOOKS_PER_GENERATION = 10


@app.orchestration_trigger(context_name="context")
def watch(context: task.OrchestrationContext, order: dict[str, Any]) -> Generator[Any, Any, Any]:
    """Look every half hour; begin a new generation now and then, so that the history stays short."""
    now = context.current_utc_datetime
    until = datetime.fromisoformat(order["until"]) if "until" in order else now + timedelta(days=order["days"])
    for _ in range(_LOOKS_PER_GENERATION):
        if (yield context.call_activity("look", input=order["job"])) == "done":
            return "done"
        if context.current_utc_datetime >= until:
            return "given up"
        yield context.create_timer(timedelta(minutes=30))
    context.continue_as_new({**order, "until": until.isoformat()}, save_events=True)
    return None


@app.activity_trigger(input_name="job")
def look(job: str) -> str:
    """How a job stands."""
    LOOKS_NEEDED[job] -= 1
    return "done" if LOOKS_NEEDED[job] <= 0 else "running"
