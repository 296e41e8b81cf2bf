"""Time: the skipping clock, and that time never goes back."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from local.durable.clock import SkippingClock, SystemClock, to_datetime, to_micros
from local.durable.transaction import Transaction
from tests.local.durable.conftest import DEADLINE, Hub, close_hub, eventually, open_hub


async def test_idle_time_is_skipped_while_somebody_waits(skipping: Hub) -> None:
    """300 polls, ten minutes apart, take two virtual days, and timers of 30 days fire at once."""
    began = skipping.engine.now
    await skipping.run("poll", 0)
    assert timedelta(minutes=3000) <= timedelta(microseconds=skipping.engine.now - began) < timedelta(minutes=3010)
    assert await skipping.run("wait_for", 30 * 86400) == "late"
    assert timedelta(microseconds=skipping.engine.now - began) >= timedelta(days=32)


async def test_time_is_not_skipped_when_nobody_waits(skipping: Hub) -> None:
    """A sleeping orchestration stays asleep until somebody waits for it, or time is advanced."""
    instance_id = await skipping.start("wait_for", 3600)
    before = skipping.engine.now
    await skipping.engine.run_until_idle()
    assert skipping.instance(instance_id).turn == 1
    assert skipping.engine.now - before < 3_000 * 1_000_000
    assert skipping.instance(instance_id).completed_at is None
    await skipping.engine.advance(timedelta(minutes=59))
    assert skipping.instance(instance_id).completed_at is None
    await skipping.engine.advance(timedelta(minutes=2))
    await eventually(lambda: skipping.instance(instance_id).output == '"late"')


async def test_advance_to_a_moment(skipping: Hub) -> None:
    """Time is advanced to a moment, through all that is due before it, and not beyond; the past changes nothing."""
    noon = to_datetime(skipping.engine.now) + timedelta(hours=12)
    early = await skipping.start("wait_for", 11 * 3600)
    late = await skipping.start("wait_for", 13 * 3600)
    await skipping.engine.advance_to(noon)
    await skipping.engine.advance_to(noon.replace(tzinfo=None) - timedelta(days=1))
    assert skipping.instance(early).output == '"late"'
    assert skipping.instance(late).completed_at is None
    assert noon <= to_datetime(skipping.engine.now) < noon + timedelta(minutes=5)


async def test_run_until_idle(hub: Hub, skipping: Hub) -> None:
    """What is ready runs to its end, on either clock; what is due later stays, and no time is skipped."""
    for each in (hub, skipping):
        before = each.engine.now
        await each.start("in_sequence", 5, instance_id="now")
        await each.start("wait_for", 3600, instance_id="later")
        await each.engine.run_until_idle()
        assert each.instance("now").output == "30"
        assert each.instance("later").completed_at is None
        assert each.engine.now - before < 600_000_000


async def test_running_work_holds_time(skipping: Hub) -> None:
    """Time does not skip past a running activity: the orchestrator sees no more time than really passed."""
    state = await skipping.output(await skipping.start("time_around", None))
    assert state < 60


async def test_timers_fire_in_the_order_they_are_due(tmp_path: Path) -> None:
    """Two timers that became due while the engine was down win by time, not by the order they were made in."""
    path = tmp_path / "durable.db"
    first = await open_hub(path, clock=SkippingClock())
    instance_id = await first.start("race", [500, 300])
    await eventually(lambda: first.instance(instance_id).turn == 1)
    await close_hub(first)
    clock = SkippingClock()
    clock.skip_to(clock.now() + 600_000_000)
    second = await open_hub(path, clock=clock)
    assert await second.output(instance_id) == 1
    await close_hub(second)


async def test_virtual_time_outlives_the_engine(tmp_path: Path) -> None:
    """After a restart virtual time goes on where it was."""
    path = tmp_path / "durable.db"
    first = await open_hub(path, clock=SkippingClock())
    await first.engine.advance(timedelta(days=7))
    before = first.engine.now
    await close_hub(first)
    second = await open_hub(path, clock=SkippingClock())
    assert second.engine.now >= before
    await close_hub(second)


async def test_real_time_cannot_be_advanced(hub: Hub) -> None:
    """Advancing an engine on the system's clock is an error."""
    with pytest.raises(NotImplementedError, match="SkippingClock"):
        await hub.engine.advance(timedelta(seconds=1))


def test_system_clock_does_not_step_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the system's time is set back, the clock stands still instead."""
    clock = SystemClock()
    before = clock.now()
    monkeypatch.setattr("time.time_ns", lambda: 0)
    assert clock.now() == before


def test_moments_are_exact() -> None:
    """A time survives the way into engine moments and back to the microsecond; a naive one is UTC."""
    at = datetime(2026, 3, 1, 12, 30, 15, 123457, tzinfo=UTC)
    assert to_datetime(to_micros(at)) == at
    assert to_micros(at.replace(tzinfo=None)) == to_micros(at)


async def test_a_change_that_fails_keeps_nobody_waiting_until_idle(hub: Hub) -> None:
    """It wakes nothing, and yet it may have been the last that was under way."""

    def fail(_transaction: Transaction) -> None:
        raise LookupError

    refused = hub.engine._running.context.commits.run(fail)
    idle = asyncio.create_task(hub.engine.run_until_idle())
    with pytest.raises(LookupError):
        await refused
    async with asyncio.timeout(DEADLINE):
        await idle
