"""`announce_code`: models that are trained again when the code changes hear that it has."""

from durabletask import task

from functions.boundary import PermanentFailure, Steps, call, orchestrator
from functions.orchestrators.steps import now, tell_interlock
from shared import names
from shared.contracts.datasets import DatasetRef, FindDatasetInput
from shared.contracts.interlock import CodeChanged
from shared.contracts.monitoring import AnnounceCodeInput, CodeAnnounced, CodeModels, CodeModelsInput
from shared.contracts.policy import ModelPolicy


@orchestrator
def announce_code(context: task.OrchestrationContext, order: AnnounceCodeInput) -> Steps[CodeAnnounced]:
    """Tell a few models, each with its newest dataset version; the next few in a new history."""
    ask = CodeModelsInput(first=order.first, trace=order.trace)
    found = yield from call(context, names.FIND_CODE_MODELS, ask, CodeModels)
    for policy in found.policies:
        dataset = yield from _newest(context, policy, order.trace)
        event = CodeChanged(
            model=policy.model,
            at=now(context),
            trace=order.trace,
            policy=policy,
            commit=order.commit,
            dataset=dataset,
        )
        tell_interlock(context, event)
    if found.following is not None:
        context.continue_as_new(order.model_copy(update={"first": found.following}).to_wire())
    return CodeAnnounced(commit=order.commit, told=len(found.policies))


def _newest(context: task.OrchestrationContext, policy: ModelPolicy, trace: str | None) -> Steps[DatasetRef | None]:
    """The newest dataset version; `None` while there is none."""
    find = FindDatasetInput(fleet=policy.fleet, dataset=policy.train.dataset, labels=policy.labels, trace=trace)
    try:
        return (yield from call(context, names.FIND_DATASET, find, DatasetRef))
    except PermanentFailure:
        return None
