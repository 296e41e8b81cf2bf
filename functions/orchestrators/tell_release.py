"""`tell_release`: a release in flight is told something; an entity cannot raise an event itself."""

from durabletask import task

from functions.boundary import Steps, orchestrator
from shared import names
from shared.contracts.release import ReleaseTold, TellReleaseInput


@orchestrator
def tell_release(context: task.OrchestrationContext, order: TellReleaseInput) -> Steps[ReleaseTold]:
    """Say it once: the engine keeps it until the release listens, and drops it when that has ended."""
    context.send_event(order.instance, names.RELEASE_WORD, data=order.word.to_wire())
    yield from ()
    return ReleaseTold(instance=order.instance)
