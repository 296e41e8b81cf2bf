"""`answer_callback`: somebody waits for the end of a run, and is told there and then."""

from datetime import timedelta
from typing import Any, Final

from durabletask import task
from pydantic import ValidationError

from functions.boundary import PermanentFailure, Steps, call, explain, orchestrator, short
from functions.orchestrators.steps import now
from shared import names
from shared.contracts.callbacks import (
    AnswerCallbackInput,
    CallbackConcluded,
    CallbackPosted,
    Follower,
    PostCallbackInput,
    RunEnd,
)

#: The step in the status while the run goes on; the search for lost events tells it of a run that ended without a word.
WAITING: Final = "waiting"
#: No activity of Data Factory waits longer.
_LONGEST_RUN: Final = timedelta(days=8)
#: How long a host that does not answer is tried, and how often: soon at first, then every hour.
_BUDGET: Final = timedelta(hours=24)
_FIRST_PAUSE: Final = timedelta(seconds=5)
_LAST_PAUSE: Final = timedelta(hours=1)


@orchestrator
def answer_callback(context: task.OrchestrationContext, order: AnswerCallbackInput) -> Steps[CallbackConcluded]:
    """Tell whoever waits how a run has ended.

    1. Sleep until the run says that it has ended; nothing is polled meanwhile.
    2. Call back; a host that is down or busy is tried again for a day, at longer and longer pauses.
    3. Write down how that ended. What was refused is kept, so that an operator can have it called once more.
    """
    context.set_custom_status({"step": WAITING, "run": order.follower.run})
    end = yield from _wait(context)
    if end is None:
        told = f"The run did not end within {_LONGEST_RUN.days} days; no activity waits longer."
        posted, attempts = CallbackPosted(outcome="refused", reason=told), 0
    else:
        posted, attempts = yield from _post(context, order.follower, end)
    concluded = CallbackConcluded(
        follower=order.follower,
        answered=posted.outcome == "answered",
        reason=short(posted.reason),
        attempts=attempts,
        at=now(context),
        trace=order.follower.trace,
    )
    context.set_custom_status({"step": posted.outcome, "attempts": attempts, "reason": concluded.reason})
    return (yield from call(context, names.CONCLUDE_CALLBACK, concluded, CallbackConcluded))


def _wait(context: task.OrchestrationContext) -> Steps[RunEnd | None]:
    timer = context.create_timer(_LONGEST_RUN)
    event = context.wait_for_external_event(names.RUN_ENDED)
    winner = yield task.when_any([event, timer])
    if winner is timer:
        event.cancel()
        return None
    timer.cancel()
    return _end(event.get_result())


def _post(context: task.OrchestrationContext, follower: Follower, end: RunEnd) -> Steps[tuple[CallbackPosted, int]]:
    """Call until there is an answer or the budget is spent; the answer, and how often it was called."""
    deadline, attempts = now(context) + _BUDGET, 0
    while True:
        attempts += 1
        posted = yield from _try(context, follower, end)
        if posted.outcome != "unreachable":
            return posted, attempts
        pause = _pause(attempts, posted)
        if now(context) + pause > deadline:
            told = f"Nobody took it in {attempts} attempts over {_BUDGET // timedelta(hours=1)} hours: {posted.reason}"
            return CallbackPosted(outcome="refused", reason=told), attempts
        context.set_custom_status({"step": "calling back", "attempts": attempts, "reason": short(posted.reason)})
        yield context.create_timer(pause)


def _try(context: task.OrchestrationContext, follower: Follower, end: RunEnd) -> Steps[CallbackPosted]:
    order = PostCallbackInput(follower=follower, end=end, trace=follower.trace)
    try:
        return (yield from call(context, names.POST_CALLBACK, order, CallbackPosted))
    except PermanentFailure as error:  # such as a digest that nobody can read
        return CallbackPosted(outcome="refused", reason=f"It could not be called: {error.message}")
    except task.TaskFailedError as error:  # our own storage is away for an hour: the host may be well
        return CallbackPosted(outcome="unreachable", reason=explain(error))


def _pause(attempts: int, posted: CallbackPosted) -> timedelta:
    ruled = min(_FIRST_PAUSE * (1 << min(attempts - 1, 20)), _LAST_PAUSE)
    return max(ruled, timedelta(seconds=min(posted.retry_after or 0, _LAST_PAUSE.total_seconds())))


def _end(value: Any) -> RunEnd:
    """What an event says; of one that says nothing we can read, that the run is over."""
    try:
        return RunEnd.from_wire(value)
    except ValidationError:
        return RunEnd(state="gone", reason="The run has ended; how cannot be read.")
