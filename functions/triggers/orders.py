"""`POST /api/models/{name}/{order}` and `POST /api/orders/{order}`: what people order of models."""

import asyncio
from typing import Annotated, Any, Final

import azure.durable_functions as df
import azure.functions as func
from durabletask.client import OrchestrationStatus
from pydantic import BeforeValidator, Field

from functions import adapters, tracing
from functions.triggers.callers import require
from functions.triggers.following import begun
from functions.triggers.http import BadRequestError, answer, problem, read_object
from functions.triggers.models import find_model
from functions.triggers.order_requests import OF_MANY, read_order, read_verb, scope_of
from functions.triggers.run_requests import read_body_as, several
from functions.triggers.starting import signal_interlock, start_once, utc_now
from shared import names
from shared.contracts.base import Contract
from shared.contracts.interlock import RequestAnswer
from shared.contracts.orders import AnyOrder, GiveOrderInput
from shared.contracts.policy import ModelPolicy
from shared.errors import PermanentError
from shared.fleet_runs.selection import check_selection, is_selected, known_values, model_labels

#: How long the interlock's answer is waited for; afterwards the status URL tells it.
_SECONDS: Final = 20


class OrderOfMany(Contract):
    """What `POST /api/orders/{order}` says beside the fields of the order.

    Attributes:
        fleet: Which fleet.
        select: Values per label; the whole fleet when absent.
    """

    fleet: str
    select: dict[str, Annotated[tuple[str, ...], BeforeValidator(several)]] = Field(default_factory=dict)


async def order_model(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """Give an order to a model, and answer what became of it: 200, or 409 with what is wrong and what to do."""
    with tracing.span("order_model", req.headers.get("traceparent")):
        try:
            name = req.route_params["order"]
            verb, policy = read_verb(name), find_model(req.route_params["name"])
            caller = require(req, verb.role, policy)
            order = read_order(name, policy, read_object(req), caller, at=utc_now(), trace=tracing.traceparent())
        except BadRequestError as error:
            return error.answer
        instance = names.instance_id(f"{name} {policy.model}", order.kind, order.request_id)
        await start_once(client, names.GIVE_ORDER, GiveOrderInput(order=order, trace=order.trace), instance)
        return await _answered(client, req, instance)


async def order_models(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """Hold or resume all models of a fleet, or those with some labels; answers 202 with their names."""
    with tracing.span("order_models", req.headers.get("traceparent")):
        try:
            orders = _orders_of_many(req)
        except BadRequestError as error:
            return error.answer
        await asyncio.gather(*(signal_interlock(client, order) for order in orders))
    return answer(202, {"models": [order.model for order in orders]})


def _orders_of_many(req: func.HttpRequest) -> list[AnyOrder]:
    name, body = req.route_params["order"], read_object(req)
    verb = read_verb(name)
    if name not in OF_MANY:
        told = f"`{name}` is ordered of one model: POST /api/models/MODEL/{name}. Of many: {', '.join(OF_MANY)}."
        raise BadRequestError(404, "unknown-order", told)
    mine: dict[str, Any] = {field: body.pop(field) for field in ("fleet", "select") if field in body}
    many = read_body_as(OrderOfMany, mine, "Needed: fleet; allowed: select.")
    policies = _selected(many)
    at, trace = utc_now(), tracing.traceparent()
    scope = scope_of(many.fleet, many.select)
    return [
        read_order(name, one, body, require(req, verb.role, one), at=at, trace=trace, scope=scope) for one in policies
    ]


def _selected(many: OrderOfMany) -> list[ModelPolicy]:
    try:
        models = adapters.fleet(many.fleet).models
        check_selection(many.select, known_values(map(model_labels, models)), many.fleet)
    except PermanentError as error:
        raise BadRequestError(404, "unknown-selection", error.message) from error
    found = [one for one in models if is_selected(model_labels(one), many.select)]
    if not found:
        raise BadRequestError(404, "unknown-selection", f"No model of the fleet {many.fleet} has all of these labels.")
    return found


async def _answered(client: df.DurableFunctionsClient, req: func.HttpRequest, instance: str) -> func.HttpResponse:
    try:
        state = await client.wait_for_orchestration_completion(instance, timeout=_SECONDS)
    except TimeoutError:
        state = None
    if state is None or state.runtime_status is not OrchestrationStatus.COMPLETED:
        return begun(client, req, instance)
    told = RequestAnswer.from_wire(state.get_output())
    if told.decision == "refused":
        return problem(409, "refused", told.reason)
    return answer(200, told.to_wire())
