"""Rules of scoring: a period's predictions by the champion, one at a time, and the newest request next.

The champion does not change under a scoring: a release waits for it, and it for a release.
"""

from datetime import datetime, timedelta

from shared import names
from shared.contracts.datasets import DatasetRef
from shared.contracts.interlock import ScoringFinished, ScoringRequested
from shared.contracts.release import Serving
from shared.contracts.scoring import ScoreModelInput
from shared.interlock.commands import StartScoring
from shared.interlock.health import roll_back_for
from shared.interlock.memory import Champion, Request
from shared.interlock.precedence import past_training, why_not_trained
from shared.interlock.requests import answered, answered_again, known_request, note, refused, settle
from shared.interlock.runs import Scoring
from shared.interlock.state import InterlockState
from shared.interlock.steps import Step, cut, policy_of, slot_wait, takes_turns
from shared.interlock.training import train_on
from shared.interlock.values import changed


def on_scoring(state: InterlockState, event: ScoringRequested, now: datetime) -> Step:
    """Predictions are wanted: from the champion, if there is one; a champion that is stale is trained anew too."""
    known = known_request(state, "scoring", event.request_id)
    if known is not None:
        return answered_again(state, known)
    asked = Request(
        request_id=event.request_id,
        kind="scoring",
        dataset=event.dataset,
        requested_by=event.requested_by,
        as_of=event.as_of,
        at=event.at,
        trace=event.trace,
    )
    if (reason := _why_not_scored(state)) is not None:
        return refused(state, asked, reason)
    return _retrain_if_stale(_join_wait_or_begin(state, asked, now), asked, now)


def on_scored(state: InterlockState, event: ScoringFinished, now: datetime) -> Step:
    """A scoring has ended; what it published serves now, if it is current, and of the champion of now."""
    outcome, scoring = event.outcome, state.scoring
    if scoring is None or scoring.attempt != outcome.attempt or scoring.queued:
        return Step(state, (), "ignored", f"Scoring {outcome.attempt} does not run; its result came late.")
    after = settle(changed(state, scoring=None), "scoring", outcome.attempt, outcome.outcome, outcome.reason)
    champion = state.champion
    reason = cut(outcome.reason)
    ended = Step(after, (), outcome.outcome, reason)
    if champion is None or champion.version != outcome.version:
        return ended
    if outcome.outcome == "failed":
        # An outage, a person who ended it, and a run that died say nothing of the version.
        return roll_back_for(ended, "scoring_failed", reason, now, event.trace) if outcome.job_failed else ended
    if not outcome.current:
        return ended
    serving = champion.serving or Serving(mode="batch")
    serving = changed(serving, published=outcome.published, rows=outcome.rows)
    champion = changed(champion, serving=serving, dataset=scoring.dataset)
    return ended._replace(state=changed(after, champion=champion))


def score_next(step: Step, now: datetime, trace: str | None) -> Step:  # noqa: ARG001 - a request has its own trace
    """When neither a scoring nor a release is in flight: the request that waits."""
    state = step.state
    waiting = _waiting(state)
    if not waiting or state.scoring is not None or state.retirement is not None or _what_moves(state) is not None:
        return step
    (first, *others) = waiting  # all of one period
    reason = _why_not_scored(state)
    begun = _order(state, first, now) if reason is None else refused(state, first, reason)
    state = begun.state
    for other in others:
        changes = {"attempt": state.scorings} if reason is None else {"outcome": "refused", "reason": reason}
        state = note(state, changed(other, **changes))
    return step.then(begun._replace(state=state, answer=None))


def begin_scoring(state: InterlockState, scoring: Scoring, now: datetime) -> Step:
    """Its slot is there: begin, if the fleet file still wants periods scored."""
    if (reason := _why_not_scored(state)) is not None:
        return Step(drop_scoring(state, reason), (), "not begun", reason)
    instance = _instance(state, scoring.attempt, scoring.version, scoring.dataset, scoring.as_of)
    begun = changed(scoring, queued=False, started_at=now, instance=instance)
    after = changed(state, scoring=begun)
    reason = f"Version {begun.version} scores dataset version {begun.dataset.version}."
    return Step(after, (_start(after, begun),), f"started scoring {begun.attempt}", reason)


def drop_scoring(state: InterlockState, reason: str) -> InterlockState:
    """A scoring that has not begun does not begin any more."""
    scoring = state.scoring
    if scoring is None or not scoring.queued:
        return state
    return settle(changed(state, scoring=None), "scoring", scoring.attempt, "refused", reason)


def put_back_scoring(state: InterlockState, reason: str) -> InterlockState:
    """A scoring that waits for its slot waits without it; who asked waits for the next one."""
    scoring = state.scoring
    if scoring is None or not scoring.queued:
        return state
    for request in state.requests:
        if request.kind == "scoring" and request.attempt == scoring.attempt and request.outcome is None:
            state = note(state, changed(request, attempt=None, reason=reason))
    return changed(state, scoring=None)


# ── How ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _why_not_scored(state: InterlockState) -> str | None:
    if state.retirement is not None:
        return f"The model is {state.summary}: it does not score any more."
    if policy_of(state).serve.mode == "online":
        return "The model answers online: its endpoint is asked, and no period is scored."
    if state.champion is None:
        return "No version is in production: one has to be trained and released before a period can be scored."
    return None


def _join_wait_or_begin(state: InterlockState, asked: Request, now: datetime) -> Step:
    scoring = state.scoring
    before = _what_moves(state) if scoring is None else f"Scoring {scoring.attempt}"
    if before is None:
        return _order(state, asked, now)
    if scoring is not None and _is_same_period(asked, scoring):
        reason = f"Scoring {scoring.attempt} of the same period is in flight already."
        return answered(state, changed(asked, attempt=scoring.attempt), "joined", reason)
    rivals = [one for one in _waiting(state) if not _is_same_period(asked, one)]
    newer = next((one for one in rivals if _is_newer(one, asked)), None)
    if newer is not None:
        return refused(state, asked, f"The newer request {newer.request_id} waits already.")
    for rival in rivals:
        reason = f"The newer request {asked.request_id} took its place before it began."
        state = note(state, changed(rival, outcome="refused", reason=reason))
    reason = f"{before} is in flight; the request of {asked.requested_by} waits for it."
    return answered(state, asked, "waiting", reason)


def _what_moves(state: InterlockState) -> str | None:
    """What changes production, so that no scoring begins; a release that only waits does not."""
    if state.rollback is not None:
        return f"Rollback {state.rollback.attempt}"
    release = state.release
    return None if release is None or release.aside else f"Release {release.attempt}"


def _is_same_period(one: Request, other: Request | Scoring) -> bool:
    return (one.dataset.version, one.as_of) == (other.dataset.version, other.as_of)


def _is_newer(one: Request, other: Request) -> bool:
    return one.at is not None and other.at is not None and one.at > other.at


def _waiting(state: InterlockState) -> tuple[Request, ...]:
    """The requests that wait, oldest first: all of one period, since a newer period takes their place."""
    return tuple(one for one in state.requests if one.attempt is None and one.kind == "scoring" and one.waits)


def _retrain_if_stale(step: Step, asked: Request, now: datetime) -> Step:
    """The champion is older than the fleet file wants at the moment that the scoring stands for."""
    policy, since = policy_of(step.state), _champion(step.state).since
    moment = asked.as_of or now
    if policy.level < 4 or policy.stale_days is None or "stale" not in policy.retrain_when:
        return step
    if (moment - since) / timedelta(days=1) <= policy.stale_days:
        return step
    stale = f"Version {_champion(step.state).version} is older than {policy.stale_days} days."
    dataset = asked.dataset
    known = dataset.dataset != policy.train.dataset or past_training(step.state, dataset.version) is not None
    if known or why_not_trained(step.state, dataset) is not None:
        return step._replace(reason=f"{step.reason} {stale} There is no newer data to train it on.")
    return step.then(train_on(step.state, dataset, now, asked.trace, stale))


def _order(state: InterlockState, request: Request, now: datetime) -> Step:
    """A scoring under the next number: begun at once, or waiting for its slot."""
    policy, champion = policy_of(state), _champion(state)
    waits = takes_turns(policy)
    attempt = state.scorings + 1
    scoring = Scoring(
        attempt=attempt,
        version=champion.version,
        dataset=request.dataset,
        instance=_instance(state, attempt, champion.version, request.dataset, request.as_of),
        started_at=now,
        as_of=request.as_of,
        queued=waits,
        trace=request.trace,
    )
    after = changed(state, scorings=attempt, scoring=scoring)
    reason = f"{request.requested_by} asked for the predictions of dataset version {request.dataset.version}."
    if waits:
        reason = f"{reason} {slot_wait('The scoring', policy)}"
    step = answered(after, changed(request, attempt=attempt), "started", reason)
    if waits:
        return step._replace(decision=f"queued scoring {attempt}")
    return step._replace(commands=(_start(after, scoring),), decision=f"started scoring {attempt}")


def _start(state: InterlockState, scoring: Scoring) -> StartScoring:
    order = ScoreModelInput(
        model=state.model,
        attempt=scoring.attempt,
        policy=policy_of(state),
        version=scoring.version,
        champion_since=_champion(state).since,
        dataset=scoring.dataset,
        at=scoring.started_at,
        as_of=scoring.as_of,
        trace=scoring.trace,
        stands_in=_champion(state).stands_in,
    )
    return StartScoring(instance=scoring.instance, input=order)


def _instance(state: InterlockState, attempt: int, version: str, dataset: DatasetRef, as_of: datetime | None) -> str:
    moment = as_of.isoformat() if as_of else None
    prefix = f"score {state.model} {version}"
    return names.instance_id(prefix, dataset.version, moment, policy_of(state).revision, attempt=attempt)


def _champion(state: InterlockState) -> Champion:
    assert state.champion is not None  # `_why_not_scored` was asked before
    return state.champion
