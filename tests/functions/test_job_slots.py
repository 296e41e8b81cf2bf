"""The fleet's slots on the engine: entities that signal each other, in transactions that keep what they say."""

import asyncio
from datetime import timedelta
from typing import Any

from durabletask.entities import EntityInstanceId

from shared import names
from shared.contracts.interlock import DatasetPublished, TrainingFinished
from shared.interlock.state import InterlockState, upcast
from tests.functions.conftest import App
from tests.shared.interlock.builders import at, dataset, policy, trained

FLEET = ("one", "two", "three")
_SECONDS = 20


async def state_of(app: App, entity: str, key: str) -> Any:
    """What an entity has stored."""
    found = await app.client.get_entity(EntityInstanceId(entity, key))
    return found.get_typed_state(dict) if found is not None else None


async def models_of(app: App) -> dict[str, InterlockState]:
    """The interlocks of the fleet."""
    return {name: upcast(await state_of(app, names.MODEL_INTERLOCK, name)) for name in FLEET}


async def until(app: App, *summaries: str) -> dict[str, InterlockState]:
    """Let time pass until the models of the fleet are in these states, in whatever order."""
    async with asyncio.timeout(_SECONDS):
        models = await models_of(app)
        while sorted(state.summary for state in models.values()) != sorted(summaries):
            await app.engine.advance(timedelta(seconds=10))
            models = await models_of(app)
    return models


async def publish(app: App, at_once: int) -> None:
    """Every model of the fleet has new data."""
    for name in FLEET:
        says = policy(model=name, at_once=at_once)
        await app.tell(DatasetPublished(model=name, at=at(), policy=says, dataset=dataset()))


async def test_one_trains_at_a_time_and_all_have_their_turn(app: App) -> None:
    """Three models, one slot: one job is there while it runs, and in the end nobody holds or waits."""
    app.world.job_status = "Running"
    await publish(app, at_once=1)
    await until(app, "training", "queued", "queued")
    assert app.world.calls[names.SUBMIT_JOB] == 1
    app.world.job_status = "Completed"
    models = await until(app, "registered", "registered", "registered")
    assert [len(state.trainings) for state in models.values()] == [1, 1, 1]
    slots = await state_of(app, names.JOB_SLOTS, "flights")
    assert (slots["held"], slots["waiting"]) == ([], [])


async def test_the_waiting_is_visible(app: App) -> None:
    """The read model has the state, its reason, and the run that waits."""
    app.world.job_status = "Running"
    await publish(app, at_once=2)
    models = await until(app, "training", "training", "queued")
    waiting = next(name for name, state in models.items() if state.summary == "queued")
    async with asyncio.timeout(_SECONDS):
        while not (rows := [row for row in app.world.rows if row["model"] == waiting]):
            await app.engine.advance(timedelta(seconds=1))
    assert "waits for one of the 2 slots of the fleet" in rows[-1]["reason"]
    assert [run["waits_for_slot"] for run in rows[-1]["in_flight"]] == [True]


async def test_a_dead_run_does_not_keep_its_slot(app: App) -> None:
    """Somebody terminates a training; the search for lost events tells its interlock, and the next model begins."""
    app.world.job_status = "Running"
    await publish(app, at_once=1)
    models = await until(app, "training", "queued", "queued")
    name, dead = next((name, state) for name, state in models.items() if state.training and not state.asked)
    assert dead.training is not None
    await app.client.terminate_orchestration(dead.training.instance)
    await app.finish(dead.training.instance)
    told: TrainingFinished = trained(1, None, passed=None, minutes=10).model_copy(update={"model": name})
    await app.tell(told)
    await until(app, "failed", "training", "queued")
