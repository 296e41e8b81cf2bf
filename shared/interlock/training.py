"""Rules of training: one in flight; the newest dataset and what was asked for wait side by side."""

from datetime import datetime

from shared import names
from shared.contracts.datasets import DatasetRef
from shared.contracts.interlock import DatasetPublished, TrainingFinished, TrainingRequested
from shared.contracts.jobs import JobWord, WithdrawJobInput
from shared.contracts.training import NOT_WANTED, TrainingOutcome, TrainModelInput
from shared.interlock.commands import StartTraining, WithdrawTraining
from shared.interlock.memory import Request
from shared.interlock.precedence import WATCHES_ONLY, asked_for, gives_way, not_older, past_training, why_not_trained
from shared.interlock.releasing import why_not_released
from shared.interlock.requests import answered, answered_again, known_request, note, refused, settle
from shared.interlock.runs import Training
from shared.interlock.state import REMEMBERED, InterlockState
from shared.interlock.steps import Step, changed, cut, policy_of, remember, takes_turns, with_training


def on_dataset(state: InterlockState, event: DatasetPublished, now: datetime) -> Step:
    """A dataset version is there: train on it once, now or later, if the fleet file wants that to happen by itself."""
    dataset = event.dataset
    if past_training(state, dataset.version) is not None:
        return Step(state, (), "ignored", f"The model is trained on dataset version {dataset.version} already.")
    blocked = why_not_trained(state, dataset)
    if blocked is None and "data" not in policy_of(state).retrain_when:
        blocked = "A schedule or a person starts the training."
    if blocked is None:
        reason = f"Dataset version {dataset.version} arrived."
        return train_on(state, dataset, now, event.trace, reason, published=event.at)
    reason = f"Dataset version {dataset.version} is there. {blocked}"
    return Step(changed(state, reason=reason) if state.summary == "waiting" else state, (), "noted", reason)


def train_on(
    state: InterlockState,
    dataset: DatasetRef,
    now: datetime,
    trace: str | None,
    reason: str,
    *,
    published: datetime | None = None,
) -> Step:
    """Train without being asked: at once, or after the training in flight.

    A training that waits for its slot takes the newer dataset at its place, unless somebody asked for its own. One
    whose job waits in the platform's queue is superseded; what the job does is not known here, so the wait decides.
    Events come late, so the times of publication tell what is newer; where none is known, nothing gives way.
    """
    current = state.training
    if current is None:
        return _order(state, dataset, now, trace, reason, published=published)
    if current.outcome == "queued" and not asked_for(state, current) and not_older(published, current.data_by):
        instance = _instance(state, current.attempt, dataset)
        taken = changed(current, dataset=dataset, data_at=published, instance=instance, trace=trace)
        reason = f"{reason} It takes the place of {current.dataset.version}, whose training has not begun."
        return Step(changed(with_training(state, taken), reason=reason), (), "waiting", reason)
    if state.queued == dataset:
        reason = f"Training {current.attempt} is in flight; dataset version {dataset.version} is next."
        return Step(state, (), "waiting", reason)
    before = ""
    if state.queued is not None:
        if not not_older(published, state.queued_at):
            reason = f"{reason} Dataset version {state.queued.version} waits already, which is newer: it is next."
            return Step(state, (), "noted", reason)
        before = f", instead of {state.queued.version}"
    reason = f"Training {current.attempt} is in flight; dataset version {dataset.version} is next{before}."
    after = changed(state, queued=dataset, queued_at=published or now)
    if published is None or published <= current.data_by or not gives_way(state, current):
        return Step(after, (), "waiting", reason)
    word = JobWord(superseded=f"dataset version {dataset.version}")
    reason = f"{reason} If its job has not begun to run, it is superseded."
    return Step(after, (withdraw_training(current, word, trace),), "waiting", reason)


def on_request(state: InterlockState, event: TrainingRequested, now: datetime) -> Step:
    """Somebody asks: at every level, and also for an older dataset."""
    known = known_request(state, "training", event.request_id)
    if known is not None:
        return answered_again(state, known)
    asked = Request(
        request_id=event.request_id,
        dataset=event.dataset,
        requested_by=event.requested_by,
        at=event.at,
        trace=event.trace,
    )
    if state.retirement is not None:
        return refused(state, asked, "The model is being retired; nothing new starts meanwhile.")
    past = past_training(state, event.dataset.version)
    if past is not None and (past.in_flight or not event.again):
        return _answered_by(state, asked, past)
    return _order_requested(state, asked, now) if state.training is None else _wait(state, asked, state.training)


def on_trained(state: InterlockState, event: TrainingFinished) -> Step:
    """A training has ended; what it led to may be released now, and the next one may begin."""
    outcome, current = event.outcome, state.training
    if current is None or current.attempt != outcome.attempt or current.outcome == "queued":
        return Step(state, (), "ignored", f"Training {outcome.attempt} does not run; its result came late.")
    reason = cut(outcome.reason)
    known = _ended(state, changed(current, outcome=outcome.outcome, reason=reason, version=outcome.version))
    if outcome.version is None:
        return Step(known, (), outcome.outcome, reason)
    known = _judged(known, outcome, current, event.trace)
    blocked = why_not_released(known, known.candidate(outcome.version))
    reason = f"{reason} {blocked}" if blocked else reason
    return Step(changed(known, reason=cut(reason)), (), outcome.outcome, reason)


def train_next(step: Step, now: datetime, trace: str | None) -> Step:
    """When none is in flight: what was asked for first, else the newest dataset that waits."""
    state = step.state
    if state.training is not None or state.retirement is not None:
        return step
    request = next((one for one in state.requests if one.kind == "training" and one.waits), None)
    if request is not None:
        begun = _order_requested(state, request, now)
        return step.then(begun._replace(state=_join_others(begun.state, request), answer=None))
    if state.queued is None:
        return step
    dataset, published, state = state.queued, state.queued_at, changed(state, queued=None, queued_at=None)
    if (reason := why_not_trained(state, dataset)) is not None:
        return step.then(Step(state, (), "noted", f"Dataset version {dataset.version} waited. {reason}"))
    reason = f"Dataset version {dataset.version} waited for the training before."
    return step.then(_order(state, dataset, now, trace, reason, published=published))


def begin_training(state: InterlockState, training: Training, now: datetime) -> Step:
    """Its slot is there: begin, with the fleet file as it is now."""
    policy = policy_of(state)
    if policy.level < 2 and not asked_for(state, training):
        others = tuple(other for other in state.trainings if other != training)
        reason = f"Training {training.attempt} does not begin. {WATCHES_ONLY}"
        return Step(changed(state, trainings=others, reason=reason), (), "not begun", reason)
    instance = _instance(state, training.attempt, training.dataset)
    begun = changed(training, outcome="running", started_at=now, instance=instance)
    reason = f"Training {begun.attempt} on dataset version {begun.dataset.version} has its slot."
    after = with_training(changed(state, reason=reason), begun)
    return Step(after, (_start(state, begun),), f"started training {begun.attempt}", reason)


def withdraw_training(training: Training, word: JobWord, trace: str | None) -> WithdrawTraining:
    """Tell the wait for a training's job; the same word twice is one orchestration."""
    order = WithdrawJobInput(job=training.instance, instance=training.instance, word=word, trace=trace)
    said = names.instance_id(f"withdraw {training.instance}", word.to_wire())
    return WithdrawTraining(instance=said, input=order)


def drop_training(state: InterlockState, reason: str) -> InterlockState:
    """A training that has not begun does not begin any more; the dataset that waits is kept until the model is gone."""
    current = state.training
    if current is None or current.outcome != "queued":
        return state
    return _ended(state, changed(current, outcome="unwanted", reason=reason))


def without_waiting_data(state: InterlockState) -> InterlockState:
    """Nothing will be trained on the dataset that waits."""
    return changed(state, queued=None, queued_at=None)


def with_unwanted_data(state: InterlockState) -> InterlockState:
    """The model is wanted again: what its retirement kept from being trained on waits, unless newer data does already.

    Who asked for a training was refused, and may ask again.
    """
    last = state.trainings[-1] if state.trainings else None
    if state.queued is not None or last is None or last.outcome != "unwanted" or asked_for(state, last):
        return state
    return changed(state, queued=last.dataset, queued_at=last.data_by)


# ── How ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _answered_by(state: InterlockState, asked: Request, past: Training) -> Step:
    """A training on the dataset version asked for is in flight, or has ended and is not wanted again."""
    asked = changed(asked, attempt=past.attempt)
    version = past.dataset.version
    if past.in_flight:
        return answered(state, asked, "joined", f"Training {past.attempt} on dataset version {version} is in flight.")
    reason = f"Training {past.attempt} on dataset version {version} has ended: {past.outcome}."
    return answered(state, changed(asked, outcome="unchanged"), "unchanged", reason)


def _wait(state: InterlockState, asked: Request, current: Training) -> Step:
    if sum(one.waits for one in state.requests) >= REMEMBERED:
        reason = f"{REMEMBERED} requests wait already. Ask again, under another id, when some have been answered."
        return refused(state, asked, reason)
    reason = f"Training {current.attempt} is in flight; the request of {asked.requested_by} waits for it."
    return answered(state, asked, "waiting", reason)


def _order_requested(state: InterlockState, request: Request, now: datetime) -> Step:
    reason = f"{request.requested_by} asked for a training on dataset version {request.dataset.version}."
    step = _order(state, request.dataset, now, request.trace, reason)
    told = answered(step.state, changed(request, attempt=step.state.attempts), "started", step.reason)
    return told._replace(commands=step.commands, decision=step.decision)


def _order(
    state: InterlockState,
    dataset: DatasetRef,
    now: datetime,
    trace: str | None,
    reason: str,
    *,
    published: datetime | None = None,
) -> Step:
    """A training under the next number: begun at once, or waiting for its slot."""
    waits = takes_turns(policy_of(state))
    attempt = state.attempts + 1
    training = Training(
        attempt=attempt,
        dataset=dataset,
        instance=_instance(state, attempt, dataset),
        started_at=now,
        data_at=published,
        outcome="queued" if waits else "running",
        trace=trace,
    )
    if state.queued is not None and state.queued.version == dataset.version:
        state = changed(state, queued=None, queued_at=None)
    after = changed(with_training(state, training), attempts=attempt, reason=reason)
    if waits:
        reason = f"{reason} It waits for one of the {policy_of(state).at_once} slots of the fleet."
        return Step(changed(after, reason=reason), (), f"queued training {attempt}", reason)
    return Step(after, (_start(after, training),), f"started training {attempt}", reason)


def _start(state: InterlockState, training: Training) -> StartTraining:
    order = TrainModelInput(
        model=state.model,
        attempt=training.attempt,
        policy=policy_of(state),
        dataset=training.dataset,
        at=training.started_at,
        trace=training.trace,
    )
    return StartTraining(instance=training.instance, input=order)


def _instance(state: InterlockState, attempt: int, dataset: DatasetRef) -> str:
    return names.instance_id(f"train {state.model}", dataset.version, policy_of(state).revision, attempt=attempt)


def _ended(state: InterlockState, training: Training) -> InterlockState:
    state = changed(with_training(state, training), reason=training.reason)
    if training.outcome == "superseded" and state.retirement is None:
        return _wait_again(state, training)
    outcome = "refused" if training.outcome in NOT_WANTED else training.outcome
    return settle(state, "training", training.attempt, outcome, training.reason)


def _join_others(state: InterlockState, request: Request) -> InterlockState:
    """Who waits for a training on the same dataset version is answered by the same one."""
    for other in state.requests:
        if other.kind == "training" and other.waits and other.dataset.version == request.dataset.version:
            reason = f"Training {state.attempts} answers this request."
            state = note(state, changed(other, attempt=state.attempts, reason=reason))
    return state


def _wait_again(state: InterlockState, training: Training) -> InterlockState:
    """Whoever asked for a training after it was told to give way has their way: the next one is theirs."""
    for request in state.requests:
        if request.kind == "training" and request.attempt == training.attempt and request.outcome is None:
            reason = f"{training.reason} The request of {request.requested_by} waits for the next one."
            state = note(state, changed(request, attempt=None, reason=reason))
    return state


def _judged(state: InterlockState, outcome: TrainingOutcome, training: Training, trace: str | None) -> InterlockState:
    assert outcome.version is not None  # asked by the caller
    judged = changed(
        state.candidate(outcome.version),
        verdict=outcome.verdict,
        evaluation=outcome.evaluation,
        attempt=outcome.attempt,
        dataset=training.dataset,
        trace=trace,
    )
    return remember(state, judged)
