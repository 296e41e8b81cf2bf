"""A training under the next number: begun at once, or when its slot is there."""

from datetime import datetime

from shared import names
from shared.contracts.datasets import DatasetRef
from shared.contracts.evaluation import ChampionRef
from shared.contracts.training import TrainModelInput
from shared.interlock.commands import StartTraining
from shared.interlock.precedence import WATCHES_ONLY, asked_for
from shared.interlock.runs import Training
from shared.interlock.state import InterlockState
from shared.interlock.steps import Step, policy_of, slot_wait, takes_turns, with_training
from shared.interlock.values import changed, made


def order_training(
    state: InterlockState,
    dataset: DatasetRef,
    now: datetime,
    trace: str | None,
    reason: str,
    *,
    published: datetime | None = None,
    asked_by: str | None = None,
) -> Step:
    """A training under the next number: begun at once, or waiting for its slot."""
    waits = takes_turns(policy_of(state))
    attempt = state.attempts + 1
    training = made(
        Training,
        attempt=attempt,
        dataset=dataset,
        instance=training_instance(state, attempt, dataset),
        started_at=now,
        data_at=published,
        outcome="queued" if waits else "running",
        reason="",
        version=None,
        trace=trace,
        commit=state.commit,
    )
    if state.queued is not None and state.queued.version == dataset.version:
        state = changed(state, queued=None, queued_at=None)
    after = changed(with_training(state, training), attempts=attempt, reason=reason)
    if waits:
        reason = f"{reason} {slot_wait('It', policy_of(state))}"
        return Step(changed(after, reason=reason), (), f"queued training {attempt}", reason)
    return Step(after, (_start(after, training, asked_by),), f"started training {attempt}", reason)


def training_instance(state: InterlockState, attempt: int, dataset: DatasetRef) -> str:
    """The orchestration of a training."""
    return names.instance_id(f"train {state.model}", dataset.version, policy_of(state).revision, attempt=attempt)


def begin_training(state: InterlockState, training: Training, now: datetime) -> Step:
    """Its slot is there: begin, with the fleet file as it is now."""
    policy = policy_of(state)
    if policy.level < 2 and not asked_for(state, training):
        others = tuple(other for other in state.trainings if other != training)
        reason = f"Training {training.attempt} does not begin. {WATCHES_ONLY}"
        return Step(changed(state, trainings=others, reason=reason), (), "not begun", reason)
    instance = training_instance(state, training.attempt, training.dataset)
    begun = changed(training, outcome="running", started_at=now, instance=instance, commit=state.commit)
    reason = f"Training {begun.attempt} on dataset version {begun.dataset.version} has its slot."
    after = with_training(changed(state, reason=reason), begun)
    command = _start(state, begun, _asked_by(state, begun))
    return Step(after, (command,), f"started training {begun.attempt}", reason)


def champion_of(state: InterlockState) -> ChampionRef | None:
    """Who a new version is compared with, where a gate asks: the version in production, or nobody yet."""
    if all(gate.reference != "champion" for gate in policy_of(state).gates):
        return None
    champion = state.champion
    return ChampionRef(version=champion.version if champion is not None and champion.stands_in is None else None)


# ── How ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _start(state: InterlockState, training: Training, asked_by: str | None) -> StartTraining:
    order = TrainModelInput(
        model=state.model,
        attempt=training.attempt,
        policy=policy_of(state),
        dataset=training.dataset,
        at=training.started_at,
        trace=training.trace,
        champion=champion_of(state),
        requested_by=asked_by,
    )
    return made(StartTraining, instance=training.instance, input=order)


def _asked_by(state: InterlockState, training: Training) -> str | None:
    """Who asked for it first; nobody where only data led to it."""
    asked = (one for one in state.requests if one.kind == "training" and one.attempt == training.attempt)
    return next((one.requested_by for one in asked), None)
