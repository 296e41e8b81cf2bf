"""A new version is deployed while instances of the old one are under way."""

from pathlib import Path

import azure.durable_functions as df
import pytest

from local.durable.records import Status
from local.testing.app import TestApp
from local.testing.chaos import Chaos
from local.testing.functions import functions_of
from local.testing.record import from_engine
from local.testing.replay import replay
from tests.local.patterns.apps import versions

OLD = ["pick hat: done", "send hat: done"]
NEW = ["check hat: done", "pick hat: done", "send hat: done"]


async def start_on_the_first(database: Path, chaos: Chaos | None, version: str | None = None) -> None:
    """Deploy the first version, and leave an instance that waits for its payment."""
    async with TestApp(versions.first, chaos=chaos, database=database) as app:
        await app.start("order", "hat", instance_id="under way", version=version)
        await app.run_until_idle()
        assert app.instance("under way").status is Status.RUNNING


async def finished(app: TestApp, instance_id: str) -> object:
    """Pay, and give the output."""
    await app.raise_event(instance_id, "paid")
    return await app.output(instance_id)


async def test_a_new_name_lets_the_old_ones_end(tmp_path: Path, chaos: Chaos | None) -> None:
    """With the old code kept under its name, the instance under way ends as it began, and new ones are new."""
    await start_on_the_first(tmp_path / "durable.db", chaos)
    async with TestApp(versions.under_a_new_name, chaos=chaos, database=tmp_path / "durable.db") as app:
        await app.start("order_v2", "hat", instance_id="new")
        assert await finished(app, "under way") == OLD
        assert await finished(app, "new") == NEW


async def test_a_branch_on_the_version_does_the_same(tmp_path: Path, chaos: Chaos | None) -> None:
    """An instance keeps the version that it was started with over a deployment, and takes that version's way."""
    await start_on_the_first(tmp_path / "durable.db", chaos, version="1")
    async with TestApp(versions.by_version, chaos=chaos, database=tmp_path / "durable.db") as app:
        await app.start("order", "hat", instance_id="new", version="2")
        assert await finished(app, "under way") == OLD
        assert await finished(app, "new") == NEW


async def test_a_change_in_place_fails_what_is_under_way(tmp_path: Path, chaos: Chaos | None) -> None:
    """The instance under way ends as failed and says why; instances that start now are not touched."""
    await start_on_the_first(tmp_path / "durable.db", chaos)
    async with TestApp(versions.changed_in_place, chaos=chaos, database=tmp_path / "durable.db") as app:
        await app.start("order", "hat", instance_id="new")
        await app.raise_event("under way", "paid")
        ended = await app.finish("under way")
        assert ended.status is Status.FAILED
        assert ended.failure is not None
        assert "NonDeterminism" in ended.failure.type
        assert await finished(app, "new") == NEW


async def test_a_change_may_fail_nobody_and_be_wrong(tmp_path: Path, chaos: Chaos | None) -> None:
    """A step slipped in before one of the same name takes its result: nothing is checked, and it picks twice."""
    await start_on_the_first(tmp_path / "durable.db", chaos)
    async with TestApp(versions.slipped_in, chaos=chaos, database=tmp_path / "durable.db") as app:
        assert await finished(app, "under way") == ["pick hat: done", "pick hat: done", "send hat: done"]


@pytest.mark.parametrize(
    ("deployed", "goes_on"),
    [
        (versions.changed_in_place, False),
        (versions.slipped_in, False),
        (versions.under_a_new_name, True),
        (versions.by_version, True),
    ],
    ids=["changed in place", "slipped in", "under a new name", "by version"],
)
async def test_a_replay_would_have_told(deployed: df.DFApp, goes_on: bool) -> None:
    """A history of the first version, replayed with the next one's code, tells before it is deployed."""
    async with TestApp(versions.first) as app:
        await app.start("order", "hat", instance_id="recorded", version="1")
        await finished(app, "recorded")
        recording = from_engine(app.engine, "recorded")
    difference = replay(recording, functions_of(deployed).orchestrators["order"])
    assert (difference is None) is goes_on
    if difference is not None:
        assert difference.turn == 1
        assert "check" in str(difference.got)
