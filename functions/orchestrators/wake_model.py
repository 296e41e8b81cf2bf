"""`wake_model`: a model is woken at a time, with what its fleet file says then."""

from datetime import timedelta
from typing import Final

from durabletask import task

from functions.boundary import Steps, call, explain, orchestrator
from functions.orchestrators.steps import STEP_FAILED, now, tell_interlock
from shared import names
from shared.contracts.interlock import Woken
from shared.contracts.waking import FindPolicyInput, FoundPolicy, ModelWoken, WakeModelInput

#: Until the files are looked at again that nobody could read.
_AGAIN: Final = timedelta(minutes=5)


@orchestrator
def wake_model(context: task.OrchestrationContext, order: WakeModelInput) -> Steps[ModelWoken]:
    """Wake a model when something has ended that kept it waiting, unless its fleet file has extended that meanwhile.

    1. Sleep until the time.
    2. Read what the file says now. One that cannot be read is read again, for as long as it takes: what waits would
       fail by it, and the model must not sleep on for ever.
    3. Tell the model; also one that no file has any more, which may have something to end.
    """
    if (left := order.at - now(context)) > timedelta():
        yield context.create_timer(left)
    find = FindPolicyInput(model=order.model, trace=order.trace)
    try:
        found = yield from call(context, names.FIND_POLICY, find, FoundPolicy)
    except STEP_FAILED as error:
        context.set_custom_status({"step": "waiting", "reason": explain(error)})
        yield context.create_timer(_AGAIN)
        context.continue_as_new(order.to_wire())
        return ModelWoken(model=order.model, known=False)
    at = max(now(context), order.at)
    tell_interlock(context, Woken(model=order.model, at=at, trace=order.trace, policy=found.policy))
    return ModelWoken(model=order.model, known=found.policy is not None)
