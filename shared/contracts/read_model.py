"""What people and fleet runs read of a model: one row each, written after every decision."""

from typing import Literal

from shared.contracts.base import Contract, Instant


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
    """What the interlock waits for.

    Attributes:
        instance: The orchestration that has to tell how it ended.
        version: The version that is released or scores; absent for a training.
        waits_for_slot: Whether it has not begun, because as many jobs run as the fleet allows.
        slot_of: The fleet that was asked for a slot for it, or that gave it one; absent for what needs none, or waits
            for another run of its model to begin first.
    """

    kind: Literal["training", "release", "scoring", "retirement"]
    instance: str
    attempt: int
    version: str | None = None
    waits_for_slot: bool = False
    slot_of: str | None = None

    @property
    def key(self) -> str:
        """The run among those of its model, as slots are asked for: `training-3`."""
        return f"{self.kind}-{self.attempt}"


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


class ModelRow(Contract):
    """One model in the read model: what `GET /api/models` shows.

    Attributes:
        revision: Raised with every decision; a row never goes back to an older one.
        state: `waiting`, `queued`, `training`, `rejected`, `failed`, `registered`, `releasing`, `released`,
            `release_failed`, `retiring`, `retired`.
        reason: The sentence behind the state.
        figures: The last evaluation's figures, as fractions and target units.
        requests: The last few things that were asked for, oldest first.
        datasets: Dataset versions that the model works with now, or will when something else has ended.
    """

    fleet: str
    model: str
    labels: dict[str, str]
    revision: int
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


class RecordModelInput(Contract):
    """Input of `record_model` and `write_model_row`."""

    row: ModelRow
    trace: str | None = None


class RowWritten(Contract):
    """Result of `write_model_row`; `written` is false when a newer row was there."""

    written: bool
