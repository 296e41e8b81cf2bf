"""What a model's interlock remembers. Bounded: only the last few of everything."""

from typing import Any, Final, Literal

from shared.contracts.base import Contract, Instant
from shared.contracts.datasets import DatasetRef
from shared.contracts.evaluation import Evaluation, Verdict
from shared.contracts.interlock import DecisionNote
from shared.contracts.policy import ModelPolicy
from shared.contracts.release import Serving
from shared.errors import SignalboxError

#: Raised when the shape changes; older states are read by `upcast`.
SCHEMA_VERSION: Final = 1
#: How many decisions, candidates, dataset versions and requests are kept.
REMEMBERED: Final = 20
#: Longer reasons are cut: twenty of them, twice, still make a small state.
REASON_LIMIT: Final = 500


class Training(Contract):
    """A training, in flight or ended."""

    attempt: int
    dataset: DatasetRef
    instance: str
    started_at: Instant
    outcome: Literal["running", "passed", "rejected", "failed"] = "running"
    reason: str = ""
    version: str | None = None


class Candidate(Contract):
    """A version that may be released: needs a verdict and a registration.

    Attributes:
        registered: Whether the registry has told of it; only that can start a release.
        verdict: Absent while nobody has evaluated it.
        released: `None` while undecided.
        trace: Traceparent of what led to it, so that the release goes on in the trace of the file that arrived.
    """

    version: str
    registered: bool = False
    verdict: Verdict | None = None
    evaluation: Evaluation | None = None
    attempt: int | None = None
    dataset: DatasetRef | None = None
    released: bool | None = None
    trace: str | None = None

    @property
    def summary(self) -> str:
        """How far it came: `rejected`, `registered`, `released` or `release_failed`."""
        if self.verdict is None or not self.verdict.passed:
            return "rejected"
        return {None: "registered", True: "released", False: "release_failed"}[self.released]

    @property
    def ready(self) -> bool:
        """Whether a release may start."""
        return self.registered and self.verdict is not None and self.verdict.passed and self.released is None


class Release(Contract):
    """A release in flight."""

    attempt: int
    version: str
    instance: str
    started_at: Instant


class Request(Contract):
    """A training that somebody asked for.

    Attributes:
        request_id: The same for every repetition.
        attempt: The training that answers it; absent while it waits for the one in flight.
    """

    request_id: str
    dataset: DatasetRef
    requested_by: str
    attempt: int | None = None


class Champion(Contract):
    """The version in production.

    Attributes:
        previous: The one before: the last good version to go back to.
    """

    version: str
    since: Instant
    serving: Serving | None
    previous: str | None


class DeadLetter(Contract):
    """An event that could not be used, kept with its reason."""

    at: Instant | None
    reason: str
    event: dict[str, Any]


class InterlockState(Contract):
    """All that one model's interlock knows.

    Attributes:
        revision: Raised with every change; the read model takes only newer ones.
        last_at: The latest time that any event carried: "now" is the later of it and the event's own.
        policy: What the fleet file said in the newest event that carried it.
        attempts: Trainings started so far.
        releases: Releases started so far.
        queued: The newest dataset that arrived while a training ran; it supersedes an older one that waits.
        requests: What was asked for, oldest first; those without an attempt wait.
        candidates: By version, oldest first.
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
    trainings: tuple[Training, ...] = ()
    queued: DatasetRef | None = None
    requests: tuple[Request, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    release: Release | None = None
    champion: Champion | None = None
    reason: str = "Nothing has happened yet."
    decisions: tuple[DecisionNote, ...] = ()
    dead_letters: tuple[DeadLetter, ...] = ()
    unread_events: tuple[dict[str, Any], ...] = ()

    @property
    def summary(self) -> str:
        """The state in one word, derived: what is in flight, else how the last of it ended."""
        if self.release is not None:
            return "releasing"
        if self.running is not None:
            return "training"
        evaluated = [candidate for candidate in self.candidates if candidate.verdict is not None]
        newest = evaluated[-1] if evaluated else None
        if self.trainings and self.trainings[-1].outcome == "failed":
            return "failed"
        return "waiting" if newest is None else newest.summary

    @property
    def running(self) -> Training | None:
        """The training in flight."""
        return next((training for training in self.trainings if training.outcome == "running"), None)

    def candidate(self, version: str) -> Candidate:
        """What is known of a version; a blank one when nothing is."""
        return next((c for c in self.candidates if c.version == version), Candidate(version=version))


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
    return InterlockState.from_wire(raw)


def put_aside(raw: dict[str, Any], event: Any) -> dict[str, Any]:
    """A state of newer code with one more event that waits for that code; nothing else is touched."""
    return {**raw, "unread_events": [*raw.get("unread_events", ()), event]}
