"""`tell_models`: tell some of the models that are trained on a dataset version that it is there."""

from durabletask import task

from functions.boundary import Steps, call, orchestrator
from functions.orchestrators.steps import tell_interlock
from shared import names
from shared.contracts.datasets import ConcernedModels, ConcernedModelsInput, ModelsTold, TellModelsInput
from shared.contracts.interlock import DatasetPublished


@orchestrator
def tell_models(context: task.OrchestrationContext, order: TellModelsInput) -> Steps[ModelsTold]:
    """Signal the interlocks of a few pages of models.

    A history of its own for every few pages: one history of 1,000 signals would be replayed a hundred times, so the
    last model would cost far more than the first.
    """
    told = 0
    for page in range(order.first_page, order.first_page + order.pages):
        ask = ConcernedModelsInput(fleet=order.fleet, dataset=order.dataset, page=page, trace=order.trace)
        concerned = yield from call(context, names.FIND_CONCERNED_MODELS, ask, ConcernedModels)
        for policy in concerned.policies:
            event = DatasetPublished(
                model=policy.model, at=order.at, trace=order.trace, policy=policy, dataset=order.dataset
            )
            tell_interlock(context, event)
            told += 1
    return ModelsTold(told=told)
