"""`watch_job`: one job, waited for until it ends, for days if need be; whoever submitted it."""

from datetime import timedelta
from typing import Any, Final

from durabletask import task
from pydantic import ValidationError

from functions.boundary import PermanentFailure, Steps, explain, orchestrator, short
from functions.orchestrators.steps import STEP_FAILED, now
from functions.orchestrators.waiting import read_job, stop_job
from shared import names, waiting
from shared.contracts.jobs import JobEnd, JobOutcome, JobWatch, JobWord, WatchJobInput

#: Looks and events before the wait goes on in a new history.
_TURNS_PER_HISTORY: Final = 20


@orchestrator
def watch_job(context: task.OrchestrationContext, order: WatchJobInput) -> Steps[JobEnd]:
    """Wait for a job: its events wake us, sparse reads are the net, and only what was read decides.

    1. Read the job when that is due, see `shared.waiting`.
    2. End when it has ended, is not there, hangs, is not wanted or has used up a budget; ours is then cancelled first.
    3. Sleep until the next read is due, or an event comes.
    """
    watch = waiting.begun(order, now(context))
    for _ in range(_TURNS_PER_HISTORY):
        if waiting.is_due(watch, now(context)):
            try:
                state = yield from read_job(context, order.name, order.trace)
            except PermanentFailure as error:
                told = f"The job {order.name} cannot be read: {explain(error)}"
                return _end(order, watch, "unreadable", told, stopped=False)
            except task.TaskFailedError as error:  # an outage of an hour: the job may be well meanwhile
                watch = waiting.after_outage(order, watch, now(context))
                if watch.outages == waiting.OUTAGES:
                    told = f"The job {order.name} cannot be read, for hours: {explain(error)}"
                    return _end(order, watch, "unreadable", told, stopped=False)
            else:
                watch = waiting.after_read(order, watch, state, now(context))
            context.set_custom_status({"job": order.name, "status": watch.status, "reads": watch.reads})
        ending = waiting.ending(order, watch, now(context))
        if ending is not None:
            return (yield from _over(context, order, watch, ending))
        watch = yield from _sleep(context, watch)
    context.continue_as_new(order.model_copy(update={"watch": watch}).to_wire(), save_events=True)
    return _end(order, watch, "unreadable", "The wait goes on in a new history.", stopped=False)  # read by nobody


def _sleep(context: task.OrchestrationContext, watch: JobWatch) -> Steps[JobWatch]:
    """Until the next read is due, or something was said of the job."""
    assert watch.due is not None  # `after_read` has set it, and an event that takes it away is followed by a read
    timer = context.create_timer(max(watch.due - now(context), timedelta(0)))
    event = context.wait_for_external_event(names.JOB_CHANGED)
    winner = yield task.when_any([event, timer])
    if winner is timer:
        event.cancel()
        return watch
    timer.cancel()
    return waiting.after_word(watch, _word(event.get_result()))


def _over(
    context: task.OrchestrationContext, order: WatchJobInput, watch: JobWatch, ending: waiting.Ending
) -> Steps[JobEnd]:
    """The end; a job of ours that is given up is stopped, and what comes of that is told."""
    if not ending.gives_up:
        return _end(order, watch, ending.outcome, ending.reason, stopped=True)
    if not order.ours:
        told = f"{ending.reason}. It is not ours: it goes on, and is waited for no longer."
        return _end(order, watch, ending.outcome, told, stopped=False)
    context.set_custom_status({"job": order.name, "status": "cancelling", "reads": watch.reads})
    try:
        state = yield from stop_job(context, order.name, order.trace)
    except STEP_FAILED as error:
        told = f"{ending.reason}, and may go on: it could not be cancelled. {explain(error)}"
        return _end(order, watch, ending.outcome, told, stopped=False)
    if state is not None and state.status == "Completed" and watch.unwanted is None:
        told = f"The job {order.name} completed just before it was cancelled."
        return _end(order, watch, "completed", told, stopped=True)
    if state is None or state.final:
        return _end(order, watch, ending.outcome, f"{ending.reason}, and was cancelled.", stopped=True)
    minutes = int(waiting.STOP_BUDGET.total_seconds() // 60)
    told = f"{ending.reason}. It was cancelled and is still {state.status} {minutes} minutes later: a person must look."
    return _end(order, watch, ending.outcome, told, stopped=False)


def _end(order: WatchJobInput, watch: JobWatch, outcome: JobOutcome, reason: str, *, stopped: bool) -> JobEnd:
    return JobEnd(
        name=order.name, outcome=outcome, reason=short(reason), status=watch.status, stopped=stopped, reads=watch.reads
    )


def _word(value: Any) -> JobWord:
    """What an event says; one that says nothing we can read still says that something has changed."""
    try:
        return JobWord.from_wire(value)
    except ValidationError:
        return JobWord()
