"""A release under way: its order, how far it has come, and what reaches it meanwhile."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from durabletask import task

from functions.boundary import Steps
from functions.orchestrators.steps import now, tell_interlock, write_ledger
from shared import names
from shared.contracts.datasets import DatasetRef
from shared.contracts.deployments import DeploymentKey, ShiftTrafficInput
from shared.contracts.golden import GoldenResult
from shared.contracts.interlock import ReleaseStepped
from shared.contracts.orders import Evidence
from shared.contracts.registry import Promotion
from shared.contracts.release import ReleaseModelInput, ReleasePhase, ReleaseWord, Serving, SlotNeed, VerifiedVersion
from shared.contracts.routes import RouteModelInput

#: For a slot, behind whatever else the fleet runs; what was tested is a week old then.
_TURN_BUDGET: Final = timedelta(days=6)


class ReleaseRefusedError(Exception):
    """A test on the way did not pass: the version does not go to production."""


class ApprovalRefusedError(Exception):
    """A person said no, or nothing."""


class ReleaseWithdrawnError(Exception):
    """The release is not wanted any more: what it has done so far is undone."""

    def __init__(self, word: ReleaseWord) -> None:
        super().__init__(word.superseded or word.withdrawn)
        self.word = word


class Told(NamedTuple):
    """What the tests on the way have found: the evidence that a person approves.

    Attributes:
        verified: What the ledger and the registry say of the version.
        golden: How it did on the golden set.
        shadow: How it did beside the champion, in a sentence; empty where it did not run there.
    """

    verified: VerifiedVersion
    golden: GoldenResult
    shadow: str = ""


class Undone(NamedTuple):
    """A step back that was taken, for the ledger.

    Attributes:
        effect: Its name there.
        told: What is so now.
        facts: What the step found.
    """

    effect: str
    told: str
    facts: dict[str, Any]


@dataclass
class Progress:
    """What has been begun so far, and may have to be undone: begun, since a step that failed may have been done.

    Rebuilt by every replay.
    """

    scoring: str | None = None
    qa: DeploymentKey | None = None
    production: DeploymentKey | None = None
    mirroring: ShiftTrafficInput | None = None
    shifting: ShiftTrafficInput | None = None
    routing: RouteModelInput | None = None
    publishing: str | None = None
    scored: DatasetRef | None = None
    promoting: bool = False
    promotion: Promotion | None = None
    serving: Serving | None = None


class Words:
    """What others tell an orchestration, in the order in which it came; none is missed between two waits."""

    def __init__(self, context: task.OrchestrationContext) -> None:
        self._context = context
        self._next: task.Task[Any] | None = None

    def heard(self) -> ReleaseWord | None:
        """The next word, if it has come."""
        awaited = self._awaited()
        if not awaited.is_complete:
            return None
        self._next = None
        return ReleaseWord.from_wire(awaited.get_result())

    def wait(self, until: datetime | None = None) -> Steps[ReleaseWord | None]:
        """Wait for the next word; `None` when none has come by then."""
        heard = self.heard()
        if heard is not None:
            return heard
        if until is None:
            yield self._awaited()
            return self.heard()
        if (left := until - now(self._context)) <= timedelta():
            return None
        timer = self._context.create_timer(left)
        if (yield task.when_any([self._awaited(), timer])) is timer:
            return None
        timer.cancel()
        return self.heard()

    def _awaited(self) -> task.Task[Any]:
        if self._next is None:
            self._next = self._context.wait_for_external_event(names.RELEASE_WORD)
        return self._next


@dataclass
class Release:
    """A release that is under way.

    Attributes:
        waited: Whether others may have moved on meanwhile: it was in the shadow, or waited for a person.
        shifted: Whether production may have begun to change: from then on no newer version takes its place.
        idle: Whether it has given its slot back, since it runs no job.
        turn: How often it has waited for a slot since it began.
        told: What the tests on the way have found, once they are done.
        undone: The steps back that were taken, where it was undone.
    """

    context: task.OrchestrationContext
    order: ReleaseModelInput
    words: Words
    progress: Progress = field(default_factory=Progress)
    waited: bool = False
    shifted: bool = False
    idle: bool = False
    turn: int = 0
    told: Told | None = None
    undone: list[Undone] = field(default_factory=list)

    @classmethod
    def begun(cls, context: task.OrchestrationContext, order: ReleaseModelInput) -> "Release":
        """At its beginning."""
        return cls(context, order, Words(context))

    @property
    def champion(self) -> Serving | None:
        """What serves while the release is not done; absent at the first release of a model."""
        return self.order.replaces

    def note(self, effect: str, reason: str, facts: dict[str, Any] | None = None, *, part: str = "") -> Steps[None]:
        """Write what was done into the model's ledger; an effect that happens several times says which part it is."""
        told = {"version": self.order.version, **(facts or {})}
        yield from write_ledger(self.context, self.order.model, effect, reason, told, self.order.trace, part)

    def tell(self, phase: ReleasePhase, reason: str, evidence: Evidence | None = None, needs: SlotNeed = "job") -> None:
        """Tell the interlock, and whoever looks at the orchestration, where the release stands."""
        order = self.order
        self.context.set_custom_status({"step": phase, "version": order.version, "reason": reason})
        event = ReleaseStepped(
            model=order.model,
            at=now(self.context),
            trace=order.trace,
            attempt=order.attempt,
            phase=phase,
            reason=reason,
            evidence=evidence,
            needs=needs,
            turn=self.turn,
        )
        tell_interlock(self.context, event)

    def rest(self, phase: ReleasePhase, reason: str, evidence: Evidence | None = None) -> None:
        """Tell where it stands, and that it runs no job until it has its turn again: others have its slot meanwhile."""
        self.idle = self.order.takes_turns
        self.tell(phase, reason, evidence, needs="nothing" if self.idle else "job")

    def take_turn(self, phase: ReleasePhase, reason: str) -> Steps[None]:
        """Wait for a slot of the fleet before the next job, if it has given back the one that it had.

        Raises:
            ReleaseWithdrawnError: It is not wanted any more, a newer version takes its place, or no slot came in time.
        """
        if not self.idle:
            return
        self.idle, self.turn = False, self.turn + 1
        self.tell(phase, reason, needs="slot")
        deadline = now(self.context) + _TURN_BUDGET
        while (word := (yield from self.words.wait(deadline))) is None or self.heed(word).slot != self.turn:
            if word is None:
                again = f"`signalbox release {self.order.model}@{self.order.version}` orders it again"
                told = f"No slot of the fleet {self.order.policy.fleet} came within {_TURN_BUDGET.days} days; {again}."
                raise ReleaseWithdrawnError(ReleaseWord(withdrawn=told))

    def heed(self, word: ReleaseWord | None) -> ReleaseWord:
        """A word that lets the release go on; an empty one where none has come.

        Raises:
            ReleaseWithdrawnError: It is not wanted any more, or a newer version takes its place before it has shifted.
        """
        if word is not None and (word.withdrawn or (word.superseded and not self.shifted)):
            raise ReleaseWithdrawnError(word)
        return word or ReleaseWord()

    def hear(self, until: datetime) -> Steps[None]:
        """Wait until then, whatever is said meanwhile: only what ends the release matters here.

        Raises:
            ReleaseWithdrawnError: It is not wanted any more.
        """
        while (word := (yield from self.words.wait(until))) is not None:
            self.heed(word)

    def shift(self) -> Steps[None]:
        """Production changes from here on: no newer version takes its place, but it can still be told to go back.

        One that has waited asks the interlock first, since the champion may be scoring a period just now.

        Raises:
            ReleaseWithdrawnError: It was, until now.
        """
        self.heed(self.words.heard())
        if self.waited and self.order.policy.serve.mode == "batch":
            self.tell("ready", "It waits until nothing else moves what readers are pointed to.")
            while not self.heed((yield from self.words.wait())).go:
                pass
        self.shifted = True
        self.tell("shifting", "Production changes.")
