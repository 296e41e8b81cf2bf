"""The app that is killed: lifecycles that use a bit of everything, and leave a trace of each activity that ran."""

import json
import os
import time
from collections.abc import Generator
from datetime import timedelta
from typing import Any

import azure.durable_functions as df
import azure.functions as func
import durabletask.internal.orchestrator_service_pb2 as pb
import grpc
from durabletask import task
from durabletask.entities import DurableEntity, EntityInstanceId

PARTS, GENERATIONS = 4, 3
ACTIVITY_SECONDS = 0.03

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)

type Orchestration = Generator[task.Task[Any], Any, Any]
type Context = task.OrchestrationContext


@app.route(route="lives/{number}", methods=["PUT"])
@app.durable_client_input(client_name="client")
async def begin(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """Start a lifecycle, unless it was started before; answers its management URLs."""
    instance_id = f"life-{req.route_params['number']}"
    try:
        await client.schedule_new_orchestration(
            "lifecycle",
            input=req.get_json(),
            instance_id=instance_id,
            reuse_id_policy=pb.OrchestrationIdReusePolicy(),  # an empty one replaces nothing
        )
    except grpc.aio.AioRpcError as error:
        if error.code() is not grpc.StatusCode.ALREADY_EXISTS:
            raise
    return client.create_check_status_response(req, instance_id)


@app.route(route="states/{name}/{key}", methods=["GET"])
@app.durable_client_input(client_name="client")
async def state(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """The state of an entity."""
    found = await client.get_entity(EntityInstanceId(req.route_params["name"], req.route_params["key"]))
    value = None if found is None else found.get_state(int)
    return func.HttpResponse(json.dumps(value), mimetype="application/json")


@app.orchestration_trigger(context_name="context")
def lifecycle(context: Context, plan: dict[str, Any]) -> Orchestration:
    """Fan-out, timer, child over generations, entity, critical section, event, activity."""
    me = context.instance_id
    parts = yield task.when_all([context.call_activity("trace", input=f"{me}/part-{part}") for part in range(PARTS)])
    yield context.create_timer(timedelta(milliseconds=plan["pause_ms"]))
    generations = yield context.call_sub_orchestrator("generation", input=[me, 0])
    counter = EntityInstanceId("counter", me)
    context.signal_entity(counter, "add", 1)
    count = yield context.call_entity(counter, "add", 1)
    context.signal_entity(EntityInstanceId("counter", "all"), "add", 1)
    payer, receiver = (EntityInstanceId("counter", f"account-{account}") for account in plan["accounts"])
    with (yield context.lock_entities([payer, receiver])):
        have = yield context.call_entity(payer, "get")
        got = yield context.call_entity(receiver, "get")
        moved = yield context.call_activity("trace", input=f"{me}/moved")
        yield context.call_entity(payer, "set", have - 1)
        yield context.call_entity(receiver, "set", got + 1)
    answer = yield context.wait_for_external_event("approve")
    last = yield context.call_activity("trace", input=f"{me}/last")
    return [len(parts), generations, count, moved, answer, last]


@app.orchestration_trigger(context_name="context")
def generation(context: Context, state: list[Any]) -> Orchestration:
    """A child that continues as new, with one activity in each generation."""
    parent, number = state
    yield context.call_activity("trace", input=f"{parent}/generation-{number}")
    if number + 1 < GENERATIONS:
        context.continue_as_new([parent, number + 1])
        return None
    return number + 1


@app.activity_trigger(input_name="key")
def trace(key: str) -> str:
    """Leave a line with the number of this process and the key, as an effect that cannot be taken back."""
    line = f"{os.environ['SOAK_PROCESS']} {key}\n".encode()
    file = os.open(os.environ["SOAK_TRACES"], os.O_WRONLY | os.O_APPEND)
    try:
        os.write(file, line)  # one call, which a kill does not tear
    finally:
        os.close(file)
    time.sleep(ACTIVITY_SECONDS)  # so that kills also come between the effect and its commit
    return key


@app.entity_trigger(context_name="context", entity_name="counter")
class Counter(DurableEntity):
    """A number."""

    def add(self, number: int) -> int:
        """Add, and give the new value."""
        value = self.get_state(int, 0) + number
        self.set_state(value)
        return value

    def set(self, number: int) -> None:
        """Set the value."""
        self.set_state(number)

    def get(self) -> int:
        """The value."""
        return self.get_state(int, 0)
