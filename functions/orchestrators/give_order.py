"""`give_order`: somebody orders something of a model; the interlock decides, and its answer is brought back."""

from durabletask import task
from durabletask.entities import EntityInstanceId

from functions.boundary import Steps, orchestrator
from functions.orchestrators.adopting import adopt
from shared import names
from shared.contracts.interlock import RequestAnswer
from shared.contracts.orders import AdoptOrdered, GiveOrderInput


@orchestrator
def give_order(context: task.OrchestrationContext, given: GiveOrderInput) -> Steps[RequestAnswer]:
    """Give an order, and bring back the answer; one that is given again under its id is answered again."""
    if isinstance(given.order, AdoptOrdered):  # the registry says first which version that is
        answer = yield from adopt(context, given.order)
        context.set_custom_status({"step": answer.decision, "reason": answer.reason})
        return answer
    entity = EntityInstanceId(names.MODEL_INTERLOCK, given.order.model)
    answer = RequestAnswer.from_wire(
        (yield context.call_entity(entity, names.INTERLOCK_REQUEST, given.order.to_wire()))
    )
    context.set_custom_status({"step": answer.decision, "reason": answer.reason})
    return answer
