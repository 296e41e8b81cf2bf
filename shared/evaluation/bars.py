"""What a gate asks of a figure, as a number that it has to reach: the same for all rows and for a segment."""

from typing import NamedTuple

from shared.contracts.metrics import kind_of
from shared.contracts.policy import GatePolicy


class Bar(NamedTuple):
    """A number to reach.

    Attributes:
        limit: The number, in the metric's unit; a size where the metric is signed.
        higher: Whether figures above it hold; below it otherwise.
        strict: Whether the number itself is not enough.
        signed: Whether only a figure's distance from 0 counts.
    """

    limit: float
    higher: bool
    strict: bool = False
    signed: bool = False

    def size(self, figure: float) -> float:
        """What is compared with the limit."""
        return abs(figure) if self.signed else figure

    def holds(self, figure: float) -> bool:
        """Whether a figure reaches it."""
        size = self.size(figure)
        if size == self.limit:
            return not self.strict
        return (size > self.limit) == self.higher

    def short(self, figure: float) -> float:
        """By how much a figure falls short, relative to the limit; what is negative reaches it."""
        gap = self.limit - self.size(figure) if self.higher else self.size(figure) - self.limit
        return gap / abs(self.limit) if self.limit else gap


def absolute(gate: GatePolicy, bound: float) -> Bar:
    """Of a gate with `max` or `min`, whose bound may be that of an exception."""
    return Bar(bound, higher=gate.max is None, signed=kind_of(gate.metric).signed)


def relative(gate: GatePolicy, reference: float) -> Bar:
    """Of a gate with `better_than` or `not_worse_than`: better, or at least so much better; not worse by more."""
    kind = kind_of(gate.metric)
    higher, by = bool(kind.higher), gate.by or 0.0
    base = abs(reference) if kind.signed else reference
    better = gate.better_than is not None
    limit = base + abs(base) * by * (1 if better == higher else -1)
    return Bar(limit, higher, strict=better and limit == base, signed=kind.signed)
