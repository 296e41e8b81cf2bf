"""What a model's interlock remembers. Bounded: only the last few of everything."""

from typing import Any, Final, Literal

from shared.contracts.base import Contract, Instant
from shared.contracts.datasets import DatasetRef
from shared.contracts.ledger import LedgerHead
from shared.contracts.policy import ModelPolicy
from shared.contracts.read_model import DecisionNote, Hold, Parked, RunInFlight, slot_key
from shared.contracts.rollback import GoodVersion
from shared.errors import SignalboxError
from shared.interlock.memory import Adopting, Candidate, Champion, DeadLetter, HealthNote, OrderNote, Request
from shared.interlock.older_states import UPCASTERS
from shared.interlock.runs import Evaluating, Release, Retirement, Rollback, Scoring, Slot, Training
from shared.interlock.values import made

#: Raised when the shape changes; older states are read by `upcast`.
SCHEMA_VERSION: Final = 6
#: How many decisions, candidates, dataset versions and requests are kept.
REMEMBERED: Final = 20
#: Longer reasons are cut: twenty of them, twice, still make a small state.
REASON_LIMIT: Final = 500


class InterlockState(Contract):
    """All that one model's interlock knows.

    Attributes:
        revision: Raised with every change; the read model takes only newer ones.
        born: When its first event came: a model whose entity was lost begins anew, and its row is the newer one.
        last_at: The latest time that any event carried: "now" is the later of it and the event's own.
        policy: What the fleet file said in the newest event that carried it.
        policy_at: When that event was sent, or no file was found that has the model.
        attempts: Trainings and evaluations ordered so far.
        releases: Releases and rollbacks ordered so far.
        scorings: Scorings ordered so far.
        retirements: Retirements asked for so far.
        queued: The newest dataset that arrived while a training ran; it supersedes an older one that waits.
        queued_at: When that dataset was published, at the latest.
        requests: What was asked for, oldest first.
        candidates: By version, oldest first.
        retirement: Absent while the model is in service.
        gave_way: Whether the last release was superseded, so that the next one has its way.
        last_good: What a rollback goes back to: recorded when a release has replaced it.
        holds: Who keeps the model from starting anything by itself.
        fleet_holds: Whether it is known who holds its fleet, by orders from before it was there; nothing starts by
            itself until it is. `more` are on than are kept here.
        looked_at: When that was asked last; no two questions have the same time.
        parked: Why a person has to look before anything starts by itself.
        failed_trainings: How many trainings have failed in a row.
        failed_releases: How many releases have failed in a row.
        adopting: The last adoption whose end nobody has told yet.
        health: How the champion did, by period, oldest first.
        commit: Of the training code, as told last.
        commit_at: When that was told.
        drift: How the registry differs from what serves, as somebody else has changed it.
        ledger: The last heads that the model's ledger had, by sequence.
        ledger_findings: How it contradicts what was told of it before.
        orders: What people ordered, oldest first.
        wakes: When it will be woken, the next time first.
        asked: The slot that this model waits for: one at a time, so that the models of a fleet take turns.
        held: Slots of runs that have begun and not ended.
        reason: The sentence behind `summary`.
        unread_events: Kept by older code for newer code to decide on.
    """

    schema_version: int = SCHEMA_VERSION
    model: str = ""
    revision: int = 0
    born: Instant | None = None
    last_at: Instant | None = None
    policy: ModelPolicy | None = None
    policy_at: Instant | None = None
    attempts: int = 0
    releases: int = 0
    scorings: int = 0
    retirements: int = 0
    trainings: tuple[Training, ...] = ()
    queued: DatasetRef | None = None
    queued_at: Instant | None = None
    requests: tuple[Request, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    release: Release | None = None
    scoring: Scoring | None = None
    retirement: Retirement | None = None
    champion: Champion | None = None
    rollback: Rollback | None = None
    evaluation: Evaluating | None = None
    gave_way: bool = False
    last_good: GoodVersion | None = None
    holds: tuple[Hold, ...] = ()
    fleet_holds: Literal["known", "unknown", "asked", "more"] = "known"
    looked_at: Instant | None = None
    parked: Parked | None = None
    failed_trainings: int = 0
    failed_releases: int = 0
    adopting: Adopting | None = None
    health: tuple[HealthNote, ...] = ()
    commit: str | None = None
    commit_at: Instant | None = None
    drift: str | None = None
    ledger: tuple[LedgerHead, ...] = ()
    ledger_findings: tuple[str, ...] = ()
    orders: tuple[OrderNote, ...] = ()
    wakes: tuple[Instant, ...] = ()
    asked: Slot | None = None
    held: tuple[Slot, ...] = ()
    reason: str = "Nothing has happened yet."
    decisions: tuple[DecisionNote, ...] = ()
    dead_letters: tuple[DeadLetter, ...] = ()
    unread_events: tuple[dict[str, Any], ...] = ()

    @property
    def summary(self) -> str:
        """The state in one word, derived: what is in flight, else how the last of it ended.

        A scoring does not show here: it changes nothing about the model.
        """
        if self.retirement is not None:
            return "retired" if self.retirement.stage == "retired" else "retiring"
        return self._under_way or self._stopped or self._ended

    @property
    def _under_way(self) -> str | None:
        if self.rollback is not None:
            return "rolling_back"
        if self.release is not None and not self.release.queued:
            return "awaiting_approval" if self.release.phase == "awaiting_approval" else "releasing"
        if self.training is not None and self.training.outcome == "running":
            return "training"
        if self.evaluation is not None and not self.evaluation.queued:
            return "evaluating"
        return "queued" if any((self.training, self.release, self.evaluation)) else None

    @property
    def _stopped(self) -> str | None:
        if self.parked is not None:
            return "parked"
        return "held" if self.last_at and any(hold.holds(self.last_at) for hold in self.holds) else None

    @property
    def _ended(self) -> str:
        if self.trainings and self.trainings[-1].outcome == "failed":
            return "failed"
        evaluated = next((candidate for candidate in reversed(self.candidates) if candidate.verdict is not None), None)
        if self.champion is not None and self.champion.stands_in and (evaluated is None or evaluated.barred):
            return "failed_over"
        if evaluated is None:  # what is in production without a verdict was adopted
            return "waiting" if self.champion is None else "released"
        return evaluated.summary(self.last_at)

    @property
    def training(self) -> Training | None:
        """The training that has not ended: it runs, or waits for its slot. One at a time, so it is the last."""
        last = self.trainings[-1] if self.trainings else None
        return last if last is not None and last.in_flight else None

    @property
    def in_flight(self) -> tuple[RunInFlight, ...]:
        """Every run that has not ended, and whose slot it has or waits for."""
        runs: list[RunInFlight] = []
        slots = {slot.key: slot.fleet for slot in (*self.held, *([self.asked] if self.asked else []))}
        if (training := self.training) is not None:
            runs.append(_run("training", training, slots, queued=training.outcome == "queued"))
        if (release := self.release) is not None:
            runs.append(
                _run("release", release, slots, release.version, queued=release.waits_for_slot, turn=release.turn)
            )
        if (scoring := self.scoring) is not None:
            runs.append(_run("scoring", scoring, slots, scoring.version, queued=scoring.queued))
        if (rollback := self.rollback) is not None and rollback.stage == "running":
            runs.append(_run("rollback", rollback, slots, rollback.leaves))
        if (evaluation := self.evaluation) is not None:
            runs.append(_run("evaluation", evaluation, slots, evaluation.version, queued=evaluation.queued))
        if (retirement := self.retirement) is not None and retirement.stage == "running":
            runs.append(_run("retirement", retirement, slots))
        return tuple(runs)

    def candidate(self, version: str) -> Candidate:
        """What is known of a version; a blank one when nothing is."""
        for one in reversed(self.candidates):  # mostly one of the newest
            if one.version == version:
                return one
        return Candidate(version=version)


def _run(
    kind: Literal["training", "release", "scoring", "retirement", "rollback", "evaluation"],
    run: Training | Release | Scoring | Retirement | Rollback | Evaluating,
    slots: dict[str, str],
    version: str | None = None,
    *,
    queued: bool = False,
    turn: int = 0,
) -> RunInFlight:
    return made(
        RunInFlight,
        kind=kind,
        instance=run.instance,
        attempt=run.attempt,
        version=version,
        waits_for_slot=queued,
        slot_of=slots.get(slot_key(kind, run.attempt, turn)) if slots else None,
        turn=turn,
    )


class StateFromTheFutureError(SignalboxError):
    """The state was written by newer code: this code must not touch it."""


def upcast(raw: dict[str, Any] | None) -> InterlockState:
    """Read a stored state of any known schema version; `None` is a model to which nothing has happened.

    Raises:
        StateFromTheFutureError: The version is newer than this code.
    """
    if raw is None:  # nothing has happened yet, so nobody has told it of holds of its fleet
        return InterlockState(fleet_holds="unknown")
    version = raw.get("schema_version", 1)
    if version > SCHEMA_VERSION:
        msg = f"This state has schema version {version}; this code knows up to {SCHEMA_VERSION}. Deploy the newer code."
        raise StateFromTheFutureError(msg)
    for step in range(version, SCHEMA_VERSION):
        raw = UPCASTERS[step](raw)
    return InterlockState.from_wire(raw)


def put_aside(raw: dict[str, Any], event: Any) -> dict[str, Any]:
    """A state of newer code with one more event that waits for that code; nothing else is touched.

    The search for lost events tells the same every few minutes: what differs in its time only is kept once.
    """
    kept = raw.get("unread_events", [])
    if any(_timeless(event) == _timeless(other) for other in kept):
        return raw
    return {**raw, "unread_events": [*kept, event]}


def _timeless(event: Any) -> Any:
    return {**event, "at": None, "trace": None} if isinstance(event, dict) else event
