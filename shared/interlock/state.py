"""What a model's interlock remembers. Bounded: only the last few of everything."""

from collections.abc import Callable
from typing import Any, Final, Literal

from shared.contracts.base import Contract, Instant
from shared.contracts.datasets import DatasetRef
from shared.contracts.policy import ModelPolicy
from shared.contracts.read_model import DecisionNote, RunInFlight
from shared.errors import SignalboxError
from shared.interlock.memory import Candidate, Champion, DeadLetter, Request
from shared.interlock.runs import Release, Retirement, Scoring, Slot, Training

#: Raised when the shape changes; older states are read by `upcast`.
SCHEMA_VERSION: Final = 4
#: How many decisions, candidates, dataset versions and requests are kept.
REMEMBERED: Final = 20
#: Longer reasons are cut: twenty of them, twice, still make a small state.
REASON_LIMIT: Final = 500


class InterlockState(Contract):
    """All that one model's interlock knows.

    Attributes:
        revision: Raised with every change; the read model takes only newer ones.
        last_at: The latest time that any event carried: "now" is the later of it and the event's own.
        policy: What the fleet file said in the newest event that carried it.
        attempts: Trainings ordered so far.
        releases: Releases ordered so far.
        scorings: Scorings ordered so far.
        retirements: Retirements asked for so far.
        queued: The newest dataset that arrived while a training ran; it supersedes an older one that waits.
        queued_at: When that dataset was published, at the latest.
        requests: What was asked for, oldest first.
        candidates: By version, oldest first.
        retirement: Absent while the model is in service.
        asked: The slot that this model waits for: one at a time, so that the models of a fleet take turns.
        held: Slots of runs that have begun and not ended.
        reason: The sentence behind `summary`.
        unread_events: Kept by older code for newer code to decide on.
    """

    schema_version: int = SCHEMA_VERSION
    model: str = ""
    revision: int = 0
    last_at: Instant | None = None
    policy: ModelPolicy | None = None
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
        if self.release is not None and not self.release.queued:
            return "releasing"
        if self.training is not None and self.training.outcome == "running":
            return "training"
        if self.training is not None or self.release is not None:
            return "queued"
        if self.trainings and self.trainings[-1].outcome == "failed":
            return "failed"
        evaluated = [candidate for candidate in self.candidates if candidate.verdict is not None]
        return evaluated[-1].summary if evaluated else "waiting"

    @property
    def training(self) -> Training | None:
        """The training that has not ended: it runs, or waits for its slot."""
        return next((training for training in self.trainings if training.in_flight), None)

    @property
    def in_flight(self) -> tuple[RunInFlight, ...]:
        """Every run that has not ended, and whose slot it has or waits for."""
        training, release, scoring, retirement = self.training, self.release, self.scoring, self.retirement
        runs = (
            training and _run("training", training, queued=training.outcome == "queued"),
            release and _run("release", release, release.version, queued=release.queued),
            scoring and _run("scoring", scoring, scoring.version, queued=scoring.queued),
            retirement and retirement.stage == "running" and _run("retirement", retirement),
        )
        slots = {slot.key: slot.fleet for slot in (*self.held, *([self.asked] if self.asked else []))}
        return tuple(run.model_copy(update={"slot_of": slots.get(run.key)}) for run in runs if run)

    def candidate(self, version: str) -> Candidate:
        """What is known of a version; a blank one when nothing is."""
        return next((c for c in self.candidates if c.version == version), Candidate(version=version))


def _run(
    kind: Literal["training", "release", "scoring", "retirement"],
    run: Training | Release | Scoring | Retirement,
    version: str | None = None,
    *,
    queued: bool = False,
) -> RunInFlight:
    return RunInFlight(kind=kind, instance=run.instance, attempt=run.attempt, version=version, waits_for_slot=queued)


class StateFromTheFutureError(SignalboxError):
    """The state was written by newer code: this code must not touch it."""


def upcast(raw: dict[str, Any] | None) -> InterlockState:
    """Read a stored state of any known schema version.

    Raises:
        StateFromTheFutureError: The version is newer than this code.
    """
    if raw is None:
        return InterlockState()
    version = raw.get("schema_version", 1)
    if version > SCHEMA_VERSION:
        msg = f"This state has schema version {version}; this code knows up to {SCHEMA_VERSION}. Deploy the newer code."
        raise StateFromTheFutureError(msg)
    for step in range(version, SCHEMA_VERSION):
        raw = _UPCASTERS[step](raw)
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


def _from_1(raw: dict[str, Any]) -> dict[str, Any]:
    """Version 2 keeps with each request how it ended; version 1 looked that up among the trainings.

    A request whose training is forgotten is forgotten too: nobody waits for it any more.
    """
    outcomes = {training["attempt"]: training for training in raw.get("trainings", ())}
    requests = []
    for request in raw.get("requests", ()):
        training = outcomes.get(request["attempt"])
        if request["attempt"] is None or (training is not None and training["outcome"] == "running"):
            requests.append(request)
        elif training is not None:
            requests.append({**request, "outcome": training["outcome"], "reason": training["reason"]})
    return {**raw, "schema_version": 2, "requests": requests}


def _from_2(raw: dict[str, Any]) -> dict[str, Any]:
    """Version 3 knows of each policy how long a job may be queued, and how an endpoint is deployed.

    A policy of version 2 said nothing of either, so the defaults hold.
    """
    return {**raw, "schema_version": 3}


def _from_3(raw: dict[str, Any]) -> dict[str, Any]:
    """Version 4 has trainings that ended as superseded or unwanted, endpoints that models share, and times of data.

    A state of version 3 has neither of the first two. A dataset that waits in it was published before its last event.
    """
    queued_at = raw.get("last_at") if raw.get("queued") else None
    return {**raw, "schema_version": 4, "queued_at": queued_at}


#: What makes a state of one version a state of the next.
_UPCASTERS: Final[dict[int, Callable[[dict[str, Any]], dict[str, Any]]]] = {1: _from_1, 2: _from_2, 3: _from_3}
