"""The step after which the registry tells people what the ledger does."""

from durabletask import task

from functions.boundary import Steps, call
from functions.orchestrators.steps import attempt, write_ledger
from shared import names
from shared.contracts.registry import NoteVersionsInput, VersionsNoted


def note_versions(
    context: task.OrchestrationContext, model: str, versions: tuple[str | None, ...], trace: str | None
) -> Steps[None]:
    """Bring what the registry says of versions up to date, and keep nothing from going on.

    Whoever reads it there gets the ledger's words; a registry that does not take them is told of in the ledger, and
    gets them with the next change.

    Args:
        context: The orchestration that has changed something.
        model: Whose versions they are.
        versions: Those that it has changed; an absent one is none.
        trace: W3C traceparent.
    """
    of_model = tuple(dict.fromkeys(one for one in versions if one is not None))
    if not of_model:
        return
    order = NoteVersionsInput(model=model, versions=of_model, trace=trace)
    problem = yield from attempt(call(context, names.NOTE_VERSIONS, order, VersionsNoted))
    if problem is not None:
        which = f"version {' and '.join(of_model)}"
        told = f"The registry's description of {which} is not up to date: {problem}"
        facts = {"version": of_model[0], "versions": list(of_model)}
        yield from attempt(write_ledger(context, model, "RegistryNotTold", told, facts, trace))
