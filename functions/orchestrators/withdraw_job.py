"""`withdraw_job`: whoever waits for a job is told that it is not wanted any more."""

from durabletask import task

from functions.boundary import Steps, orchestrator
from functions.orchestrators.steps import STEP_FAILED
from functions.orchestrators.waiting import read_job
from shared import names, waiting
from shared.contracts.jobs import JobState, JobWithdrawal, WithdrawJobInput


@orchestrator
def withdraw_job(context: task.OrchestrationContext, order: WithdrawJobInput) -> Steps[JobWithdrawal]:
    """Say it, and again for hours while it can change something; an entity cannot raise an event itself.

    A training that has just begun submits its jobs first, and nobody can be told before that is done.

    Nothing is cancelled here: the wait that hears it reads the job and decides. What comes twice, or when the wait has
    ended, has no effect.
    """
    state: JobState | None = None
    for words in range(waiting.WORDS):
        if words:
            yield context.create_timer(waiting.word_pause(words - 1))
        try:
            state = yield from read_job(context, order.job, order.trace)
        except STEP_FAILED:  # the wait reads for itself
            state = None
        if not waiting.can_heed(order.word, state):
            return _end(order, words, state)
        context.send_event(names.watcher(order.job, order.instance), names.JOB_CHANGED, data=order.word.to_wire())
    return _end(order, waiting.WORDS, state)


def _end(order: WithdrawJobInput, words: int, state: JobState | None) -> JobWithdrawal:
    return JobWithdrawal(job=order.job, words=words, status=state.status if state else None)
