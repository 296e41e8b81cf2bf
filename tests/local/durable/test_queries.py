"""Reads: queries by page and filter, history, purge."""

from datetime import UTC, datetime, timedelta

import pytest
from durabletask import history
from durabletask.client import OrchestrationQuery, OrchestrationStatus

from local.durable.records import InstanceQuery, Status
from tests.local.durable.conftest import Hub


async def test_query_follows_pages_to_the_end(hub: Hub) -> None:
    """A list longer than a page comes complete, without repeats, the oldest first."""
    ids = [await hub.start("wait_for", 60, instance_id=f"page-{number:02}") for number in range(25)]
    query = OrchestrationQuery(instance_id_prefix="page-", max_instance_count=10)
    found = await hub.client.get_all_orchestration_states(query)
    assert [state.instance_id for state in found] == ids


async def test_query_caps_the_page(hub: Hub) -> None:
    """A client that asks for two billion at once gets a page and a continuation."""
    for number in range(3):
        await hub.start("wait_for", 60, instance_id=f"i{number}")
    first = hub.engine.query(InstanceQuery(page_size=2))
    assert len(first.items) == 2
    rest = hub.engine.query(InstanceQuery(page_size=2, continuation=first.continuation))
    assert [found.id for found in rest.items] == ["i2"]
    assert rest.continuation is None
    assert len(await hub.client.get_all_orchestration_states()) == 3


async def test_query_filters(hub: Hub) -> None:
    """Status and creation time restrict a query; payloads come only when they are asked for."""
    await hub.run("in_sequence", 2, instance_id="done")
    await hub.start("wait_for", 60, instance_id="open")
    completed = OrchestrationQuery(runtime_status=[OrchestrationStatus.COMPLETED], fetch_inputs_and_outputs=True)
    (state,) = await hub.client.get_all_orchestration_states(completed)
    assert (state.instance_id, state.get_input(), state.get_output()) == ("done", 2, 1)
    (bare,) = hub.engine.query(InstanceQuery(statuses=frozenset({Status.COMPLETED}), payloads=False)).items
    assert (bare.input, bare.output) == (None, None)
    later = datetime.now(UTC) + timedelta(hours=1)
    assert await hub.client.get_all_orchestration_states(OrchestrationQuery(created_time_from=later)) == []
    assert len(await hub.client.get_all_orchestration_states(OrchestrationQuery(created_time_to=later))) == 2


async def test_foreign_continuation_is_refused(hub: Hub) -> None:
    """A continuation token of another backend is an error, not an empty page."""
    with pytest.raises(ValueError, match="no continuation token"):
        hub.engine.query(InstanceQuery(continuation="abc"))


async def test_history_tells_what_happened(hub: Hub) -> None:
    """The client reads the whole history as typed events, the engine's own API as records."""
    instance_id = await hub.start("call", ["echo", "x"])
    await hub.output(instance_id)
    events = await hub.client.get_orchestration_history(instance_id)
    kinds = [type(event) for event in events]
    assert kinds.count(history.TaskScheduledEvent) == kinds.count(history.TaskCompletedEvent) == 1
    assert kinds[-1] is history.ExecutionCompletedEvent
    records = hub.engine.history(instance_id)
    assert len(records) == len(events)
    scheduled = next(record for record in records if record.kind == "taskScheduled")
    assert (scheduled.attributes["name"], scheduled.attributes["input"]) == ("echo", '"x"')


async def test_long_history_streams_in_chunks(hub: Hub) -> None:
    """A turn with more events than a chunk holds arrives complete."""
    instance_id = await hub.start("fan_out", 150)
    await hub.output(instance_id)
    events = await hub.client.get_orchestration_history(instance_id)
    assert sum(isinstance(event, history.TaskScheduledEvent) for event in events) == 150


async def test_purge_deletes_finished_instances_only(hub: Hub) -> None:
    """A purge removes a finished instance with its children and its history, and leaves a running one."""
    done = await hub.start("parent", 0)
    await hub.output(done)
    running = await hub.start("wait_for", 60)
    assert (await hub.client.purge_orchestration(running)).deleted_instance_count == 0
    assert (await hub.client.purge_orchestration(done, recursive=True)).deleted_instance_count == 4
    assert hub.engine.get_instance(done) is None
    left = hub.engine._context.connection.execute("SELECT DISTINCT id FROM history").fetchall()
    assert {row[0] for row in left} <= {running}


async def test_purge_by_filter(hub: Hub) -> None:
    """A purge by status goes through all pages, and says whether it was complete."""
    for number in range(5):
        await hub.run("in_sequence", 1, instance_id=f"done-{number}")
    await hub.start("wait_for", 60)
    kept = await hub.client.purge_orchestrations_by(runtime_status=[OrchestrationStatus.FAILED])
    assert kept.deleted_instance_count == 0
    purged = await hub.client.purge_orchestrations_by(runtime_status=[OrchestrationStatus.COMPLETED])
    assert (purged.deleted_instance_count, purged.is_complete) == (5, True)
    assert [found.name for found in hub.engine.query().items] == ["wait_for"]


async def test_purge_stops_at_its_deadline(hub: Hub) -> None:
    """A purge that has no time left deletes nothing more, and says that it is not complete."""
    await hub.run("in_sequence", 1)
    result = await hub.engine.purge_where(InstanceQuery(), seconds=0)
    assert (result.deleted, result.complete) == (0, False)


def test_status_labels_are_those_of_the_http_api() -> None:
    """Statuses are spelled as Durable Functions spells them."""
    assert [status.label for status in (Status.RUNNING, Status.CONTINUED_AS_NEW)] == ["Running", "ContinuedAsNew"]
