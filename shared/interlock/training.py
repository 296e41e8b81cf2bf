"""Rules of training: one in flight; the newest dataset and what was asked for wait side by side."""

from datetime import datetime

from shared import names
from shared.contracts.datasets import DatasetRef
from shared.contracts.interlock import DatasetPublished, TrainingFinished, TrainingRequested
from shared.contracts.training import TrainModelInput
from shared.interlock.commands import StartTraining
from shared.interlock.releasing import release_if_ready
from shared.interlock.state import REASON_LIMIT, REMEMBERED, InterlockState, Request, Training
from shared.interlock.steps import Step, answer, changed, remember


def on_dataset(state: InterlockState, event: DatasetPublished, now: datetime) -> Step:
    """A dataset version is there: train on it once, now or after the training in flight."""
    version = event.dataset.version
    if any(training.dataset.version == version and training.outcome != "failed" for training in state.trainings):
        return Step(state, (), "ignored", f"The model is trained on dataset version {version} already.")
    if state.running is not None:
        return _queue(state, event.dataset)
    return _start_training(state, event.dataset, now, event.trace, f"Dataset version {version} arrived.")


def on_request(state: InterlockState, event: TrainingRequested, now: datetime) -> Step:
    """Somebody asks: a repeated request is answered with the training that was started for it."""
    running, version = state.running, event.dataset.version
    known = next((request for request in state.requests if request.request_id == event.request_id), None)
    if known is not None and known.attempt is not None:
        reason = f"Training {known.attempt} answers this request."
        return Step(state, (), "joined", reason, answer("joined", known.attempt, reason))
    if known is not None:
        reason = f"The request waits for training {running.attempt if running else '?'}."
        return Step(state, (), "waiting", reason, answer("waiting", None, reason))
    asked = Request(request_id=event.request_id, dataset=event.dataset, requested_by=event.requested_by)
    if running is not None and running.dataset.version == version:
        reason = f"Training {running.attempt} on dataset version {version} is running already."
        joined = _ask(state, changed(asked, attempt=running.attempt))
        return Step(joined, (), "joined", reason, answer("joined", running.attempt, reason))
    if running is None:
        return _start_requested(_ask(state, asked), asked, now, event.trace)
    if sum(request.attempt is None for request in state.requests) >= REMEMBERED:
        reason = f"{REMEMBERED} requests wait already. Ask again when some have been answered."
        return Step(state, (), "refused", reason, answer("refused", None, reason))
    reason = f"Training {running.attempt} is running; the request of {event.requested_by} waits for it."
    return Step(_ask(state, asked), (), "waiting", reason, answer("waiting", None, reason))


def _ask(state: InterlockState, request: Request) -> InterlockState:
    """Remember a request; of those that are answered, the oldest is forgotten first."""
    others = [other for other in state.requests if other.request_id != request.request_id]
    answered = [other for other in others if other.attempt is not None]
    forgotten = answered[: max(0, len(others) + 1 - 2 * REMEMBERED)]
    return changed(state, requests=(*(other for other in others if other not in forgotten), request))


def _start_requested(state: InterlockState, request: Request, now: datetime, trace: str | None) -> Step:
    reason = f"{request.requested_by} asked for a training on dataset version {request.dataset.version}."
    step = _start_training(state, request.dataset, now, trace, reason)
    attempt = step.state.attempts
    return step._replace(
        state=_ask(step.state, changed(request, attempt=attempt)), answer=answer("started", attempt, reason)
    )


def on_trained(state: InterlockState, event: TrainingFinished, now: datetime) -> Step:
    """A training has ended: release what passed, and go on with what waits."""
    outcome, running = event.outcome, state.running
    if running is None or running.attempt != outcome.attempt:
        return Step(state, (), "ignored", f"Training {outcome.attempt} is not the one in flight; its result came late.")
    reason = outcome.reason[:REASON_LIMIT]
    ended = changed(running, outcome=outcome.outcome, reason=reason, version=outcome.version)
    known = changed(
        state, trainings=tuple(ended if t.attempt == running.attempt else t for t in state.trainings), reason=reason
    )
    if outcome.version is not None:
        known = remember(
            known,
            changed(
                known.candidate(outcome.version),
                verdict=outcome.verdict,
                evaluation=outcome.evaluation,
                attempt=outcome.attempt,
                dataset=running.dataset,
                trace=event.trace,
            ),
        )
    step = release_if_ready(known, now, event.trace, Step(known, (), outcome.outcome, reason))
    return _train_next(step, now, event.trace)


def _start_training(state: InterlockState, dataset: DatasetRef, now: datetime, trace: str | None, reason: str) -> Step:
    assert state.policy is not None  # every event that leads here carries it
    attempt = state.attempts + 1
    waiting = state.queued if state.queued and state.queued.version != dataset.version else None
    instance = names.instance_id(f"train {state.model}", dataset.version, state.policy.revision, attempt=attempt)
    training = Training(attempt=attempt, dataset=dataset, instance=instance, started_at=now)
    after = changed(
        state,
        attempts=attempt,
        trainings=(*state.trainings, training)[-REMEMBERED:],
        queued=waiting,
        reason=reason,
    )
    command = StartTraining(
        instance=instance,
        input=TrainModelInput(
            model=state.model, attempt=attempt, policy=state.policy, dataset=dataset, at=now, trace=trace
        ),
    )
    return Step(after, (command,), f"started training {attempt}", reason)


def _queue(state: InterlockState, dataset: DatasetRef) -> Step:
    assert state.running is not None  # asked by the callers
    before = f", instead of {state.queued.version}" if state.queued and state.queued.version != dataset.version else ""
    reason = f"Training {state.running.attempt} is running; dataset version {dataset.version} is next{before}."
    return Step(changed(state, queued=dataset), (), "waiting", reason)


def _train_next(step: Step, now: datetime, trace: str | None) -> Step:
    """Now that a training has ended: what was asked for first, else the newest dataset that waits."""
    state = step.state
    request = next((request for request in state.requests if request.attempt is None), None)
    if request is not None:
        started = _start_requested(state, request, now, trace)
    elif state.queued is not None:
        reason = f"Dataset version {state.queued.version} waited for the training before."
        started = _start_training(changed(state, queued=None), state.queued, now, trace, reason)
    else:
        return step
    return Step(
        started.state,
        (*step.commands, *started.commands),
        f"{step.decision}; {started.decision}",
        f"{step.reason} {started.reason}",
    )
