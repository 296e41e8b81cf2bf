"""An app with orchestrators, activities, an entity and HTTP functions that start and watch them."""

import json
import os
import time
from collections.abc import Generator
from typing import Any

import azure.durable_functions as df
import azure.functions as func
from durabletask import entities, task

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
TRIED: set[str] = set()


@app.route(route="start/{name}", methods=["POST"])
@app.durable_client_input(client_name="client")
async def start(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """Start an orchestrator by name with the body as its input."""
    instance_id = await client.schedule_new_orchestration(
        req.route_params["name"], input=req.get_json(), instance_id=req.params.get("id")
    )
    strict = req.params.get("strict") == "true"
    return client.create_check_status_response(req, instance_id, return_internal_server_error_on_failure=strict)


@app.route(route="add/{key}", methods=["POST"])
@app.durable_client_input(client_name="client")
async def add(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """Signal a counter."""
    await client.signal_entity(
        entities.EntityInstanceId("Counter", req.route_params["key"]), "add", int(req.get_body())
    )
    return func.HttpResponse(status_code=202)


@app.route(route="hub", methods=["GET"])
@app.durable_client_input(client_name="client")
async def hub(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """Show what the client binding said."""
    seen = {"hub": client.taskHubName, "url": client.baseUrl, "hub_setting": os.environ["HUB"]}
    return func.HttpResponse(json.dumps(seen), mimetype="application/json")


@app.route(route="elsewhere", methods=["POST"])
@app.durable_client_input(client_name="client", task_hub="Elsewhere")
async def elsewhere(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """Start an orchestrator in a task hub that this app does not have."""
    try:
        await client.schedule_new_orchestration("waiting")
    except Exception as error:  # noqa: BLE001 - whatever it is, the test reads it
        return func.HttpResponse(str(error), status_code=409)
    return func.HttpResponse(status_code=202)


@app.orchestration_trigger(context_name="context")
def parent(ctx: task.OrchestrationContext, child: str) -> Generator[Any, Any, Any]:
    """Wait for a child that waits for an event."""
    value = yield ctx.call_sub_orchestrator("waiting", instance_id=child)
    return value


@app.orchestration_trigger(context_name="context")
def large(ctx: task.OrchestrationContext, megabytes: int) -> Generator[Any, Any, str]:
    """Pass a large result on."""
    text = yield ctx.call_activity("fill", input=megabytes)
    return str(text)


@app.activity_trigger(input_name="megabytes")
def fill(megabytes: int) -> str:
    """Return so much text."""
    return "x" * (megabytes * 2**20)


@app.orchestration_trigger(context_name="context")
def squares(ctx: task.OrchestrationContext, n: int) -> Generator[Any, Any, int]:
    """Sum squares, computed in parallel."""
    ctx.set_custom_status({"asked": n})
    parts = yield task.when_all([ctx.call_activity("square", input=i) for i in range(1, n + 1)])
    return sum(parts)


@app.orchestration_trigger(context_name="context")
def failing(ctx: task.OrchestrationContext, which: str) -> Generator[Any, Any]:
    """Call the activity that raises."""
    yield ctx.call_activity("raising", input=which)


@app.orchestration_trigger(context_name="context")
def mending(ctx: task.OrchestrationContext, key: str) -> Generator[Any, Any, Any]:
    """Call the activity that fails the first time."""
    value = yield ctx.call_activity("fails_once", input=key)
    return value


@app.activity_trigger(input_name="key")
def fails_once(key: str) -> str:
    """Fail for each key once."""
    if key not in TRIED:
        TRIED.add(key)
        raise ValueError("broken")
    return "mended"


@app.orchestration_trigger(context_name="context")
def calls_nobody(ctx: task.OrchestrationContext, _: Any) -> Generator[Any, Any, Any]:
    """Call an activity by a name that is misspelt."""
    value = yield ctx.call_activity("squares_", input=1)
    return value


@app.orchestration_trigger(context_name="context")
def gets_a_set(ctx: task.OrchestrationContext, _: Any) -> Generator[Any, Any, Any]:
    """Call an activity whose result is no JSON."""
    value = yield ctx.call_activity("a_set", input=1)
    return value


@app.activity_trigger(input_name="n")
def a_set(n: int) -> set[int]:
    """Return what JSON cannot hold."""
    return {n}


@app.orchestration_trigger(context_name="context")
def waiting(ctx: task.OrchestrationContext, _: Any) -> Generator[Any, Any, Any]:
    """Wait for an event and give its value."""
    value = yield ctx.wait_for_external_event("go")
    return value


@app.orchestration_trigger(context_name="context")
def sleepy(ctx: task.OrchestrationContext, seconds: float) -> Generator[Any, Any, Any]:
    """Call an activity that holds its thread."""
    value = yield ctx.call_activity("hold", input=seconds)
    return value


@app.activity_trigger(input_name="n")
async def square(n: int) -> int:
    """Square a number."""
    return n * n


@app.activity_trigger(input_name="which")
def raising(which: str) -> None:
    """Raise: ``empty`` without a message, ``long`` with far too much of it."""
    messages = {"empty": "", "long": "x" * 200_000}
    raise ValueError(messages.get(which, which))


@app.activity_trigger(input_name="seconds")
def hold(seconds: float) -> float:
    """Block a thread of the worker."""
    time.sleep(seconds)
    return seconds


@app.entity_trigger(context_name="context", entity_name="Counter")
class Counter(entities.DurableEntity):
    """Add up numbers."""

    def add(self, n: int) -> int:
        """Add to the sum."""
        total: int = self.get_state(int, 0) + n
        self.set_state(total)
        return total


@app.entity_trigger(context_name="context", entity_name="Echo")
class Echo(entities.DurableEntity):
    """Keep what it is given."""

    def keep(self, value: Any) -> None:
        """Keep it."""
        self.set_state(value)


@app.entity_trigger(context_name="context", entity_name="Listed")
class Listed(entities.DurableEntity):
    """Keep what it is given; for lists."""

    def keep(self, value: Any) -> None:
        """Keep it."""
        self.set_state(value)
