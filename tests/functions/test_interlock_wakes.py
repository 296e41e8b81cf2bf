"""An interlock that waits for a time is woken then, in virtual time, with what its fleet file says then."""

from datetime import UTC, datetime, timedelta
from typing import Any

from local.durable.clock import to_datetime
from shared import names
from shared.contracts.policy import ModelPolicy
from shared.contracts.release_policy import Freeze, ReleasePolicy
from shared.contracts.training import TrainingOutcome
from tests.functions.conftest import App
from tests.shared.interlock.builders import MODEL, POLICY, policy, published, registered, trained
from tests.shared.interlock.order_builders import held

HOUR = timedelta(hours=1)


def _now(app: App) -> datetime:
    return to_datetime(app.engine.now).astimezone(UTC)


def _frozen(app: App, end: datetime) -> ModelPolicy:
    """The fleet file freezes releases until then, from now on."""
    says = policy(release=ReleasePolicy(freezes=(Freeze(start=end - 30 * HOUR, end=end, reason="a closing"),)))
    app.world.file_policies[MODEL] = says.to_wire()
    return says


async def _passes(app: App, says: ModelPolicy) -> None:
    """A version has passed, and is registered."""
    app.world.job_status = "Running"
    now = {"at": _now(app)}
    await app.tell(published("d1", says=says).model_copy(update=now))
    await app.until_summary("training")
    outcome = TrainingOutcome.model_validate(trained(1, "1", passed=True).outcome.to_wire())
    await app.tell(trained(1, "1", passed=True).model_copy(update={**now, "outcome": outcome}))
    await app.tell(registered("1", says=says).model_copy(update={"at": _now(app)}))
    await app.until_summary("registered")


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
    (training,) = state.trainings
    assert training.dataset.version == "d1"
    assert end <= training.started_at < end + timedelta(minutes=1)


async def test_a_freeze_that_the_file_has_extended_is_known_at_its_old_end(app: App) -> None:
    """Nothing else has told the model of it, and nothing is released until the new end."""
    end = _now(app) + 5 * HOUR
    says = _frozen(app, end)
    await _passes(app, says)
    later = end + 10 * HOUR
    _frozen(app, later)
    await app.engine.advance(6 * HOUR)
    state = await app.interlock()
    assert (state.release, state.wakes) == (None, (later,))
    await app.engine.advance(10 * HOUR)
    state = await app.interlock()
    assert (state.champion or state.release) is not None


async def test_a_file_that_cannot_be_read_keeps_it_asleep_no_longer_than_that(app: App) -> None:
    """What waits would fail by that file; it is read again until it can be."""
    says = _frozen(app, _now(app) + 5 * HOUR)
    await _passes(app, says)
    app.world.faults = {names.FIND_POLICY: "permanent"}
    await app.engine.advance(12 * HOUR)
    state = await app.interlock()
    assert (state.summary, state.release) == ("registered", None)
    app.world.faults = {}
    await app.engine.advance(HOUR)
    state = await app.interlock()
    assert (state.champion or state.release) is not None


async def test_a_model_that_no_file_has_any_more_is_woken_too(app: App) -> None:
    """By what was said last: its freeze is over."""
    says = _frozen(app, _now(app) + 5 * HOUR)
    await _passes(app, says)
    app.world.file_policies = dict[str, Any]()
    await app.engine.advance(6 * HOUR)
    state = await app.interlock()
    assert state.policy is not None
    assert state.policy.revision == POLICY.revision
    assert (state.champion or state.release) is not None
