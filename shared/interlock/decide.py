"""The mind of a model: what to do about an event, from what is known.

Pure: no clock, no files, no randomness. It never raises: a signal whose operation raises is lost without a trace, so an
event that cannot be used becomes a dead letter in the state.

One training and one release are in flight at most. A newer dataset or version supersedes one that waits, never one that
runs. A version is released when three things are known of it, in whatever order they come: it is registered, it was
evaluated here, and it passed. Everything may come twice, late and out of order.
"""

from datetime import datetime
from typing import Any, NamedTuple, assert_never

from pydantic import ValidationError

from shared import names
from shared.contracts.datasets import DatasetRef
from shared.contracts.interlock import (
    INTERLOCK_EVENT,
    AnyInterlockEvent,
    DatasetPublished,
    DecisionNote,
    RecordModelInput,
    RegistryChanged,
    ReleaseFinished,
    RequestAnswer,
    TrainingFinished,
    TrainingProgress,
    TrainingRequested,
    VersionRegistered,
)
from shared.contracts.release import ReleaseModelInput
from shared.contracts.training import TrainingOutcome, TrainModelInput
from shared.interlock.commands import Command, RecordModel, StartRelease, StartTraining
from shared.interlock.row import model_row
from shared.interlock.state import (
    REASON_LIMIT,
    REMEMBERED,
    Candidate,
    Champion,
    DeadLetter,
    InterlockState,
    Release,
    Request,
    Training,
)


class Decision(NamedTuple):
    """The state after an event, what to start, and, for a request, the answer."""

    state: InterlockState
    commands: tuple[Command, ...]
    answer: RequestAnswer | None = None


class _Step(NamedTuple):
    """What one rule did: the new state, its commands, and the words for it."""

    state: InterlockState
    commands: tuple[Command, ...]
    decision: str
    reason: str
    answer: RequestAnswer | None = None


def receive(state: InterlockState, raw: Any) -> Decision:
    """Decide on an event as it came over the wire; what cannot be read becomes a dead letter.

    Events that older code has put aside are decided on first.
    """
    commands: tuple[Command, ...] = ()
    kept, state = state.unread_events, _with(state, unread_events=())
    for event in kept:
        state, started, _ = _receive(state, event)
        commands += started
    decision = _receive(state, raw)
    return decision._replace(commands=(*commands, *decision.commands))


def _receive(state: InterlockState, raw: Any) -> Decision:
    try:
        event = INTERLOCK_EVENT.validate_python(raw)
    except ValidationError as error:
        reason = (
            f"not an event of the interlock: {error.error_count()} fields do not fit, first {error.errors()[0]['loc']}"
        )
        letter = DeadLetter(
            at=state.last_at, reason=reason, event=raw if isinstance(raw, dict) else {"value": repr(raw)}
        )
        letters = (*state.dead_letters, letter)[-REMEMBERED:]
        return Decision(_with(state, dead_letters=letters, revision=state.revision + 1), ())
    return decide(state, event)


def decide(state: InterlockState, event: AnyInterlockEvent) -> Decision:
    """Decide on an event."""
    now = max(state.last_at, event.at) if state.last_at else event.at
    # A late event does not turn the policy back to an older fleet file.
    policy = getattr(event, "policy", None) if now == event.at else None
    known = _with(
        state, model=event.model, last_at=now, policy=policy or state.policy or getattr(event, "policy", None)
    )
    step = _rule(known, event, now)
    note = DecisionNote(at=now, event=event.kind, decision=step.decision, reason=step.reason[:REASON_LIMIT])
    after = _with(step.state, revision=state.revision + 1, decisions=(*step.state.decisions, note)[-REMEMBERED:])
    return Decision(after, (*step.commands, *_record(after, event.trace)), step.answer)


def progress(state: InterlockState, attempt: int) -> TrainingProgress:
    """How an attempt stands, for those who asked for it; an attempt that is forgotten counts as failed."""
    training = next((t for t in state.trainings if t.attempt == attempt), None)
    if training is not None and training.outcome == "running":
        return TrainingProgress(attempt=attempt, outcome=None)
    if training is None or training.outcome == "running":
        reason = f"Attempt {attempt} is not known any more; only the last {REMEMBERED} are kept."
        return TrainingProgress(
            attempt=attempt,
            outcome=TrainingOutcome(model=state.model, attempt=attempt, outcome="failed", reason=reason),
        )
    candidate = state.candidate(training.version) if training.version else None
    return TrainingProgress(
        attempt=attempt,
        outcome=TrainingOutcome(
            model=state.model,
            attempt=attempt,
            outcome=training.outcome,
            reason=training.reason,
            version=training.version,
            evaluation=candidate.evaluation if candidate else None,
            verdict=candidate.verdict if candidate else None,
        ),
    )


def _rule(state: InterlockState, event: AnyInterlockEvent, now: datetime) -> _Step:
    match event:
        case DatasetPublished():
            return _on_dataset(state, event, now)
        case TrainingRequested():
            return _on_request(state, event, now)
        case TrainingFinished():
            return _on_trained(state, event, now)
        case VersionRegistered():
            return _on_registered(state, event, now)
        case ReleaseFinished():
            return _on_released(state, event, now)
        case RegistryChanged():
            return _on_registry_change(state, event)
        case _:
            assert_never(event)


# ── Training ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _on_dataset(state: InterlockState, event: DatasetPublished, now: datetime) -> _Step:
    version = event.dataset.version
    if any(training.dataset.version == version and training.outcome != "failed" for training in state.trainings):
        return _Step(state, (), "ignored", f"The model is trained on dataset version {version} already.")
    if state.running is not None:
        return _queue(state, event.dataset)
    return _start_training(state, event.dataset, now, event.trace, f"Dataset version {version} arrived.")


def _on_request(state: InterlockState, event: TrainingRequested, now: datetime) -> _Step:
    running, version = state.running, event.dataset.version
    known = next((request for request in state.requests if request.request_id == event.request_id), None)
    if known is not None and known.attempt is not None:
        reason = f"Training {known.attempt} answers this request."
        return _Step(state, (), "joined", reason, _answer("joined", known.attempt, reason))
    if known is not None:
        reason = f"The request waits for training {running.attempt if running else '?'}."
        return _Step(state, (), "waiting", reason, _answer("waiting", None, reason))
    asked = Request(request_id=event.request_id, dataset=event.dataset, requested_by=event.requested_by)
    if running is not None and running.dataset.version == version:
        reason = f"Training {running.attempt} on dataset version {version} is running already."
        joined = _ask(state, _with(asked, attempt=running.attempt))
        return _Step(joined, (), "joined", reason, _answer("joined", running.attempt, reason))
    if running is None:
        return _start_requested(_ask(state, asked), asked, now, event.trace)
    if sum(request.attempt is None for request in state.requests) >= REMEMBERED:
        reason = f"{REMEMBERED} requests wait already. Ask again when some have been answered."
        return _Step(state, (), "refused", reason, _answer("refused", None, reason))
    reason = f"Training {running.attempt} is running; the request of {event.requested_by} waits for it."
    return _Step(_ask(state, asked), (), "waiting", reason, _answer("waiting", None, reason))


def _ask(state: InterlockState, request: Request) -> InterlockState:
    """Remember a request; of those that are answered, the oldest is forgotten first."""
    others = [other for other in state.requests if other.request_id != request.request_id]
    answered = [other for other in others if other.attempt is not None]
    forgotten = answered[: max(0, len(others) + 1 - 2 * REMEMBERED)]
    return _with(state, requests=(*(other for other in others if other not in forgotten), request))


def _start_requested(state: InterlockState, request: Request, now: datetime, trace: str | None) -> _Step:
    reason = f"{request.requested_by} asked for a training on dataset version {request.dataset.version}."
    step = _start_training(state, request.dataset, now, trace, reason)
    attempt = step.state.attempts
    return step._replace(
        state=_ask(step.state, _with(request, attempt=attempt)), answer=_answer("started", attempt, reason)
    )


def _on_trained(state: InterlockState, event: TrainingFinished, now: datetime) -> _Step:
    outcome, running = event.outcome, state.running
    if running is None or running.attempt != outcome.attempt:
        return _Step(
            state, (), "ignored", f"Training {outcome.attempt} is not the one in flight; its result came late."
        )
    reason = outcome.reason[:REASON_LIMIT]
    ended = _with(running, outcome=outcome.outcome, reason=reason, version=outcome.version)
    known = _with(
        state, trainings=tuple(ended if t.attempt == running.attempt else t for t in state.trainings), reason=reason
    )
    if outcome.version is not None:
        known = _remember(
            known,
            _with(
                known.candidate(outcome.version),
                verdict=outcome.verdict,
                evaluation=outcome.evaluation,
                attempt=outcome.attempt,
                dataset=running.dataset,
                trace=event.trace,
            ),
        )
    step = _release_if_ready(known, now, event.trace, _Step(known, (), outcome.outcome, reason))
    return _train_next(step, now, event.trace)


def _start_training(state: InterlockState, dataset: DatasetRef, now: datetime, trace: str | None, reason: str) -> _Step:
    assert state.policy is not None  # every event that leads here carries it
    attempt = state.attempts + 1
    waiting = state.queued if state.queued and state.queued.version != dataset.version else None
    instance = names.instance_id(f"train {state.model}", dataset.version, state.policy.revision, attempt=attempt)
    training = Training(attempt=attempt, dataset=dataset, instance=instance, started_at=now)
    after = _with(
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
    return _Step(after, (command,), f"started training {attempt}", reason)


def _queue(state: InterlockState, dataset: DatasetRef) -> _Step:
    assert state.running is not None  # asked by the callers
    before = f", instead of {state.queued.version}" if state.queued and state.queued.version != dataset.version else ""
    reason = f"Training {state.running.attempt} is running; dataset version {dataset.version} is next{before}."
    return _Step(_with(state, queued=dataset), (), "waiting", reason)


def _train_next(step: _Step, now: datetime, trace: str | None) -> _Step:
    """Now that a training has ended: what was asked for first, else the newest dataset that waits."""
    state = step.state
    request = next((request for request in state.requests if request.attempt is None), None)
    if request is not None:
        started = _start_requested(state, request, now, trace)
    elif state.queued is not None:
        reason = f"Dataset version {state.queued.version} waited for the training before."
        started = _start_training(_with(state, queued=None), state.queued, now, trace, reason)
    else:
        return step
    return _Step(
        started.state,
        (*step.commands, *started.commands),
        f"{step.decision}; {started.decision}",
        f"{step.reason} {started.reason}",
    )


# ── Release ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _on_registered(state: InterlockState, event: VersionRegistered, now: datetime) -> _Step:
    candidate = state.candidate(event.version)
    if candidate.registered:
        return _Step(state, (), "ignored", f"Version {event.version} is known to be registered.")
    after = _remember(state, _with(candidate, registered=True))
    reason = f"Version {event.version} is registered; its verdict is not in yet."
    if candidate.verdict is not None:
        reason = (
            f"Version {event.version} is registered, and was {'accepted' if candidate.verdict.passed else 'rejected'}."
        )
    elif state.running is None:
        reason = f"Version {event.version} was registered by someone else and is not evaluated, so it is not released."
    return _release_if_ready(after, now, event.trace, _Step(after, (), "noted", reason))


def _on_released(state: InterlockState, event: ReleaseFinished, now: datetime) -> _Step:
    outcome, release = event.outcome, state.release
    if release is None or release.attempt != outcome.attempt:
        return _Step(state, (), "ignored", f"Release {outcome.attempt} is not the one in flight; its result came late.")
    after = _remember(state, _with(state.candidate(outcome.version), released=outcome.released))
    after = _with(
        after,
        release=None,
        champion=Champion(version=outcome.version, since=now, serving=outcome.serving, previous=outcome.previous)
        if outcome.released
        else state.champion,
        reason=outcome.reason[:REASON_LIMIT],
    )
    decision = "released" if outcome.released else "release failed"
    return _release_if_ready(after, now, event.trace, _Step(after, (), decision, outcome.reason))


def _release_if_ready(state: InterlockState, now: datetime, trace: str | None, otherwise: _Step) -> _Step:
    """Start the newest version that is ready, unless a release is in flight or production is newer."""
    ready = max((c for c in state.candidates if c.ready), key=lambda c: _order(c.version), default=None)
    if ready is None or ready.dataset is None or state.policy is None:
        return otherwise
    if state.release is not None:
        reason = f"Version {ready.version} passed and waits: release {state.release.attempt} is in flight."
        return otherwise._replace(decision="waiting", reason=reason)
    if state.champion is not None and _order(ready.version) <= _order(state.champion.version):
        reason = f"Version {ready.version} passed, but version {state.champion.version} in production is newer."
        superseded = _remember(state, _with(ready, released=False))
        return otherwise._replace(state=superseded, decision="superseded", reason=reason)
    attempt = state.releases + 1
    instance = names.instance_id(f"release {state.model} {ready.version}", state.policy.revision, attempt=attempt)
    reason = f"Version {ready.version} is registered and passed its gates."
    order = ReleaseModelInput(
        model=state.model,
        version=ready.version,
        attempt=attempt,
        policy=state.policy,
        dataset=ready.dataset,
        at=now,
        replaces=state.champion.serving if state.champion else None,
        trace=ready.trace or trace,
    )
    after = _with(
        state,
        releases=attempt,
        release=Release(attempt=attempt, version=ready.version, instance=instance, started_at=now),
        reason=reason,
    )
    return otherwise._replace(
        state=after,
        commands=(*otherwise.commands, StartRelease(instance=instance, input=order)),
        decision=f"started release {attempt}",
        reason=reason,
    )


def _on_registry_change(state: InterlockState, event: RegistryChanged) -> _Step:
    """Our own effects come back as events; they confirm and start nothing. So does what a person changes, for now."""
    what = f"{event.change.replace('_', ' ')} {event.name} on version {event.version}"
    releasing = state.release is not None and state.release.version == event.version
    serving = state.champion is not None and state.champion.version == event.version
    if releasing or serving:
        return _Step(state, (), "confirmed", f"The registry confirms: {what}.")
    return _Step(state, (), "noted", f"The registry says: {what}; a change of tags or aliases starts nothing.")


# ── Small change ────────────────────────────────────────────────────────────────────────────────────────────────────


def _with[C: (InterlockState, Candidate, Training, Request)](value: C, **changes: Any) -> C:
    return value.model_copy(update=changes)


def _remember(state: InterlockState, candidate: Candidate) -> InterlockState:
    others = [c for c in state.candidates if c.version != candidate.version]
    ordered = sorted([*others, candidate], key=lambda c: _order(c.version))
    return _with(state, candidates=tuple(ordered[-REMEMBERED:]))


def _order(version: str) -> tuple[int, str]:
    """Registries number versions; what is no number comes first."""
    return (int(version), "") if version.isascii() and version.isdecimal() else (-1, version)


def _answer(decision: Any, attempt: int | None, reason: str) -> RequestAnswer:
    return RequestAnswer(decision=decision, attempt=attempt, reason=reason)


def _record(state: InterlockState, trace: str | None) -> tuple[Command, ...]:
    row = model_row(state)
    if row is None:
        return ()
    instance = names.instance_id(f"record {state.model}", state.revision)
    return (RecordModel(instance=instance, input=RecordModelInput(row=row, trace=trace)),)
