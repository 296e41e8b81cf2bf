"""Steps of an order to adopt a version: it is found, the model takes it, and registry and ledger are told."""

from durabletask import task
from durabletask.entities import EntityInstanceId

from functions.boundary import Steps, call, explain
from functions.orchestrators.noting import note_versions
from functions.orchestrators.steps import STEP_FAILED, attempt, now, tell_interlock, write_ledger
from shared import names
from shared.contracts.adoption import AdoptedVersion, FindAdoptedInput
from shared.contracts.interlock import AdoptionFinished, RequestAnswer
from shared.contracts.orders import AdoptOrdered
from shared.contracts.registry import PromoteVersionInput, Promotion


def adopt(context: task.OrchestrationContext, order: AdoptOrdered) -> Steps[RequestAnswer]:
    """Take a version that is registered already for the one in production.

    1. Find it in the registry, with the hash of its files.
    2. Ask the model's interlock: it refuses while another version serves, or production is about to change.
    3. One of another registered model is registered under the model's name, and the interlock is asked with that.
    4. Alias and stage to it, whose end the interlock is told: releases and rollbacks wait for it.
    5. The entry in the ledger (`lineage` is `unknown`), and the words in the registry.
    """
    find = FindAdoptedInput(model=order.model, uri=order.uri, by=order.by, trace=order.trace)
    try:
        found = yield from call(context, names.FIND_ADOPTED, find, AdoptedVersion)
        answer = yield from _asked(context, order, found)
        if answer.decision == "waiting":
            registering = find.model_copy(update={"register_it": True})
            found = yield from call(context, names.FIND_ADOPTED, registering, AdoptedVersion)
            answer = yield from _asked(context, order, found)
    except STEP_FAILED as error:
        return RequestAnswer(decision="refused", attempt=None, reason=explain(error))
    if answer.decision != "accepted" or found.version is None:
        return answer
    promote = PromoteVersionInput(model=order.model, version=found.version, trace=order.trace)
    problem = yield from attempt(call(context, names.PROMOTE_VERSION, promote, Promotion))
    # Told whatever became of it, and before anything else is tried: releases and rollbacks wait for it.
    ended = AdoptionFinished(
        model=order.model, at=now(context), trace=order.trace, version=found.version, request_id=order.request_id
    )
    tell_interlock(context, ended)
    told = answer.reason if problem is None else f"{answer.reason} The registry's alias could not be set: {problem}"
    facts = {
        "version": found.version,
        "by": order.by,
        "lineage": "unknown",
        "source": found.source,
        "copied": found.copied,
        "artifact_sha256": found.artifact_sha256,
    }
    # It is so already: an order that failed here would be believed to have changed nothing.
    unwritten = yield from attempt(write_ledger(context, order.model, "ModelAdopted", told, facts, order.trace))
    told = told if unwritten is None else f"{told} The ledger has no entry of it: {unwritten}"
    yield from note_versions(context, order.model, (found.version,), order.trace)
    return answer.model_copy(update={"reason": told})


def _asked(context: task.OrchestrationContext, order: AdoptOrdered, found: AdoptedVersion) -> Steps[RequestAnswer]:
    """What the interlock says; the question whether it could be is another one than the order itself."""
    asking = {} if found.version is not None else {"request_id": f"{order.request_id}?"}
    wanted = order.model_copy(update={"version": found.version, **asking})
    entity = EntityInstanceId(names.MODEL_INTERLOCK, order.model)
    return RequestAnswer.from_wire((yield context.call_entity(entity, names.INTERLOCK_REQUEST, wanted.to_wire())))
