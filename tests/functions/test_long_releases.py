"""A release that waits for a person has no slot of its fleet meanwhile, and has one again before its next job."""

import asyncio
from datetime import UTC, timedelta
from typing import Any

import pytest
from durabletask.entities import EntityInstanceId

from local.durable.clock import to_datetime
from shared import names
from shared.contracts.events import InterlockEvent
from shared.contracts.release_policy import ApprovalPolicy, ReleasePolicy
from shared.interlock.state import InterlockState, upcast
from tests.functions.conftest import App
from tests.shared.interlock.builders import MODEL, batch, published, registered, retirement
from tests.shared.interlock.order_builders import answered

ASKS = batch(at_once=1, release=ReleasePolicy(approval=ApprovalPolicy(reasons=("every_release",))))
OTHER = "another"
_SECONDS = 20


async def _tell(app: App, event: InterlockEvent, model: str = MODEL) -> None:
    await app.tell(event.model_copy(update={"model": model, "at": to_datetime(app.engine.now).astimezone(UTC)}))


async def _state(app: App, entity: str, key: str) -> Any:
    found = await app.client.get_entity(EntityInstanceId(entity, key))
    return found.get_typed_state(dict) if found is not None else None


async def _until(app: App, summary: str, model: str = MODEL) -> InterlockState:
    async with asyncio.timeout(_SECONDS):
        while (state := upcast(await _state(app, names.MODEL_INTERLOCK, model))).summary != summary:
            await app.engine.advance(timedelta(minutes=1))
    return state


async def _held(app: App) -> list[list[str]]:
    await app.engine.run_until_idle()
    return list((await _state(app, names.JOB_SLOTS, "flights"))["held"])


async def _waits_for_a_person(app: App) -> InterlockState:
    """A version has come as far as that; nothing of the fleet runs."""
    await _tell(app, published("d1", says=ASKS))
    await _until(app, "registered")
    await _tell(app, registered("1", says=ASKS))
    return await _until(app, "awaiting_approval")


async def _waits_for_its_turn(app: App) -> str:
    """A person has said yes while another model trains; the instance of the release."""
    waits = await _waits_for_a_person(app)
    assert await _held(app) == []
    app.world.job_status = "Running"
    await _tell(app, published("d1", says=batch(at_once=1, model=OTHER)), OTHER)
    await _until(app, "training", OTHER)
    assert waits.release is not None
    assert waits.release.evidence is not None
    evidence = waits.release.evidence.to_wire()
    given = {field: evidence[field] for field in ("artifact_sha256", "report_sha256")}
    await _tell(app, answered("1", says=ASKS, by="eve").model_copy(update=given))
    (run,) = (await _until(app, "releasing")).in_flight
    assert (run.waits_for_slot, run.slot_of, run.key) == (True, "flights", "release-1.1")
    return waits.release.instance


async def test_others_have_its_slot_meanwhile_and_it_waits_for_its_turn(app: App) -> None:
    """The job of the period is not submitted before the slot is there, however soon a person says yes."""
    instance = await _waits_for_its_turn(app)
    assert await _held(app) == [[OTHER, "training-1"]]
    assert f"{instance}-period" not in app.world.jobs
    app.world.job_status = "Completed"
    await _until(app, "released")
    assert f"{instance}-period" in app.world.jobs
    assert await _held(app) == []


async def test_it_is_verified_once_more_when_its_turn_has_come(app: App) -> None:
    """Not before it: what it waits for may take days."""
    await _waits_for_its_turn(app)
    assert "VersionVerified-again" not in app.world.effects
    app.world.job_status = "Completed"
    await _until(app, "released")
    assert "VersionVerified-again" in app.world.effects


async def test_one_whose_turn_does_not_come_is_withdrawn(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """After its budget nothing waits for a slot any more; the reason says so, and how it is ordered again."""
    monkeypatch.setattr("functions.orchestrators.releasing.release._TURN_BUDGET", timedelta(hours=1))
    instance = await _waits_for_its_turn(app)
    await app.engine.advance(timedelta(minutes=70))
    told = (await app.interlock()).reason
    assert "was withdrawn and was undone: No slot of the fleet flights came within" in told, told
    assert f"release {MODEL}@1" in told
    assert f"{instance}-period" not in app.world.jobs
    slots = await _state(app, names.JOB_SLOTS, "flights")
    assert (slots["held"], slots["waiting"]) == ([[OTHER, "training-1"]], [])


async def test_one_that_ends_while_it_waits_takes_its_ask_back(app: App) -> None:
    """Its model is retired: it hears that while it waits, and nothing waits for a slot any more."""
    instance = await _waits_for_its_turn(app)
    await _tell(app, retirement())
    await _until(app, "retired")
    assert f"{instance}-period" not in app.world.jobs
    slots = await _state(app, names.JOB_SLOTS, "flights")
    assert (slots["held"], slots["waiting"]) == ([[OTHER, "training-1"]], [])
