"""`check_serving`: what should answer for models does, or their interlocks are told that it does not."""

from durabletask import task

from functions.boundary import Steps, call, orchestrator
from functions.orchestrators.steps import now, tell_interlock
from shared import names
from shared.contracts.interlock import ServingLost
from shared.contracts.monitoring import CheckServingInput, LostServings, ServingChecked


@orchestrator
def check_serving(context: task.OrchestrationContext, order: CheckServingInput) -> Steps[ServingChecked]:
    """Look at each version in production once; what its policy wants then is its interlock's to decide."""
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
    return ServingChecked(looked=found.looked, lost=tuple(lost.policy.model for lost in found.lost))
