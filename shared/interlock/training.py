"""Rules of training: one in flight; the newest dataset and what was asked for wait side by side."""

from datetime import datetime

from shared.contracts.datasets import DatasetRef
from shared.contracts.interlock import DatasetPublished, TrainingFinished, TrainingRequested
from shared.contracts.jobs import JobWord
from shared.contracts.training import NOT_WANTED, TrainingOutcome
from shared.interlock.beginning_training import order_training, training_instance
from shared.interlock.giving_up import end_training, withdraw_training
from shared.interlock.holding import after_end, why_held, why_paused
from shared.interlock.memory import Request
from shared.interlock.precedence import asked_for, gives_way, not_older, past_training, why_not_trained
from shared.interlock.readiness import why_not_released
from shared.interlock.requests import answered, answered_again, known_request, note, refused
from shared.interlock.runs import Training
from shared.interlock.state import REMEMBERED, InterlockState
from shared.interlock.steps import Step, cut, policy_of, remember, with_training
from shared.interlock.values import changed


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
        waits = why_held(state, now) or why_paused(state, now)
        if waits is not None:
            return _next(state, dataset, now, reason, waits, published)
        return order_training(state, dataset, now, trace, reason, published=published)
    if current.outcome == "queued" and not asked_for(state, current) and not_older(published, current.data_by):
        return _in_its_place(state, current, dataset, trace, reason, published)
    step = _next(state, dataset, now, reason, f"Training {current.attempt} is in flight;", published)
    if step.state.queued != dataset or step.state is state:
        return step
    if published is None or published <= current.data_by or not gives_way(state, current):
        return step
    word = JobWord(superseded=f"dataset version {dataset.version}")
    told = f"{step.reason} If its job has not begun to run, it is superseded."
    return step._replace(commands=(withdraw_training(current, word, trace),), reason=told)


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
    if state.training is not None:
        return _wait(state, asked, f"Training {state.training.attempt} is in flight; ")
    if (held := why_held(state, now)) is not None:
        return _wait(state, asked, f"{held} Until then, ")
    return _order_requested(state, asked, now)


def on_trained(state: InterlockState, event: TrainingFinished, now: datetime) -> Step:
    """A training has ended; what it led to may be released now, and the next one may begin."""
    outcome, current = event.outcome, state.training
    if current is None or current.attempt != outcome.attempt or current.outcome == "queued":
        return Step(state, (), "ignored", f"Training {outcome.attempt} does not run; its result came late.")
    reason = cut(outcome.reason)
    known = end_training(state, changed(current, outcome=outcome.outcome, reason=reason, version=outcome.version))
    if outcome.outcome not in NOT_WANTED:
        known = after_end(known, now, "training", reason, failed=outcome.outcome == "failed")
    if outcome.version is None:
        return Step(known, (), outcome.outcome, reason)
    known = _judged(known, outcome, current, event.trace)
    blocked = why_not_released(known, known.candidate(outcome.version))
    reason = f"{reason} {blocked}" if blocked else reason
    return Step(changed(known, reason=cut(reason)), (), outcome.outcome, reason)


def train_next(step: Step, now: datetime, trace: str | None) -> Step:
    """When none is in flight: what was asked for first, else the newest dataset that waits."""
    state = step.state
    if state.training is not None or state.retirement is not None or why_held(state, now) is not None:
        return step
    request = next(
        (one for one in state.requests if one.attempt is None and one.kind == "training" and one.waits), None
    )
    if request is not None:
        begun = _order_requested(state, request, now)
        return step.then(begun._replace(state=_join_others(begun.state, request), answer=None))
    if state.queued is None or why_paused(state, now) is not None:
        return step
    dataset, published, state = state.queued, state.queued_at, changed(state, queued=None, queued_at=None)
    if (reason := why_not_trained(state, dataset)) is not None:
        return step.then(Step(state, (), "noted", f"Dataset version {dataset.version} waited. {reason}"))
    reason = f"Dataset version {dataset.version} waited."
    return step.then(order_training(state, dataset, now, trace, reason, published=published))


# ── How ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _answered_by(state: InterlockState, asked: Request, past: Training) -> Step:
    """A training on the dataset version asked for is in flight, or has ended and is not wanted again."""
    asked = changed(asked, attempt=past.attempt)
    version = past.dataset.version
    if past.in_flight:
        return answered(state, asked, "joined", f"Training {past.attempt} on dataset version {version} is in flight.")
    reason = f"Training {past.attempt} on dataset version {version} has ended: {past.outcome}."
    return answered(state, changed(asked, outcome="unchanged"), "unchanged", reason)


def _wait(state: InterlockState, asked: Request, why: str) -> Step:
    if sum(one.waits for one in state.requests) >= REMEMBERED:
        reason = f"{REMEMBERED} requests wait already. Ask again, under another id, when some have been answered."
        return refused(state, asked, reason)
    return answered(state, asked, "waiting", f"{why}the request of {asked.requested_by} waits.")


def _next(  # noqa: PLR0917 - as `train_on`
    state: InterlockState, dataset: DatasetRef, now: datetime, reason: str, why: str, published: datetime | None
) -> Step:
    """The dataset is trained on next, unless newer data waits already; without a time of its own it is the newest."""
    waits = f"{why} dataset version {dataset.version} is next"
    if state.queued == dataset:
        return Step(state, (), "waiting", f"{waits}.")
    before = ""
    if state.queued is not None:
        if not not_older(published, state.queued_at):
            reason = f"{reason} Dataset version {state.queued.version} waits already, which is newer: it is next."
            return Step(state, (), "noted", reason)
        before = f", instead of {state.queued.version}"
    return Step(changed(state, queued=dataset, queued_at=published or now), (), "waiting", f"{waits}{before}.")


def _in_its_place(  # noqa: PLR0917 - as `train_on`
    state: InterlockState,
    current: Training,
    dataset: DatasetRef,
    trace: str | None,
    reason: str,
    published: datetime | None,
) -> Step:
    instance = training_instance(state, current.attempt, dataset)
    taken = changed(current, dataset=dataset, data_at=published, instance=instance, trace=trace, commit=state.commit)
    reason = f"{reason} It takes the place of {current.dataset.version}, whose training has not begun."
    return Step(changed(with_training(state, taken), reason=reason), (), "waiting", reason)


def _order_requested(state: InterlockState, request: Request, now: datetime) -> Step:
    reason = f"{request.requested_by} asked for a training on dataset version {request.dataset.version}."
    step = order_training(state, request.dataset, now, request.trace, reason, asked_by=request.requested_by)
    told = answered(step.state, changed(request, attempt=step.state.attempts), "started", step.reason)
    return told._replace(commands=step.commands, decision=step.decision)


def _join_others(state: InterlockState, request: Request) -> InterlockState:
    """Who waits for a training on the same dataset version is answered by the same one."""
    for other in state.requests:
        if other.kind == "training" and other.waits and other.dataset.version == request.dataset.version:
            reason = f"Training {state.attempts} answers this request."
            state = note(state, changed(other, attempt=state.attempts, reason=reason))
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
