"""A route is what the latest decision made of it, in whatever order, and however often, the writes arrive."""

from datetime import UTC, datetime, timedelta

import hypothesis.strategies as st
import pytest
from hypothesis import given

from shared.contracts.routes import ModelRoute, RestoreRouteInput, RouteModelInput, RouteTarget, WithdrawRouteInput
from shared.errors import PermanentError
from shared.release.routes import restored, routed, withdrawn

_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
type Write = tuple[str, int]


def _target(number: int) -> RouteTarget:
    return RouteTarget(endpoint="shared", deployment=f"v{number}-{number}-m", version=str(number))


def _release(number: int) -> RouteModelInput:
    at = _BEGIN + timedelta(hours=number)
    return RouteModelInput(model="m", at=at, attempt=number, target=_target(number))


def _undo(number: int) -> RestoreRouteInput:
    return RestoreRouteInput(model="m", at=_BEGIN + timedelta(hours=number), attempt=number)


def _retirement(number: int) -> WithdrawRouteInput:
    return WithdrawRouteInput(model="m", at=_BEGIN + timedelta(hours=number), attempt=1)


def _write(route: ModelRoute | None, write: Write) -> ModelRoute | None:
    """What a write leaves, refused or not."""
    kind, number = write
    try:
        if kind == "release":
            return routed(route, _release(number))
        if kind == "undo":
            return restored(route, _undo(number)) or route
        return withdrawn(route, _retirement(number))
    except PermanentError as error:
        if error.code != "RouteSuperseded":
            raise
        return route


def test_a_release_says_where_requests_went_before() -> None:
    """Also when it is repeated, so that it can be undone after its answer was lost."""
    first = routed(None, _release(1))
    second = routed(first, _release(2))
    assert (first.before, second.before) == (None, _target(1))
    assert second.target == _target(2)
    assert routed(second, _release(2)) == second


@pytest.mark.parametrize("written", [True, False], ids=["its write was done", "its write is under way"])
def test_an_undone_release_leaves_the_route_before_and_can_change_it_no_more(written: bool) -> None:
    """A write that arrives after the undo is refused."""
    first = routed(None, _release(1))
    back = restored(routed(first, _release(2)) if written else first, _undo(2))
    assert back is not None
    assert back.target == _target(1)
    with pytest.raises(PermanentError, match="which was undone"):
        routed(back, _release(2))
    assert routed(back, _release(3)).before == _target(1)


def test_undoing_the_first_release_leaves_no_target() -> None:
    """The route stays, says that nothing answers, and refuses the write that comes after it."""
    back = restored(None, _undo(1))
    assert back is not None
    assert back.target is None
    with pytest.raises(PermanentError, match="goes nowhere"):
        routed(back, _release(1))


def test_undoing_touches_no_later_decision() -> None:
    """Somebody released again in the meantime."""
    assert restored(routed(None, _release(2)), _undo(1)) is None


def test_a_model_released_after_its_retirement_was_ordered_keeps_its_route() -> None:
    """The retirement is told so, and takes nothing."""
    with pytest.raises(PermanentError, match="retirement 1 was ordered"):
        withdrawn(routed(None, _release(2)), _retirement(1))


def test_a_retirement_without_a_route_is_found_by_a_late_first_write() -> None:
    """The release was ordered before, so its write is refused; one that is ordered later routes as ever."""
    gone = withdrawn(None, _retirement(2))
    assert gone.target is None
    with pytest.raises(PermanentError, match="goes nowhere"):
        routed(gone, _release(1))
    assert routed(gone, _release(3)).target == _target(3)


@given(st.permutations([("release", 1), ("release", 2), ("undo", 2), ("release", 2), ("release", 1)]))
def test_in_whatever_order_writes_arrive_an_undone_release_never_answers(writes: list[Write]) -> None:
    """Once it was undone, requests go where the release before sent them, or nowhere when that came too late."""
    route, undone = None, False
    for write in writes:
        route = _write(route, write)
        undone |= write == ("undo", 2)
        assert not undone or route is None or route.target in {None, _target(1)}


_WRITES = st.lists(st.tuples(st.sampled_from(["release", "retire"]), st.integers(1, 6)), max_size=10)


@given(_WRITES, _WRITES)
def test_late_and_repeated_writes_change_nothing(writes: list[Write], late: list[Write]) -> None:
    """What was ordered before the last decision finds the route as it stays."""
    route = None
    for write in [*writes, ("release", 10)]:
        route = _write(route, write)
    for write in [*late, ("release", 10)]:
        assert _write(route, write) == route
    assert route is not None
    gone = _write(route, ("retire", 11))
    assert gone is not None
    assert (gone.target, gone.before) == (None, _target(10))
    for write in [*late, ("release", 10), ("retire", 11)]:
        assert _write(gone, write) == gone
