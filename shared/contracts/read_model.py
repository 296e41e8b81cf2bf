"""What people and fleet runs read of a model: one row each, written after every decision."""

import operator
from typing import Any, Literal

from pydantic import Field

from shared.contracts.base import Contract, Instant, absent
from shared.contracts.orders import Evidence
from shared.contracts.release import ReleasePhase
from shared.contracts.rollback import GoodVersion


class DecisionNote(Contract):
    """One line of a model's recent decisions.

    Attributes:
        event: What came in.
        decision: What was done about it.
        reason: Why, for a person.
    """

    at: Instant
    event: str
    decision: str
    reason: str


class RunInFlight(Contract):
    """What the model waits for.

    Attributes:
        instance: The orchestration that has to tell how it ended.
        version: The version that is released, evaluated or left, or that scores; absent for a training.
        waits_for_slot: Whether it waits for its turn, because as many jobs run as the fleet allows.
        slot_of: The fleet that was asked for a slot for it, or that gave it one; absent for what needs none, or waits
            for another run of its model to begin first.
        turn: How often it has waited for its turn again since it began; what has begun is 1 or more then.
    """

    kind: Literal["training", "release", "scoring", "retirement", "rollback", "evaluation"]
    instance: str
    attempt: int
    version: str | None = None
    waits_for_slot: bool = False
    slot_of: str | None = None
    turn: int = Field(default=0, exclude_if=operator.not_)  # histories from before it was there replay

    @property
    def key(self) -> str:
        """The run among those of its model, as slots are asked for: `training-3`, and `release-3.1` once more.

        Another key for each turn: words about slots come out of order, and one that gives back the slot of an earlier
        turn must not take that of this one.
        """
        return slot_key(self.kind, self.attempt, self.turn)


def slot_key(kind: str, attempt: int, turn: int = 0) -> str:
    """A run among those of its model, and which of its turns; see `RunInFlight.key`."""
    return f"{kind}-{attempt}.{turn}" if turn else f"{kind}-{attempt}"


class RequestNote(Contract):
    """How a request stands: a fleet run reads here what became of its cells.

    Attributes:
        outcome: `unchanged` when the model is trained on that dataset version already; `refused` with a reason.
    """

    request_id: str
    kind: Literal["training", "scoring"]
    outcome: Literal["waiting", "running", "passed", "rejected", "scored", "failed", "unchanged", "refused"]
    reason: str
    attempt: int | None = None


class Hold(Contract):
    """Somebody has said that nothing is to start by itself.

    Attributes:
        scope: Whose hold it is: `model`, `fleet:demand`, `label:region=rockies`.
        since: When it was ordered.
        until: When it ends by itself; absent where somebody has to lift it.
    """

    scope: str
    by: str
    reason: str
    since: Instant
    until: Instant | None = None

    def holds(self, at: Instant) -> bool:
        """Whether it is on."""
        return self.until is None or at < self.until


class Parked(Contract):
    """The model waits for a person.

    Attributes:
        by: Who parked it; `policy` after too many failures in a row, or after a rollback that failed.
    """

    at: Instant
    by: str
    reason: str


class Override(Contract):
    """A gate that a person let a version pass.

    Attributes:
        version: Named in a model's row, which shows those of two versions.
        until: From this moment on the version may not begin to be released by it.
    """

    gate: str
    by: str
    reason: str
    until: Instant
    version: str | None = Field(default=None, exclude_if=absent)


class ModelRow(Contract):
    """One model in the read model: what `GET /api/models` shows.

    Attributes:
        revision: Raised with every decision; a row never goes back to an older one.
        born: When the counting began: after a loss of the engine it begins anew, later.
        state: What is in flight: `queued`, `training`, `evaluating`, `releasing`, `awaiting_approval`, `rolling_back`,
            `retiring`; else `retired`, `parked` or `held`; else how the last of it ended: `waiting`, `failed`,
            `rejected`, `registered`, `released`, `release_failed`, `superseded`, `refused`, `rolled_back`,
            `failed_over`.
        reason: The sentence behind the state.
        figures: The last evaluation's figures, as fractions and target units.
        requests: The last few things that were asked for, oldest first.
        datasets: Dataset versions that the model works with now, or will when something else has ended.
        commit: Of the training code that the last training had, as far as that was told.
        phase: Where the release in flight stands; absent while it has not said so.
        evidence: What an approval of it has to name, while one is awaited.
        holds: Who keeps the model from starting anything, and why.
        parked: Why a person has to look.
        barred: Versions that are not released by themselves any more, and why: the newest few.
        overrides: Of the version in production and of the version shown: gates that a person let them pass.
        last_good: What a rollback goes back to.
        stands_in: The baseline's registered model, where `champion` is a version of that.
        drift: How the registry differs from what serves, as somebody else has changed it.
        ledger_findings: How the ledger contradicts what was told of it before.
        dead_letters: How many of the last things that it was told could not be read, and so changed nothing.
        dead_letter: Why not, of the last of them.
    """

    fleet: str
    model: str
    labels: dict[str, str]
    revision: int
    born: Instant | None = Field(default=None, exclude_if=absent)
    state: str
    reason: str
    updated_at: Instant
    dataset: str | None = None
    attempt: int | None = None
    version: str | None = None
    champion: str | None = None
    champion_since: Instant | None = None
    serving: dict[str, str | int | None] = {}
    figures: dict[str, dict[str, float | int | None]] = {}
    verdict: str | None = None
    gates: tuple[str, ...] = ()
    decisions: tuple[DecisionNote, ...] = ()
    in_flight: tuple[RunInFlight, ...] = ()
    requests: tuple[RequestNote, ...] = ()
    datasets: tuple[str, ...] = ()
    # Left out at their defaults: histories from before they were there replay.
    commit: str | None = Field(default=None, exclude_if=absent)
    phase: ReleasePhase | None = Field(default=None, exclude_if=absent)
    evidence: Evidence | None = Field(default=None, exclude_if=absent)
    holds: tuple[Hold, ...] = Field(default=(), exclude_if=operator.not_)
    parked: Parked | None = Field(default=None, exclude_if=absent)
    barred: dict[str, str] = Field(default={}, exclude_if=operator.not_)
    overrides: tuple[Override, ...] = Field(default=(), exclude_if=operator.not_)
    last_good: GoodVersion | None = Field(default=None, exclude_if=absent)
    stands_in: str | None = Field(default=None, exclude_if=absent)
    drift: str | None = Field(default=None, exclude_if=absent)
    ledger_findings: tuple[str, ...] = Field(default=(), exclude_if=operator.not_)
    dead_letters: int = Field(default=0, exclude_if=operator.not_)
    dead_letter: str = Field(default="", exclude_if=operator.not_)

    def brief(self) -> "ModelRow":
        """What a list of all models shows: without past decisions and requests, and of figures MAPE alone."""
        mape = {of: {"mape": figures["mape"]} for of, figures in self.figures.items() if "mape" in figures}
        left_out: dict[str, Any] = {
            "decisions": (),
            "requests": (),
            "datasets": (),
            "gates": (),
            "overrides": (),
            "barred": {},
        }
        return self.model_copy(update={**left_out, "figures": mape})


class RecordModelInput(Contract):
    """Input of `record_model` and `write_model_row`."""

    row: ModelRow
    trace: str | None = None


class RowWritten(Contract):
    """Result of `write_model_row`; `written` is false when a newer row was there."""

    written: bool
