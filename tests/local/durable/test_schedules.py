"""Scheduled tasks of the SDK (`durabletask.scheduled`), registered as an app does: by `configure_scheduled_tasks`."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import azure.durable_functions as df
import pytest
from durabletask.scheduled import (
    AsyncScheduledTaskClient,
    ScheduleCreationOptions,
    ScheduleStatus,
    ScheduleUpdateOptions,
)

from local.durable.clock import SkippingClock, to_datetime
from local.durable.records import InstanceQuery, Status
from tests.local.durable.app import functions
from tests.local.durable.conftest import Hub, close_hub, eventually, open_hub
from tests.local.durable.sdk_worker import Functions, SdkWorker


def with_scheduled_tasks() -> Functions:
    """The tests' functions, and what `configure_scheduled_tasks` registers in a function app."""
    app = df.DFApp()
    app.configure_scheduled_tasks()
    registered = Functions(dict(functions.orchestrators), dict(functions.activities), dict(functions.entities))
    for function in app.get_functions():
        handle, name = function.get_user_function(), str(function.get_function_name())
        if hasattr(handle, "entity_function"):
            registered.entities[name.lower()] = handle.entity_function
        elif hasattr(handle, "orchestrator_function"):
            registered.orchestrators[name] = handle.orchestrator_function
    return registered


@pytest.fixture
async def scheduling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Hub]:
    """An engine with scheduled tasks, whose entity reads the engine's clock: it asks the system's otherwise."""
    worker = SdkWorker(with_scheduled_tasks())
    hub = await open_hub(tmp_path / "durable.db", worker, clock=SkippingClock())
    monkeypatch.setattr("durabletask.scheduled.schedule_entity._now", lambda: to_datetime(hub.engine.now))
    yield hub
    await close_hub(hub)


def runs(hub: Hub) -> list[str]:
    """The ids of the instances that the schedule started and that completed."""
    found = hub.engine.query(InstanceQuery(id_prefix="hourly-", statuses=frozenset({Status.COMPLETED})))
    return [instance.id for instance in found.items]


async def test_schedule_runs_pauses_resumes_and_ends(scheduling: Hub) -> None:
    """An hourly schedule runs once an hour, not while paused, again when resumed, and no more when it is deleted."""
    client = AsyncScheduledTaskClient(scheduling.client)
    schedule = await client.create_schedule(
        ScheduleCreationOptions("hourly", "in_sequence", timedelta(hours=1), orchestration_input=3)
    )
    await scheduling.engine.advance(timedelta(hours=24, minutes=1))
    assert len(runs(scheduling)) == 24
    assert all(scheduling.instance(each).output == "5" for each in runs(scheduling))
    await schedule.pause()
    assert (await schedule.describe()).status is ScheduleStatus.PAUSED
    await scheduling.engine.advance(timedelta(hours=10))
    assert len(runs(scheduling)) == 24
    await schedule.resume()
    await schedule.update(ScheduleUpdateOptions(interval=timedelta(hours=2)))
    await scheduling.engine.advance(timedelta(hours=10))
    assert len(runs(scheduling)) == 29
    assert [each.schedule_id for each in await client.list_schedules()] == ["hourly"]
    await schedule.delete()
    await scheduling.engine.advance(timedelta(hours=10))
    assert len(runs(scheduling)) == 29
    assert await client.get_schedule("hourly") is None


async def test_schedule_outlives_the_engine(tmp_path: Path) -> None:
    """In real time a schedule of every second goes on after a restart of the engine."""
    path = tmp_path / "durable.db"
    first = await open_hub(path, SdkWorker(with_scheduled_tasks()))
    options = ScheduleCreationOptions("hourly-s", "in_sequence", timedelta(seconds=1), orchestration_input=2)
    await AsyncScheduledTaskClient(first.client).create_schedule(options)
    await eventually(lambda: len(runs(first)) == 1)
    await close_hub(first)
    second = await open_hub(path, SdkWorker(with_scheduled_tasks()))
    await eventually(lambda: len(runs(second)) >= 2)
    await close_hub(second)
