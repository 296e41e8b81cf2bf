"""An interlock that waits for a time is woken then, in virtual time."""

from datetime import UTC, datetime, timedelta

from local.durable.clock import to_datetime
from tests.functions.conftest import App
from tests.shared.interlock.builders import published
from tests.shared.interlock.order_builders import held


def _now(app: App) -> datetime:
    return to_datetime(app.engine.now).astimezone(UTC)


async def test_a_hold_that_ends_by_itself_lets_what_waits_begin(app: App) -> None:
    """The dataset that came meanwhile is trained on at the hold's end, and not a minute before."""
    end = _now(app) + timedelta(hours=2)
    await app.tell(held(0, until=end).model_copy(update={"at": _now(app)}))
    await app.tell(published("d1").model_copy(update={"at": _now(app)}))
    await app.engine.advance(timedelta(minutes=119))
    state = await app.interlock()
    assert (state.summary, state.trainings, state.wakes) == ("held", (), (end,))
    await app.engine.advance(timedelta(minutes=2))
    state = await app.interlock()
    assert (state.holds, state.wakes) == ((), ())
    assert [(one.dataset.version, one.started_at) for one in state.trainings] == [("d1", end)]
