"""`look_for_holds`: a model that is new learns who holds its fleet."""

from datetime import timedelta
from typing import Final

from durabletask import task

from functions.boundary import Steps, call, explain, orchestrator, short
from functions.orchestrators.steps import STEP_FAILED, now, tell_interlock
from shared import names
from shared.contracts.holds import FoundHolds, LookForHoldsInput
from shared.contracts.interlock import HoldsFound
from shared.interlock.holding import UNANSWERED

#: Until it is looked again where nobody could.
_AGAIN: Final = timedelta(minutes=5)


@orchestrator
def look_for_holds(context: task.OrchestrationContext, order: LookForHoldsInput) -> Steps[FoundHolds]:
    """Find the holds by fleet and label that were ordered before the model was there, and tell it.

    Nothing starts by itself until the model has its answer, since a hold must not be overlooked. Where nobody can look,
    it is told why; after an hour it asks anew.
    """
    try:
        found = yield from call(context, names.FIND_HOLDS, order, FoundHolds)
    except STEP_FAILED as error:
        problem = short(explain(error))
        context.set_custom_status({"step": "waiting", "reason": problem})
        late = now(context) - order.at >= UNANSWERED
        if late or problem != order.problem:
            unknown = HoldsFound(
                model=order.policy.model, at=now(context), trace=order.trace, holds=(), problem=problem
            )
            tell_interlock(context, unknown)
        if late:  # the model asks anew, at the word of it
            return FoundHolds(holds=())
        yield context.create_timer(_AGAIN)
        context.continue_as_new(order.model_copy(update={"problem": problem}).to_wire())
        return FoundHolds(holds=())
    # As of the question: whatever has been heard since is the later word.
    told = HoldsFound(model=order.policy.model, at=order.at, trace=order.trace, holds=found.holds)
    tell_interlock(context, told)
    return found
