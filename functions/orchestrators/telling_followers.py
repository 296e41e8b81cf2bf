"""A run that somebody follows says when it ends; one that nobody follows takes no step for it."""

from collections.abc import Callable

from durabletask import task

from functions.boundary import Steps, explain, fitting, unpack
from functions.orchestrators.steps import STEP_FAILED
from shared import names
from shared.contracts.callbacks import FindFollowersInput, Followers, RunEnd

type EndOf[R] = Callable[[R], RunEnd | None]


def failed(error: Exception) -> RunEnd:
    """How a run that raises has ended."""
    return RunEnd(state="failed", reason=explain(error))


def telling[R](
    context: task.OrchestrationContext,
    run: Steps[R],
    end_of: EndOf[R],
    trace: str | None,
    how_failed: Callable[[Exception], RunEnd] = failed,
) -> Steps[R]:
    """Run, and tell whoever follows how it ended: also where it fails, and not where it goes on in a new history."""
    try:
        result = yield from run
    except Exception as error:
        yield from _tell(context, how_failed(error), trace)
        raise
    if (end := end_of(result)) is not None:
        yield from _tell(context, end, trace)
    return result


def _tell(context: task.OrchestrationContext, end: RunEnd, trace: str | None) -> Steps[None]:
    """Say it once, and end: while nobody can be found, the search for lost events finds who waits."""
    order = FindFollowersInput(run=context.instance_id, trace=trace)
    try:
        found = unpack((yield context.call_activity(names.FIND_FOLLOWERS, input=fitting(order))), Followers)
    except STEP_FAILED:
        return
    for instance in found.instances:
        context.send_event(instance, names.RUN_ENDED, data=end.to_wire())
