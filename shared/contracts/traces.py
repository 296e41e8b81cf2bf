"""The story of one event as a tree: what it led to, when, how long it took, where it waited and what failed."""

from typing import Literal

from shared.contracts.base import Contract, Instant

TraceKind = Literal["delivery", "orchestration", "activity", "entity", "timer", "event", "job"]
TraceOutcome = Literal["ok", "failed", "running", "waiting"]


class TraceNode(Contract):
    """One step of a run, with what it led to.

    Attributes:
        name: What was done: an orchestrator's, activity's, event's or channel's name; a job's or a model's own.
        kind: What it is.
        instance: The orchestration that it is part of, or is itself; empty for a delivery.
        started_at: When it was asked for.
        ended_at: When it ended; absent while it runs.
        outcome: `waiting` is what goes on and needs something else: a timer, an event, a person.
        detail: Why, for a person; empty where there is nothing to say.
        attributes: Of what: `signalbox.model`, `.version`, `.dataset` and so on, see `shared.telemetry.names`.
        children: In the order in which they were asked for.
    """

    name: str
    kind: TraceKind
    instance: str
    started_at: Instant
    ended_at: Instant | None = None
    outcome: TraceOutcome
    detail: str = ""
    attributes: dict[str, str] = {}
    children: tuple["TraceNode", ...] = ()
