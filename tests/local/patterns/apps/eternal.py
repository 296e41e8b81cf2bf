"""Eternal orchestration: the same work every night, for ever, without a history that grows."""

from collections.abc import Generator
from datetime import timedelta
from typing import Any

import azure.durable_functions as df
from durabletask import task

from tests.local.patterns.apps.effects import WORLD

app = df.DFApp()


@app.orchestration_trigger(context_name="context")
def clean_nightly(context: task.OrchestrationContext, night: int) -> Generator[Any, Any, Any]:
    """Clean, sleep a day, begin anew; the event `stop` ends it."""
    yield context.call_activity("clean", input=night)
    stop = context.wait_for_external_event("stop")
    morning = context.create_timer(timedelta(days=1))
    winner = yield task.when_any([stop, morning])
    if winner is stop:
        morning.cancel()
        return f"stopped after {night} nights: {stop.get_result()}"
    context.continue_as_new(night + 1, save_events=True)
    return None


@app.activity_trigger(input_name="night")
def clean(night: int) -> None:
    """Throw away what is old."""
    WORLD.once(f"night {night}", True)
