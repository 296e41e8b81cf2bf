"""Human interaction: ask a person, wait three days, then ask somebody else."""

from collections.abc import Generator
from datetime import timedelta
from typing import Any

import azure.durable_functions as df
from durabletask import task

from tests.local.patterns.apps.effects import WORLD

app = df.DFApp()


@app.orchestration_trigger(context_name="context")
def approval(context: task.OrchestrationContext, purchase: str) -> Generator[Any, Any, Any]:
    """The first answer counts; no answer in 72 hours is escalated."""
    yield context.call_activity("ask", input={"who": "manager", "what": purchase})
    answer = context.wait_for_external_event("answer")
    deadline = context.create_timer(timedelta(hours=72))
    winner = yield task.when_any([answer, deadline])
    if winner is answer:
        deadline.cancel()
        return answer.get_result()
    yield context.call_activity("ask", input={"who": "director", "what": purchase})
    return "escalated"


@app.activity_trigger(input_name="request")
def ask(request: dict) -> None:  # type: ignore[type-arg]  # the indexer refuses parameterized generics
    """Write to a person."""
    WORLD.once(f"ask {request['who']} for {request['what']}", True)
