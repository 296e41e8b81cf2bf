"""`train_on_request`: somebody asks for a training; the interlock decides, and this waits for the end."""

from datetime import timedelta
from typing import Final

from durabletask import task
from durabletask.entities import EntityInstanceId

from functions.boundary import Steps, call, orchestrator
from functions.orchestrators.telling_followers import failed, telling
from shared import names
from shared.contracts.callbacks import RunEnd, TrainingEnd
from shared.contracts.datasets import DatasetRef, FindDatasetInput
from shared.contracts.interlock import RequestAnswer, TrainingRequested
from shared.contracts.training import TrainingOutcome, TrainingProgress, TrainOnRequestInput

_FIRST_POLL: Final = timedelta(seconds=5)
_LAST_POLL: Final = timedelta(minutes=5)
#: Beyond the time of the training before and our own.
_MARGIN: Final = timedelta(hours=2)


class TrainingNotPassedError(Exception):
    """The training that was asked for did not lead to a version that passed; fails the instance, so callers see it.

    Args:
        reason: Why, for a person.
        outcome: Of the training, where there was one.
    """

    def __init__(self, reason: str, outcome: TrainingOutcome | None = None) -> None:
        super().__init__(reason)
        self.outcome = outcome


class _Patience:
    """Longer and longer pauses, until the whole budget is spent; so the history stays short."""

    def __init__(self, context: task.OrchestrationContext, budget: timedelta) -> None:
        self._context = context
        self._deadline = context.current_utc_datetime + budget
        self._pause = _FIRST_POLL

    def pause(self) -> Steps[None]:
        """Wait for a while.

        Raises:
            TrainingNotPassedError: The budget is spent.
        """
        if self._context.current_utc_datetime >= self._deadline:
            msg = "The training that was asked for did not end in time. `GET /api/models` shows how the model stands."
            raise TrainingNotPassedError(msg)
        yield self._context.create_timer(self._pause)
        self._pause = min(self._pause * 2, _LAST_POLL)


@orchestrator
def train_on_request(context: task.OrchestrationContext, order: TrainOnRequestInput) -> Steps[TrainingOutcome]:
    """Ask the interlock for a training and wait for its outcome.

    1. Find the dataset version: the one named, else the newest.
    2. Ask the interlock until it has an attempt for us: started, joined, or after the one that runs.
    3. Ask how the attempt stands, less and less often, and no longer than two trainings can take.

    A training that failed or was rejected fails this instance, so that Data Factory sees a failure as a failure.
    """
    if not order.followed:
        return (yield from _train(context, order))
    return (yield from telling(context, _train(context, order), _end_of, order.trace, _how_failed))


def _end_of(outcome: TrainingOutcome) -> RunEnd:
    return RunEnd(state="completed", reason=outcome.reason, training=_training(outcome))


def _how_failed(error: Exception) -> RunEnd:
    outcome = error.outcome if isinstance(error, TrainingNotPassedError) else None
    return failed(error).model_copy(update={"training": _training(outcome) if outcome is not None else None})


def _training(outcome: TrainingOutcome) -> TrainingEnd:
    return TrainingEnd(outcome=outcome.outcome, attempt=outcome.attempt, version=outcome.version)


def _train(context: task.OrchestrationContext, order: TrainOnRequestInput) -> Steps[TrainingOutcome]:
    model = order.policy.model
    find = FindDatasetInput(
        fleet=order.policy.fleet,
        dataset=order.policy.train.dataset,
        labels=order.policy.labels,
        version=order.dataset,
        trace=order.trace,
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

    patience = _Patience(context, timedelta(minutes=2 * order.policy.train.longest_minutes) + _MARGIN)
    outcome = yield from _follow(context, event, patience)
    while outcome.outcome == "superseded":  # asked for after it was told to give way: the request has another attempt
        outcome = yield from _follow(context, event, patience)
    context.set_custom_status({"step": outcome.outcome, "attempt": outcome.attempt, "reason": outcome.reason})
    if outcome.outcome != "passed":
        raise TrainingNotPassedError(outcome.reason, outcome)
    return outcome


def _follow(
    context: task.OrchestrationContext, event: TrainingRequested, patience: _Patience
) -> Steps[TrainingOutcome]:
    """Ask until there is an attempt, and then how it stands, until it has ended.

    Raises:
        TrainingNotPassedError: The request is refused, or the budget is spent.
    """
    entity = EntityInstanceId(names.MODEL_INTERLOCK, event.model)
    answer = RequestAnswer.from_wire((yield context.call_entity(entity, names.INTERLOCK_REQUEST, event.to_wire())))
    while answer.attempt is None:
        if answer.decision == "refused":
            raise TrainingNotPassedError(answer.reason)
        context.set_custom_status({"step": "waiting", "reason": answer.reason})
        yield from patience.pause()
        answer = RequestAnswer.from_wire((yield context.call_entity(entity, names.INTERLOCK_REQUEST, event.to_wire())))

    context.set_custom_status({"step": "training", "attempt": answer.attempt})
    outcome: TrainingOutcome | None = None
    while outcome is None:
        value = yield context.call_entity(entity, names.INTERLOCK_PROGRESS, answer.attempt)
        outcome = TrainingProgress.from_wire(value).outcome
        if outcome is None:
            yield from patience.pause()
    return outcome
