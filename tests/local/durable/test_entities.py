"""Entities: signals, calls, locks, scheduled signals, and what they start."""

import asyncio
import json
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import durabletask.internal.orchestrator_service_pb2 as pb
import grpc
import pytest
from durabletask.client import EntityQuery
from durabletask.entities import EntityInstanceId

from local.durable.clock import to_datetime
from local.durable.records import NewInstance, Status
from tests.local.durable.app import functions
from tests.local.durable.conftest import Hub, close_hub, eventually, open_hub
from tests.local.durable.sdk_worker import GatedWorker


def counter(key: str) -> EntityInstanceId:
    """The id of a counter."""
    return EntityInstanceId("Counter", key)


def state_of(hub: Hub, key: str) -> object:
    """A counter's state, None when it has none."""
    found = hub.engine.get_entity(f"@counter@{key}")
    return None if found is None or found.state is None else json.loads(found.state)


async def test_signals_of_a_sender_run_in_order(hub: Hub) -> None:
    """A signal creates the entity; signals of one client run in the order sent, one after another."""
    for number in range(250):
        await hub.client.signal_entity(EntityInstanceId("journal", "a"), "note", str(number))
    expected = [str(number) for number in range(250)]
    await eventually(lambda: (e := hub.engine.get_entity("@journal@a")) and len(json.loads(e.state or "[]")) == 250)
    entity = hub.engine.get_entity("@journal@a")
    assert entity is not None
    assert json.loads(entity.state or "") == expected


async def test_call_failure_rolls_back_that_operation_only(hub: Hub) -> None:
    """An operation that raises changes nothing and fails its caller; those before and after it count."""
    after_add, error, after_failure = await hub.run("use_entity", "a")
    assert (after_add, after_failure) == (5, 5)
    assert "the entity failed" in error


async def test_failed_signal_is_logged(hub: Hub, caplog: pytest.LogCaptureFixture) -> None:
    """A signal that fails is told in a warning, since nobody else is told; the signals after it run."""
    with caplog.at_level(logging.WARNING, logger="local.durable"):
        await hub.client.signal_entity(counter("a"), "spoil")
        await hub.client.signal_entity(counter("a"), "add", 1)
        await eventually(lambda: state_of(hub, "a") == 1)
    warning = next(record for record in caplog.records if record.name == "local.durable.runner")
    assert "'spoil' of entity @counter@a failed" in warning.getMessage()
    assert "nobody is told" in warning.getMessage()


async def test_unregistered_entity(hub: Hub, caplog: pytest.LogCaptureFixture) -> None:
    """A signal to an entity that is not registered is dropped with a warning that names it."""
    with caplog.at_level(logging.WARNING, logger="local.durable"):
        await hub.client.signal_entity(EntityInstanceId("missing", "a"), "add", 1)
        await eventually(lambda: "entity 'missing' is not registered" in caplog.text)


async def test_scheduled_signal(skipping: Hub) -> None:
    """A signal for later runs at its time, not before, and after signals that came in between."""
    at = to_datetime(skipping.engine.now) + timedelta(hours=1)
    await skipping.client.signal_entity(counter("a"), "set", 10, signal_time=at)
    await skipping.client.signal_entity(counter("a"), "add", 1)
    await skipping.engine.advance(timedelta(minutes=59))
    assert state_of(skipping, "a") == 1
    await skipping.engine.advance(timedelta(minutes=2))
    assert state_of(skipping, "a") == 10


async def test_entity_starts_an_orchestration_once(hub: Hub) -> None:
    """An id that an entity starts twice runs once, also when the first run is finished."""
    await hub.client.signal_entity(counter("a"), "start", "started-by-a")
    await eventually(lambda: hub.engine.get_instance("started-by-a"))
    assert await hub.output("started-by-a") == 5
    execution = hub.instance("started-by-a").execution_id
    await hub.client.signal_entity(counter("a"), "start", "started-by-a")
    await eventually(lambda: state_of(hub, "a") == 2)
    assert hub.instance("started-by-a").execution_id == execution


async def test_entity_cannot_start_what_is_no_id(hub: Hub, caplog: pytest.LogCaptureFixture) -> None:
    """An orchestration that an entity starts under what is no id is not started, which is logged; the state is kept."""
    await hub.client.signal_entity(counter("a"), "start", "@counter@b")
    await eventually(lambda: state_of(hub, "a") == 1)
    await hub.engine.run_until_idle()
    assert hub.engine.get_instance("@counter@b") is None
    assert "'in_sequence' was not started: '@counter@b' is no instance id" in caplog.text


async def test_entity_signals_another(hub: Hub) -> None:
    """A signal that an entity sends reaches the other."""
    await hub.client.signal_entity(counter("a"), "forward", "b")
    await eventually(lambda: state_of(hub, "b") == 5)


async def test_removed_entity_is_gone(hub: Hub) -> None:
    """An entity without state does not exist, and leaves no row behind."""
    await hub.client.signal_entity(counter("a"), "set", 1)
    await eventually(lambda: state_of(hub, "a") == 1)
    await hub.client.signal_entity(counter("a"), "remove")
    await eventually(lambda: state_of(hub, "a") is None)
    assert await hub.client.get_entity(counter("a")) is None
    assert hub.engine._context.connection.execute("SELECT count(*) FROM entities").fetchone()[0] == 0


async def test_locks_make_critical_sections_exclusive(hub: Hub) -> None:
    """Orchestrations that read and write two entities under locks lose no update, whatever order they lock in."""
    ids = [await hub.start("read_then_add", ["a", "b"] if n % 2 else ["b", "a"]) for n in range(12)]
    outputs = await asyncio.gather(*(hub.output(instance_id) for instance_id in ids))
    assert sorted(output[0] for output in outputs) == list(range(12))
    assert (state_of(hub, "a"), state_of(hub, "b")) == (12, 12)


async def test_every_entity_of_a_lock_set_is_locked(hub: Hub) -> None:
    """A critical section over two entities holds both when it is entered, though the change that locks ran twice."""
    holder = await hub.start("hold_locks", ["a", "b"])
    await hub.custom_status(holder, "locked")
    rows = hub.engine._context.connection.execute("SELECT id, lock_owner FROM entities ORDER BY id").fetchall()
    assert [tuple(row) for row in rows] == [("@counter@a", holder), ("@counter@b", holder)]
    await hub.client.raise_orchestration_event(holder, "go")
    await hub.output(holder)


async def test_lock_leaves_no_row_of_an_empty_entity(hub: Hub) -> None:
    """An entity that was locked and never had a state leaves no row: unlocked, or when its holder was terminated."""

    def rows() -> int:
        return int(hub.engine._context.connection.execute("SELECT count(*) FROM entities").fetchone()[0])

    for terminated in (False, True):
        holder = await hub.start("hold_locks", ["a", "b"])
        await hub.custom_status(holder, "locked")
        assert rows() == 2
        if terminated:
            await hub.client.terminate_orchestration(holder)
        else:
            await hub.client.raise_orchestration_event(holder, "go")
        await hub.finish(holder)
        await hub.engine.run_until_idle()
        assert rows() == 0


async def test_purge_during_the_first_batch(tmp_path: Path) -> None:
    """An entity that is purged while its first operation runs stays away: what the operation did is dropped."""
    worker = GatedWorker(functions, "counter")
    hub = await open_hub(tmp_path / "durable.db", worker)
    await hub.engine.signal_entity("@counter@a", "add", "5")
    await eventually(lambda: worker.begun)
    await hub.engine.purge(["@counter@a"])
    worker.gate.set()
    await hub.engine.run_until_idle()
    assert hub.engine.get_entity("@counter@a") is None
    await hub.engine.signal_entity("@counter@a", "add", "1")
    await eventually(lambda: state_of(hub, "a") == 1)
    await close_hub(hub)


async def test_locked_entity_serves_nobody_else(hub: Hub) -> None:
    """While an entity is locked, signals wait; they run when it is unlocked."""
    holder = await hub.start("hold_lock", "a")
    await hub.custom_status(holder, "locked")
    await hub.client.signal_entity(counter("a"), "add", 1)
    found = hub.engine._context.connection.execute("SELECT lock_owner FROM entities").fetchone()
    assert found[0] == holder
    assert state_of(hub, "a") is None
    await hub.client.raise_orchestration_event(holder, "go")
    await hub.output(holder)
    await eventually(lambda: state_of(hub, "a") == 1)


async def test_terminated_holder_releases_its_locks(hub: Hub) -> None:
    """A lock whose holder was terminated is released, also for those who wait for it."""
    holder = await hub.start("hold_lock", "a")
    await hub.custom_status(holder, "locked")
    waiting = await hub.start("read_then_add", ["a"])
    given_up = await hub.start("hold_lock", "a")
    await eventually(lambda: hub.instance(given_up).turn == 1)
    await hub.client.terminate_orchestration(given_up)
    await hub.finish(given_up)
    await hub.client.terminate_orchestration(holder)
    assert await hub.output(waiting) == [0]
    await hub.client.signal_entity(counter("a"), "add", 10)
    await eventually(lambda: state_of(hub, "a") == 11)


async def test_replaced_holder_releases_its_locks(hub: Hub) -> None:
    """A lock whose holder ended without a turn of its own, because it was replaced, is released."""
    holder = await hub.start("hold_lock", "a")
    await hub.custom_status(holder, "locked")
    await hub.client.signal_entity(counter("a"), "add", 1)
    await hub.engine.start_instance(NewInstance(holder, "in_sequence", "2"), frozenset({Status.RUNNING}))
    await eventually(lambda: state_of(hub, "a") == 1)


async def test_get_and_query_entities(hub: Hub) -> None:
    """Entities are found by id, by prefix, and by when they changed, with or without state, page by page."""
    for key in "abc":
        await hub.client.signal_entity(counter(key), "set", 7)
    await hub.client.signal_entity(EntityInstanceId("journal", "a"), "note", "x")
    await eventually(lambda: len(hub.engine.query_entities().items) == 4)
    one = await hub.client.get_entity(counter("a"))
    assert one is not None
    assert one.get_state(int) == 7
    paged = await hub.client.get_all_entities(EntityQuery(instance_id_starts_with="@counter", page_size=2))
    assert [entity.id.key for entity in paged] == ["a", "b", "c"]
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert await hub.client.get_all_entities(EntityQuery(last_modified_from=tomorrow)) == []


async def test_malformed_entity_id_is_refused(hub: Hub) -> None:
    """A signal to what is no entity id is INVALID_ARGUMENT, not a message that nobody ever reads."""
    with pytest.raises(ValueError, match="no entity id"):
        await hub.engine.signal_entity("counter", "add", "1")
    stub = hub.client._get_stub()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.SignalEntity(pb.SignalEntityRequest(instanceId="counter", name="add"))
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
