"""`POST /api/models/{name}/{order}` and `POST /api/orders/{order}`: what people order of models."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final

import azure.durable_functions as df
import azure.functions as func
from durabletask.client import OrchestrationStatus
from pydantic import BeforeValidator, Field

from functions import adapters, sight, tracing
from functions.triggers.callers import require
from functions.triggers.following import begun
from functions.triggers.http import BadRequestError, answer, problem, read_object
from functions.triggers.models import find_model
from functions.triggers.order_requests import OF_MANY, Words, read_order, read_verb, read_words, scope_of
from functions.triggers.run_requests import read_body_as, several
from functions.triggers.starting import signal_interlock, start_once, utc_now
from shared import names
from shared.authorization import needed
from shared.blocking import run_blocking
from shared.contracts.base import Contract
from shared.contracts.holds import FleetHold
from shared.contracts.interlock import RequestAnswer
from shared.contracts.orders import AnyOrder, GiveOrderInput, HoldOrdered, ResumeOrdered
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
    with tracing.span("order_model", None):
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
    """Hold or resume all models of a fleet, or those with some labels; answers 202 with their names.

    It holds for models, too, that come into the fleet later. A hold is lifted also when the last model is gone that it
    was given to.
    """
    with tracing.span("order_models", None):
        try:
            orders, kept = await _orders_of_many(req)
        except BadRequestError as error:
            return error.answer
        # Kept first: a model that comes into the fleet from here on looks there, and all others are told.
        await run_blocking(adapters.holds().put, kept)
        await asyncio.gather(*(signal_interlock(client, order) for order in orders))
    return answer(202, {"models": [order.model for order in orders]})


async def _orders_of_many(req: func.HttpRequest) -> tuple[list[AnyOrder], FleetHold]:
    name, body = req.route_params["order"], read_object(req)
    verb = read_verb(name)
    if name not in OF_MANY:
        told = f"`{name}` is ordered of one model: POST /api/models/MODEL/{name}. Of many: {', '.join(OF_MANY)}."
        raise BadRequestError(404, "unknown-order", told)
    mine: dict[str, Any] = {field: body.pop(field) for field in ("fleet", "select") if field in body}
    many = read_body_as(OrderOfMany, mine, "Needed: fleet; allowed: select.")
    at, trace = utc_now(), tracing.traceparent()
    scope = scope_of(many.fleet, many.select)
    try:
        policies = _selected(many)
    except BadRequestError:
        unknown = name != "resume" or not sight.is_whole()
        if unknown or not await run_blocking(_is_on, many.fleet, scope, at):
            raise
        return [], _left_over(many, scope, read_words(name, body, require(req, verb.role), at), at)
    _refuse_unseen(many, policies)
    orders = [
        read_order(name, one, body, require(req, verb.role, one), at=at, trace=trace, scope=scope) for one in policies
    ]
    return orders, _kept(many, orders[0])


def _refuse_unseen(many: OrderOfMany, seen: Sequence[ModelPolicy]) -> None:
    """Refuse an order that would be for models, too, that the caller may not see; it names none of them.

    Raises:
        BadRequestError: 403.
    """
    with sight.everything():
        every = _selected(many)
    if len(every) > len(seen):
        told = "This would be for models, too, that you may not see. Order it of each of yours, or select by `model`. "
        raise BadRequestError(403, "not-allowed", told + needed("operator"))


def _is_on(fleet: str, scope: str, at: datetime) -> bool:
    """Whether a hold is kept that has not ended; it blocks."""
    return any(one.scope == scope and one.holds(at) for one in adapters.holds().of(fleet))


def _left_over(many: OrderOfMany, scope: str, words: Words, at: datetime) -> FleetHold:
    """The end of a hold that no model of the fleet files has any more."""
    said = words.request.request_id or names.content_hash("resume", many.fleet, scope, at.isoformat())
    return FleetHold(
        fleet=many.fleet,
        scope=scope,
        select=many.select,
        by=words.by,
        reason=words.request.reason,
        at=at,
        lifted=True,
        requests=(f"resume_ordered {said}",),
    )


def _kept(many: OrderOfMany, order: AnyOrder) -> FleetHold:
    """An order of many, for models that come later."""
    assert isinstance(order, HoldOrdered | ResumeOrdered)  # the only ones of many, see `OF_MANY`
    return FleetHold(
        fleet=many.fleet,
        scope=order.scope,
        select=many.select,
        by=order.by,
        reason=order.reason,
        at=order.at,
        until=order.until if isinstance(order, HoldOrdered) else None,
        lifted=isinstance(order, ResumeOrdered),
        requests=(f"{order.kind} {order.request_id}",),
    )


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
