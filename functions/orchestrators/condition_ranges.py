"""`condition_ranges`: some ranges of a large file, at once."""

from durabletask import task

from functions.boundary import PermanentFailure, Steps, orchestrator, schedule, unpack
from shared import names
from shared.contracts.ranges import ConditionRangeInput, ConditionRangesInput, RangeDone, RangesDone, Refusal


@orchestrator
def condition_ranges(context: task.OrchestrationContext, order: ConditionRangesInput) -> Steps[RangesDone]:
    """Condition the ranges; where each begins is guessed, and checked by who joins them."""
    values = yield task.when_all(
        [
            schedule(
                context,
                names.CONDITION_RANGE,
                ConditionRangeInput(plan=order.plan, cut=order.cut, index=index, trace=order.trace),
            )
            for index in range(order.first, order.first + order.count)
        ]
    )
    try:
        return RangesDone(ranges=tuple(unpack(value, RangeDone) for value in values))
    except PermanentFailure as error:
        return RangesDone(refused=Refusal(code=error.code, message=error.message))
