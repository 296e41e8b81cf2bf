"""`train_on_request`: somebody asks for a training; the interlock decides, and this waits for the end."""

from datetime import timedelta
from typing import Final

import azure.durable_functions as df
from durabletask import task
from durabletask.entities import EntityInstanceId

from functions.boundary import Steps, call, orchestrator
from shared import names
from shared.contracts.datasets import DatasetRef, FindDatasetInput
from shared.contracts.interlock import RequestAnswer, TrainingProgress, TrainingRequested
from shared.contracts.training import TrainingOutcome, TrainOnRequestInput

blueprint = df.Blueprint()

_LAST_POLL: Final = timedelta(minutes=5)


class TrainingNotPassedError(Exception):
    """The training that was asked for did not lead to a version that passed; fails the instance, so callers see it."""


@orchestrator(blueprint)
def train_on_request(context: task.OrchestrationContext, order: TrainOnRequestInput) -> Steps[TrainingOutcome]:
    """Ask the interlock for a training and wait for its outcome.

    1. Find the dataset version: the one named, else the newest.
    2. Ask the interlock until it has an attempt for us: started, joined, or after the one that runs.
    3. Ask how the attempt stands, less and less often.

    A training that failed or was rejected fails this instance, so that Data Factory sees a failure as a failure.
    """
    model = order.policy.model
    entity = EntityInstanceId(names.MODEL_INTERLOCK, model)
    find = FindDatasetInput(
        dataset=order.policy.train.dataset, labels=order.policy.labels, version=order.dataset, trace=order.trace
    )
    dataset = yield from call(context, names.FIND_DATASET, find, DatasetRef)
    event = TrainingRequested(
        model=model,
        at=order.at,
        trace=order.trace,
        policy=order.policy,
        dataset=dataset,
        requested_by=order.requested_by,
        request_id=order.request_id,
    )

    pause = timedelta(seconds=5)
    answer = RequestAnswer.from_wire((yield context.call_entity(entity, names.INTERLOCK_REQUEST, event.to_wire())))
    while answer.attempt is None:
        context.set_custom_status({"step": "waiting", "reason": answer.reason})
        yield context.create_timer(pause)
        pause = min(pause * 2, _LAST_POLL)
        answer = RequestAnswer.from_wire((yield context.call_entity(entity, names.INTERLOCK_REQUEST, event.to_wire())))

    context.set_custom_status({"step": "training", "attempt": answer.attempt})
    pause = timedelta(seconds=5)
    while True:
        value = yield context.call_entity(entity, names.INTERLOCK_PROGRESS, answer.attempt)
        outcome = TrainingProgress.from_wire(value).outcome
        if outcome is not None:
            break
        yield context.create_timer(pause)
        pause = min(pause * 2, _LAST_POLL)
    context.set_custom_status({"step": outcome.outcome, "attempt": outcome.attempt, "reason": outcome.reason})
    if outcome.outcome != "passed":
        raise TrainingNotPassedError(outcome.reason)
    return outcome
