"""Monitor, human interaction, eternal orchestration and retries, with days that pass in milliseconds."""

from datetime import timedelta

from local.durable.records import Status
from local.testing.app import TestApp
from local.testing.chaos import Chaos
from tests.local.patterns.apps import eternal, human, monitor, retries
from tests.local.patterns.apps.effects import WORLD


async def test_a_monitor_looks_until_it_is_done(chaos: Chaos | None) -> None:
    """25 looks, half an hour apart, over several generations: half a virtual day."""
    monitor.LOOKS_NEEDED["job"] = 25
    async with TestApp(monitor.app, chaos=chaos) as app:
        began = app.now
        assert await app.run("watch", {"job": "job", "days": 7}) == "done"
        if chaos is None:
            assert timedelta(hours=12) <= app.now - began < timedelta(hours=13)
            assert app.calls["look"] == 25


async def test_a_monitor_gives_up_in_time(chaos: Chaos | None) -> None:
    """A job that is never done is given up after its days, and not a look later."""
    monitor.LOOKS_NEEDED["job"] = 10_000
    async with TestApp(monitor.app, chaos=chaos) as app:
        began = app.now
        assert await app.run("watch", {"job": "job", "days": 0.5}) == "given up"
        assert timedelta(hours=12) <= app.now - began < timedelta(hours=13)


async def test_an_answer_in_time_counts(chaos: Chaos | None) -> None:
    """After 71 hours the manager answers, and nobody else is asked."""
    async with TestApp(human.app, chaos=chaos) as app:
        purchase = await app.start("approval", "desk")
        await app.advance(timedelta(hours=71))
        assert app.instance(purchase).status is Status.RUNNING
        await app.raise_event(purchase, "answer", "yes")
        assert await app.output(purchase) == "yes"
    assert set(WORLD.done) == {"ask manager for desk"}


async def test_no_answer_is_escalated(chaos: Chaos | None) -> None:
    """After 72 hours the director is asked; an answer that comes later changes nothing."""
    async with TestApp(human.app, chaos=chaos) as app:
        purchase = await app.start("approval", "desk")
        await app.run_until_idle()
        await app.advance_to(app.now + timedelta(hours=73))
        assert app.instance(purchase).status is Status.COMPLETED
        await app.raise_event(purchase, "answer", "yes")
        assert await app.output(purchase) == "escalated"
    assert set(WORLD.done) == {"ask manager for desk", "ask director for desk"}


async def test_an_eternal_orchestration_goes_on_until_it_is_stopped(chaos: Chaos | None) -> None:
    """Fourteen nights are fourteen generations and as many cleanings; its history does not grow."""
    async with TestApp(eternal.app, chaos=chaos) as app:
        cleaning = await app.start("clean_nightly", 0)
        await app.run_until_idle()
        length = len(app.history(cleaning))
        await app.advance(timedelta(days=14, hours=1))
        assert len(app.history(cleaning)) == length
        assert app.instance(cleaning).status is Status.RUNNING
        await app.raise_event(cleaning, "stop", "no more dirt")
        assert await app.output(cleaning) == "stopped after 14 nights: no more dirt"
    assert set(WORLD.done) == {f"night {night}" for night in range(15)}


async def test_what_fails_is_tried_again_later_and_later(chaos: Chaos | None) -> None:
    """Four failures cost 5, 15, 45 and 120 seconds: three times as long each, two minutes at most."""
    retries.FAILURES_LEFT["bank"] = 4
    async with TestApp(retries.app, chaos=chaos) as app:
        answer, seconds = await app.run("insist", "bank")
        assert answer == "bank answered"
        if chaos is None:
            assert seconds == 5 + 15 + 45 + 120
            assert app.calls["call_service"] == 5


async def test_what_always_fails_is_given_up(chaos: Chaos | None) -> None:
    """Six attempts in all, then the orchestrator learns why."""
    retries.FAILURES_LEFT["bank"] = 1000
    async with TestApp(retries.app, chaos=chaos) as app:
        answer, seconds = await app.run("insist", "bank")
        assert answer == "given up: bank is busy"
        assert 0 <= seconds - (5 + 15 + 45 + 120 + 120) <= 10  # real time, that faults take, counts too
        if chaos is None:
            assert app.calls["call_service"] == 6
