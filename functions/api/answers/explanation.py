"""What is answered of events that did not come in: what they would start."""

from typing import Literal

from shared.contracts.base import Contract


class ExplainedCell(Contract):
    """A cell of a dataset, and what would become of it.

    Attributes:
        models: How many models would be told.
    """

    name: str
    would: Literal["publish", "wait", "leave", "fail"]
    reason: str
    models: int


class ExplainedModel(Contract):
    """A model, and what it would do.

    Attributes:
        begins: Runs that would begin.
        tells: Runs in flight that would be told.
    """

    model: str
    would: str
    begins: tuple[str, ...]
    tells: tuple[str, ...]
    reason: str


class Explanation(Contract):
    """What one event would start, and why.

    Attributes:
        channel: The door that it would come through.
        what: What it was taken for.
        accepted: Whether it would be taken.
        summary: All of it in a few sentences.
    """

    channel: str
    what: str
    accepted: bool
    reason: str
    summary: str
    sources: tuple[str, ...]
    datasets: tuple[str, ...]
    cells: tuple[ExplainedCell, ...]
    models: tuple[ExplainedModel, ...]
    notes: tuple[str, ...]


class Explained(Contract):
    """Each event with what it would start, in the order in which they were given."""

    events: tuple[Explanation, ...]
