"""A version that a person has registered is evaluated here before anything else happens to it."""

from datetime import datetime

from shared import names
from shared.contracts.datasets import DatasetRef
from shared.contracts.interlock import VersionEvaluated
from shared.contracts.training import EvaluateVersionInput
from shared.interlock.beginning_training import champion_of
from shared.interlock.commands import StartEvaluation
from shared.interlock.holding import why_held
from shared.interlock.memory import Candidate
from shared.interlock.readiness import newer_than_champion, why_not_released
from shared.interlock.runs import Evaluating
from shared.interlock.state import InterlockState
from shared.interlock.steps import Step, cut, order_of, policy_of, remember, sentence, slot_wait, takes_turns
from shared.interlock.values import changed


def evaluate_next(step: Step, now: datetime, trace: str | None) -> Step:
    """The newest version that nobody has evaluated, unless the training that runs may have made it."""
    state = step.state
    unknown = [one for one in state.candidates if one.verdict is None and one.registered and one.attempt is None]
    if not unknown or state.retirement is not None:
        return step
    wanted = [one for one in unknown if why_not_evaluated(state, one) is None]
    dataset = _newest_dataset(state)
    if not wanted or dataset is None or why_not_evaluated_now(state, now) is not None:
        return step
    return step.then(_order(state, max(wanted, key=lambda one: order_of(one.version)), dataset, now, trace))


def why_not_evaluated(state: InterlockState, candidate: Candidate) -> str | None:
    """Why a version that a person has registered is not evaluated."""
    evaluate = f"`signalbox release {state.model}@{candidate.version}` evaluates it."
    if _newest_dataset(state) is None:
        return "There is no dataset version yet that it could be evaluated on."
    if candidate.wanted:
        return None
    if policy_of(state).level < 2:
        return f"Level {policy_of(state).level} watches only. {evaluate}"
    if not newer_than_champion(state, candidate):
        return f"A newer version is in production. {evaluate}"
    return None


def why_not_evaluated_now(state: InterlockState, now: datetime) -> str | None:
    """What keeps any version from being evaluated now."""
    if state.evaluation is not None:
        how = "waits for its slot" if state.evaluation.queued else "is in flight"
        return f"The evaluation of version {state.evaluation.version} {how}."
    return why_evaluation_waits(state, now)


def why_evaluation_waits(state: InterlockState, now: datetime) -> str | None:
    """What keeps an evaluation that nothing else is in flight beside from beginning now."""
    if state.training is not None and state.training.outcome == "running":
        return f"Training {state.training.attempt} is in flight."
    return why_held(state, now)


def on_evaluated(state: InterlockState, event: VersionEvaluated) -> Step:
    """The version has its verdict, and is released by the same rules as any other; or it could not be evaluated."""
    outcome, current = event.outcome, state.evaluation
    if current is None or current.attempt != outcome.attempt or current.queued:
        return Step(state, (), "ignored", f"Evaluation {outcome.attempt} does not run; its result came late.")
    candidate = changed(
        state.candidate(current.version),
        attempt=current.attempt,
        verdict=outcome.verdict,
        evaluation=outcome.evaluation,
        dataset=current.dataset,
        trace=event.trace or current.trace,
        wanted=False,
    )
    after = remember(changed(state, evaluation=None), candidate)
    reason = sentence(cut(outcome.reason))
    if outcome.verdict is None:
        reason = (
            f"Version {current.version} could not be evaluated: {reason} "
            f"`signalbox release {state.model}@{current.version}` tries it again."
        )
    elif (blocked := why_not_released(after, candidate)) is not None:
        reason = f"{reason} {blocked}"
    return Step(changed(after, reason=cut(reason)), (), outcome.outcome, reason)


def begin_evaluation(state: InterlockState, evaluation: Evaluating, now: datetime) -> Step:
    """Its slot is there: begin, with the fleet file and the newest dataset version as they are now."""
    candidate, dataset = state.candidate(evaluation.version), _newest_dataset(state)
    if candidate.verdict is not None or dataset is None or why_not_evaluated(state, candidate) is not None:
        reason = f"Version {evaluation.version} is not to be evaluated any more."
        return Step(changed(drop_evaluation(state), reason=reason), (), "not begun", reason)
    instance = _instance(state, evaluation.attempt, evaluation.version, dataset)
    begun = changed(evaluation, queued=False, dataset=dataset, started_at=now, instance=instance)
    reason = f"The evaluation of version {begun.version} on dataset version {dataset.version} has its slot."
    after = changed(state, evaluation=begun, reason=reason)
    return Step(after, (_start(after, begun),), f"started evaluation {begun.attempt}", reason)


def drop_evaluation(state: InterlockState) -> InterlockState:
    """An evaluation that has not begun does not begin any more; what it was for may be evaluated later."""
    return changed(state, evaluation=None) if state.evaluation is not None and state.evaluation.queued else state


# ── How ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _order(state: InterlockState, candidate: Candidate, dataset: DatasetRef, now: datetime, trace: str | None) -> Step:
    """An evaluation under the next number: begun at once, or waiting for its slot."""
    policy, attempt, version = policy_of(state), state.attempts + 1, candidate.version
    waits = takes_turns(policy)
    evaluation = Evaluating(
        attempt=attempt,
        version=version,
        dataset=dataset,
        instance=_instance(state, attempt, version, dataset),
        started_at=now,
        queued=waits,
        trace=trace,
    )
    reason = f"Version {version} was registered by someone else: it is evaluated on dataset version {dataset.version}."
    if waits:
        reason = f"{reason} {slot_wait('Its evaluation', policy)}"
    after = changed(state, attempts=attempt, evaluation=evaluation, reason=reason)
    if waits:
        return Step(after, (), f"queued evaluation {attempt}", reason)
    return Step(after, (_start(after, evaluation),), f"started evaluation {attempt}", reason)


def _start(state: InterlockState, evaluation: Evaluating) -> StartEvaluation:
    order = EvaluateVersionInput(
        model=state.model,
        version=evaluation.version,
        attempt=evaluation.attempt,
        policy=policy_of(state),
        dataset=evaluation.dataset,
        at=evaluation.started_at,
        trace=evaluation.trace,
        champion=champion_of(state),
    )
    return StartEvaluation(instance=evaluation.instance, input=order)


def _instance(state: InterlockState, attempt: int, version: str, dataset: DatasetRef) -> str:
    revision = policy_of(state).revision
    return names.instance_id(f"evaluate {state.model} {version}", dataset.version, revision, attempt=attempt)


def _newest_dataset(state: InterlockState) -> DatasetRef | None:
    if state.queued is not None:
        return state.queued
    return state.trainings[-1].dataset if state.trainings else None
