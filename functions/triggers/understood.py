"""What an event means to the app, before any model is asked what it would do about it."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from shared.contracts.interlock import AnyInterlockEvent


class Cell(NamedTuple):
    """A cell of a dataset, or a model of a run, and what would become of it before models are told.

    Attributes:
        name: `departures origin=JFK month=2013-02`.
        would: `publish` a version; `wait` for other files; `leave` it out, or to another file; `fail`.
        reason: Why.
        models: How many models would be told.
    """

    name: str
    would: Literal["publish", "wait", "leave", "fail"]
    reason: str
    models: int = 0


@dataclass(frozen=True)
class Understood:
    """What an event was taken for, and what it would be answered.

    Attributes:
        channel: The door that it would come through.
        what: What it tells, in a sentence without a full stop.
        accepted: Whether it would be taken; a signature is not looked at.
        reason: Why it would be, or would not.
        sources: Of the fleets, whose file it tells of.
        datasets: That are made of it, or that it names.
        cells: What it would lead to before models are told.
        events: What models would be told, one after the other.
        notes: What else is to be known, in sentences.
        instance: The orchestration that it would begin, or wake; one that was begun before is not begun again.
    """

    channel: str
    what: str
    accepted: bool
    reason: str
    sources: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    cells: tuple[Cell, ...] = ()
    events: tuple[AnyInterlockEvent, ...] = ()
    notes: tuple[str, ...] = ()
    instance: str | None = None
