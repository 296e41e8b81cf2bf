"""`check_serving`: what should answer for models does, or their interlocks are told that it does not."""

from durabletask import task

from functions.boundary import Steps, call, orchestrator
from functions.orchestrators.steps import now, tell_interlock
from shared import names
from shared.contracts.health import ServingLost
from shared.contracts.monitoring import CheckServingInput, LostServings, ServingChecked


@orchestrator
def check_serving(context: task.OrchestrationContext, order: CheckServingInput) -> Steps[ServingChecked]:
    """Look at each version in production once; what its policy wants then is its interlock's to decide.

    A page of those that are lost ends a history: the next models are looked at in a new one.
    """
    found = yield from call(context, names.FIND_LOST_SERVINGS, order, LostServings)
    for lost in found.lost:
        event = ServingLost(
            model=lost.policy.model,
            at=now(context),
            trace=order.trace,
            policy=lost.policy,
            version=lost.version,
            reason=lost.reason,
        )
        tell_interlock(context, event)
    if found.last is not None:
        context.continue_as_new(order.model_copy(update={"after": found.last}).to_wire())
    return ServingChecked(looked=found.looked, lost=tuple(lost.policy.model for lost in found.lost))
