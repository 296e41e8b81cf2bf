"""`retire_model`: a model that its fleet file does not have any more, out of service."""

from typing import Any

from durabletask import task

from functions.boundary import PermanentFailure, Steps, call, explain, orchestrator, short
from functions.orchestrators.noting import note_versions
from functions.orchestrators.steps import STEP_FAILED, attempt, now, tell_interlock, write_ledger
from functions.orchestrators.waiting import withdraw_and_wait
from shared import names
from shared.contracts.deployments import DeploymentKey, DeploymentState
from shared.contracts.interlock import RetirementFinished
from shared.contracts.retirement import (
    BACK_IN_FLEET,
    ChampionRetired,
    EndpointDeleted,
    EndpointKey,
    PredictionsWithdrawn,
    RetiredModelKey,
    RetirementOutcome,
    RetireModelInput,
    WithdrawTrafficInput,
)
from shared.contracts.routes import ROUTED, Routed, WithdrawRouteInput


@orchestrator
def retire_model(context: task.OrchestrationContext, order: RetireModelInput) -> Steps[RetirementOutcome]:
    """Take a model out of service, and tell its interlock how that ended, whatever happens.

    What fails is not undone: nobody wants the model back. It ends there, and can be asked for again.
    """
    taken: dict[str, Any] = {}
    try:
        yield from _retire(context, order, taken)
        outcome = _outcome(order, retired=True, reason=f"Out of service, asked for by {order.requested_by}.")
    except STEP_FAILED as error:
        reason = f"Not all of it could be taken away, so ask again when the cause is mended: {explain(error)}"
        back = isinstance(error, PermanentFailure) and error.code == BACK_IN_FLEET
        outcome = _outcome(order, retired=False, reason=reason, back=back)
    # Told before anything else is tried, so that nothing can keep the interlock waiting for ever.
    event = RetirementFinished(model=order.model, at=now(context), trace=order.trace, outcome=outcome)
    tell_interlock(context, event)
    effect = "ModelRetired" if outcome.retired else "RetirementFailed"
    yield from attempt(write_ledger(context, order.model, effect, outcome.reason, taken, order.trace))
    yield from note_versions(context, order.model, (taken.get("champion"),), order.trace)
    context.set_custom_status({"step": "retired" if outcome.retired else "failed", "reason": outcome.reason})
    return outcome


def _retire(context: task.OrchestrationContext, order: RetireModelInput, taken: dict[str, Any]) -> Steps[None]:
    """The way out; each step can be repeated.

    1. The ledger: whoever finds something missing from now on can read why.
    2. The route, where the endpoint is shared: a client must not be sent to what is deleted next.
    3. The endpoints: what serves goes first, while the registry still says which version it was.
    4. The pointer to the published predictions.
    5. The alias, last: when it is gone, nothing serves any more.

    The registered versions, the published predictions and the ledger stay.
    """
    asked = {"requested_by": order.requested_by, "champion": order.champion, "attempt": order.attempt}
    reason = f"{order.requested_by} asked for it: no fleet file has the model any more."
    yield from write_ledger(context, order.model, "RetirementStarted", reason, asked, order.trace)
    if _is_routed(order):
        yield from _withdraw_route(context, order, taken)
    taken["endpoints"] = {}
    for endpoint in _endpoints(order):
        taken["endpoints"][endpoint] = yield from _leave_endpoint(context, order, endpoint, taken)

    context.set_custom_status({"step": "withdrawing predictions"})
    key = RetiredModelKey(model=order.model, trace=order.trace)
    withdrawn = yield from call(context, names.WITHDRAW_PREDICTIONS, key, PredictionsWithdrawn)
    taken["predictions"] = withdrawn.last

    context.set_custom_status({"step": "removing the alias"})
    champion = yield from call(context, names.RETIRE_CHAMPION, key, ChampionRetired)
    taken["champion"] = champion.version or order.champion


def _withdraw_route(context: task.OrchestrationContext, order: RetireModelInput, taken: dict[str, Any]) -> Steps[None]:
    context.set_custom_status({"step": "withdrawing the route"})
    withdraw = WithdrawRouteInput(model=order.model, at=order.at, attempt=order.attempt, trace=order.trace)
    left = yield from call(context, names.WITHDRAW_ROUTE, withdraw, Routed)
    taken["route"] = left.previous.to_wire() if left.previous else None


def _leave_endpoint(
    context: task.OrchestrationContext, order: RetireModelInput, endpoint: str, taken: dict[str, Any]
) -> Steps[dict[str, Any]]:
    """Delete the model's deployments, and the endpoint when no other model is behind it; what was taken away."""
    context.set_custom_status({"step": "deleting deployments", "endpoint": endpoint})
    also = _standing_in(order, endpoint)
    withdraw = WithdrawTrafficInput(model=order.model, endpoint=endpoint, also=also, trace=order.trace)
    own = yield from withdraw_and_wait(context, withdraw)
    for deployment in own.deployments:
        serves_for = order.model if deployment in also else None
        key = DeploymentKey(endpoint=endpoint, deployment=deployment, model=serves_for, trace=order.trace)
        try:
            yield from call(context, names.DELETE_DEPLOYMENT, key, DeploymentState)
        except PermanentFailure as failure:
            if failure.code not in ROUTED:
                raise
            # A release that left a shared endpoint could not withdraw its route.
            yield from _withdraw_route(context, order, taken)
            yield from call(context, names.DELETE_DEPLOYMENT, key, DeploymentState)
    if own.others:
        return {"deployments": list(own.deployments), "endpoint_deleted": False}
    empty = EndpointKey(endpoint=endpoint, trace=order.trace)
    gone = yield from call(context, names.DELETE_ENDPOINT, empty, EndpointDeleted)
    return {"deployments": list(own.deployments), "endpoint_deleted": gone.deleted}


def _is_routed(order: RetireModelInput) -> bool:
    """Whether clients may know the model by a route: it serves so, or the fleet file said so last."""
    return order.policy.serve.shared or (order.serving is not None and order.serving.route is not None)


def _standing_in(order: RetireModelInput, endpoint: str) -> tuple[str, ...]:
    """The baseline's deployment that answers for the model there: by its own model's name nobody would find it."""
    serving = order.serving
    if order.stands_in is None or serving is None or serving.endpoint != endpoint or serving.deployment is None:
        return ()
    return (serving.deployment,)


def _endpoints(order: RetireModelInput) -> list[str]:
    """Where the model may be: where it serves now, and where the fleet file said last."""
    known = [order.serving.endpoint if order.serving else None, order.policy.serve.endpoint]
    return list(dict.fromkeys(endpoint for endpoint in known if endpoint))


def _outcome(order: RetireModelInput, *, retired: bool, reason: str, back: bool = False) -> RetirementOutcome:
    return RetirementOutcome(model=order.model, attempt=order.attempt, retired=retired, reason=short(reason), back=back)
