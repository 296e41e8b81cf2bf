"""A trace as bars of time."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from functions.dashboard.trace_bars import SHOWN, WIDTH, make_bars
from shared.contracts.traces import TraceNode
from tests.functions.dashboard.builders import NOW


def _node(start: float, seconds: float | None = 1.0, *children: TraceNode, outcome: str = "ok") -> TraceNode:
    at = NOW + timedelta(seconds=start)
    ended = at + timedelta(seconds=seconds) if seconds is not None else None
    return TraceNode.model_validate({
        "name": "n", "kind": "activity", "instance": "i", "started_at": at, "ended_at": ended, "outcome": outcome,
        "children": children,
    })  # fmt: skip


@given(st.lists(st.tuples(st.floats(-10, 1e6), st.none() | st.floats(-5, 1e6)), max_size=8))
def test_every_bar_lies_within_the_picture(steps: list[tuple[float, float | None]]) -> None:
    """Also where clocks differ, something goes on, or an end lies before its beginning."""
    found = make_bars(_node(0, None, *(_node(*step) for step in steps)), NOW)
    assert len(found.rows) == len(steps) + 1
    for bar in found.rows:
        assert bar.start >= 0
        assert 0 < bar.width <= WIDTH
        assert bar.start + bar.width <= WIDTH + 0.2


def test_steps_lie_under_what_led_to_them() -> None:
    """In the order in which they were asked for, each with how long after the first it began."""
    root = _node(0, 10, _node(1, 2, _node(2, 1)), _node(5, 0.25, outcome="failed"))
    found = make_bars(root, NOW)
    told = [(bar.depth, bar.after, bar.lasted, bar.tone) for bar in found.rows]
    assert told == [
        (0, "+0 ms", "10.0 s", "good"), (1, "+1.0 s", "2.0 s", "good"), (2, "+2.0 s", "1.0 s", "good"),
        (1, "+5.0 s", "250 ms", "bad"),
    ]  # fmt: skip
    assert (found.lasted, found.failed) == ("10.0 s", 1)


def test_a_deep_trace_is_cut_and_not_a_fault() -> None:
    """What is left out is counted."""
    root = _node(0)
    for _ in range(SHOWN + 5):
        root = root.model_copy(update={"children": (root,)}) if root.children else _node(0, 1, root)
    wide = _node(0, 1, *(_node(n) for n in range(SHOWN + 9)))
    assert make_bars(wide, NOW).more == 10
    assert make_bars(root, NOW).rows
