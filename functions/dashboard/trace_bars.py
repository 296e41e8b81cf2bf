"""A trace as rows with bars of time: one row per step, as wide as it lasted, indented by what led to it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from functions.dashboard.wording import Tone
from shared.contracts.traces import TraceNode, TraceOutcome
from shared.durations import lasted as in_words

#: Steps that a page shows; `signalbox trace` has all.
SHOWN: Final = 400
#: A bar's whole width, in units of its picture.
WIDTH: Final = 1000.0
_NARROWEST: Final = 4.0
_TONES: Final[dict[TraceOutcome, Tone]] = {"ok": "good", "failed": "bad", "running": "busy", "waiting": "warn"}


@dataclass(frozen=True)
class Bar:
    """One step.

    Attributes:
        depth: How many steps it lies below the first.
        start: Where its bar begins, from 0 to `WIDTH`.
        width: Of its bar, likewise.
        lasted: In words.
        after: When it began, in words, counted from the first.
    """

    node: TraceNode
    depth: int
    start: float
    width: float
    lasted: str
    after: str
    tone: Tone


@dataclass(frozen=True)
class Bars:
    """All steps.

    Attributes:
        more: How many are not shown.
        lasted: From the first beginning to the last end, in words.
        failed: Steps that failed.
    """

    rows: tuple[Bar, ...]
    more: int
    lasted: str
    failed: int


def make_bars(root: TraceNode, now: datetime) -> Bars:
    """Lay a trace out; what goes on lasts until now."""
    nodes = list(_walk(root, 0))
    begin = min(node.started_at for node, _ in nodes)
    end = max(begin, *(node.ended_at or now for node, _ in nodes))
    whole = (end - begin).total_seconds()
    rows = tuple(_bar(node, depth, begin, whole, now) for node, depth in nodes[:SHOWN])
    failed = sum(node.outcome == "failed" for node, _ in nodes)
    return Bars(rows, max(0, len(nodes) - SHOWN), in_words(whole), failed)


def _bar(node: TraceNode, depth: int, begin: datetime, whole: float, now: datetime) -> Bar:
    after = max(0.0, (node.started_at - begin).total_seconds())
    seconds = max(0.0, ((node.ended_at or now) - node.started_at).total_seconds())
    scale = WIDTH / whole if whole > 0 else 0.0
    width = min(WIDTH, max(_NARROWEST, seconds * scale))
    start = min(after * scale, WIDTH - width)
    goes_on = " so far" if node.ended_at is None else ""
    return Bar(
        node, depth, round(start, 1), round(width, 1), f"{in_words(seconds)}{goes_on}",
        f"+{in_words(after)}", _TONES[node.outcome],
    )  # fmt: skip


def _walk(root: TraceNode, depth: int) -> Iterator[tuple[TraceNode, int]]:
    """Every step before what it led to; without recursion, since a trace may be deep."""
    todo = [(root, depth)]
    while todo:
        node, level = todo.pop()
        yield node, level
        todo.extend((child, level + 1) for child in reversed(node.children))
