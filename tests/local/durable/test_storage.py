"""Storage in trouble: full, read-only, locked, foreign or old files are told clearly, and nothing is corrupted."""

import asyncio
import logging
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import NoReturn
from unittest.mock import Mock

import grpc
import pytest

from local.durable import dispatcher, entities, reads, timers, turn
from local.durable.database import SCHEMA_VERSION
from local.durable.engine import Engine
from local.durable.errors import StorageError
from local.durable.machinery import Machinery
from local.durable.poison import POISON_LIMIT
from local.durable.runner import ActivityWork
from tests.local.durable.app import GATES, functions
from tests.local.durable.conftest import Hub, close_hub, eventually, open_hub
from tests.local.durable.sdk_worker import SdkWorker

type Trouble = Callable[[Hub], AbstractContextManager[None]]

NOBODY = 65534
"""A user without rights on what this test makes."""


@contextmanager
def full(hub: Hub) -> Iterator[None]:
    """A disk without a page left for the database."""
    run = hub.engine._context.connection.execute
    (pages,) = run("PRAGMA page_count").fetchone()
    run(f"PRAGMA max_page_count = {pages}")
    try:
        yield
    finally:
        run("PRAGMA max_page_count = 1073741823")


@contextmanager
def read_only(hub: Hub) -> Iterator[None]:
    """A database that takes no writes."""
    hub.engine._context.connection.execute("PRAGMA query_only = ON")
    try:
        yield
    finally:
        hub.engine._context.connection.execute("PRAGMA query_only = OFF")


def unreadable(*_: object, **__: object) -> NoReturn:
    """Fail as a read does when the disk fails."""
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR_READ
    raise error


@pytest.fixture
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again in a moment what the storage did not take or give."""
    monkeypatch.setattr(dispatcher, "LONGEST_RETRY", 0.01)
    monkeypatch.setattr(timers, "RETRY", 10_000)


def intact(hub: Hub) -> bool:
    """Whether SQLite finds the file whole."""
    return bool(hub.engine._context.connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok")


@pytest.mark.parametrize(("trouble", "word"), [(full, "is full. Free some space"), (read_only, "is read-only")])
async def test_trouble_is_told_and_gets_over(
    hub: Hub, trouble: Trouble, word: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A store that takes nothing refuses commands with the reason, still answers reads, and goes on when it can."""
    await hub.run("in_sequence", 2, instance_id="before")
    with caplog.at_level(logging.WARNING, logger="local.durable"), trouble(hub):
        for number in range(3):
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await hub.start("call", ["echo", "x" * 100_000], instance_id=f"refused-{number}")
            assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
            assert word in (caught.value.details() or "")
        assert hub.instance("before").output == "1"
        assert hub.engine.get_instance("refused-0") is None
    told = [record for record in caplog.records if word in record.getMessage()]
    assert len(told) == 1
    assert await hub.run("in_sequence", 3) == 5
    assert "takes data again" in caplog.text
    assert intact(hub)


async def test_result_waits_for_the_disk(hub: Hub) -> None:
    """An activity that ended while the disk was full is not run again: its result is kept until it can be stored."""
    GATES[90] = asyncio.Event()
    instance_id = await hub.start("call", ["gated", 90])
    await eventually(lambda: "gated" in hub.worker.traces)
    hub.worker.traces.clear()
    with read_only(hub):
        GATES[90].set()
        await eventually(lambda: hub.engine._context.commits._in_trouble)
        assert hub.instance(instance_id).completed_at is None
    assert await hub.output(instance_id) == "gate 90"
    assert "gated" not in hub.worker.traces
    assert intact(hub)


READS = [(turn, "load"), (ActivityWork, "_row"), (entities, "next_step")]
"""What each lane reads before it runs an item."""


@pytest.mark.parametrize(("owner", "read"), READS)
async def test_unreadable_work_is_not_to_blame(
    hub: Hub, quick_retries: None, monkeypatch: pytest.MonkeyPatch, owner: object, read: str
) -> None:
    """Work that the disk does not give, however often, is not counted as failed: it runs when it can be read."""
    tries = Mock(side_effect=unreadable)
    with monkeypatch.context() as patch:
        patch.setattr(owner, read, tries)
        name, value = ("use_entity", "a") if owner is entities else ("call", ["echo", "a"])
        instance_id = await hub.start(name, value)
        await eventually(lambda: tries.call_count > 2 * POISON_LIMIT)
    await hub.output(instance_id)
    assert hub.engine.parked() == []
    assert hub.engine._context.connection.execute("SELECT count(*) FROM failures").fetchone()[0] == 0


async def test_timers_outlive_unreadable_storage(
    hub: Hub, quick_retries: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A timer that becomes due while the disk cannot be read fires when it can, without a restart."""
    tries = Mock(side_effect=unreadable)
    with monkeypatch.context() as patch:
        patch.setattr(timers, "_ids", tries)
        instance_id = await hub.start("wait_for", 0.01)
        await eventually(lambda: tries.call_count > 2)
    assert await hub.output(instance_id) == "late"
    assert "cannot be read" in caplog.text


@pytest.mark.parametrize(
    ("read", "ask"),
    [
        ("instance", lambda engine: engine.get_instance("i")),
        ("instances", lambda engine: engine.query()),
        ("finished", lambda engine: engine.list_instance_ids()),
        ("history_frames", lambda engine: engine.history("i")),
        ("status", lambda engine: engine.history("i")),
        ("entity", lambda engine: engine.get_entity("@counter@a")),
        ("entities", lambda engine: engine.query_entities()),
        ("instance", lambda engine: engine.stuck(timedelta(0))),
    ],
)
async def test_unreadable_storage_is_told(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, read: str, ask: Callable[[Engine], object]
) -> None:
    """A read that the disk does not give is a StorageError that says what to check."""
    await hub.start("wait_for", 3600, instance_id="i")
    await hub.engine.run_until_idle()
    monkeypatch.setattr(reads, read, unreadable)
    with pytest.raises(StorageError, match="cannot be read or written"):
        ask(hub.engine)


async def test_unreadable_storage_is_a_status_for_clients(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client is told of storage that cannot be read as of storage that takes nothing."""
    monkeypatch.setattr(reads, "instance", unreadable)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await hub.client.get_orchestration_state("i")
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_unreadable_storage_at_the_start_leaves_no_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that cannot read what there is to do does not start, says why, and leaves the file to the next."""
    engine = Engine(SdkWorker(functions), tmp_path / "durable.db")
    with monkeypatch.context() as patch:
        patch.setattr(Machinery, "_restore_clock", unreadable)
        with pytest.raises(StorageError, match="Check the disk"):
            await engine.start()
    await engine.start()
    await engine.stop()


async def test_restart_after_storage_that_took_nothing(tmp_path: Path) -> None:
    """An engine that stopped while its file took no writes goes on where it was when it does again."""
    path = tmp_path / "durable.db"
    first = await open_hub(path)
    GATES[91] = asyncio.Event()
    instance_id = await first.start("call", ["gated", 91])
    await eventually(lambda: "gated" in first.worker.traces)
    first.engine._context.connection.execute("PRAGMA query_only = ON")
    GATES[91].set()
    await eventually(lambda: first.engine._context.commits._in_trouble)
    await first.client.close()
    await first.server.stop()
    await first.engine.stop(drain_seconds=0)
    second = await open_hub(path)
    assert await second.output(instance_id) == "gate 91"
    assert intact(second)
    await close_hub(second)


def make_writable(folder: Path, *, writable: bool) -> None:
    """Give or take the right to write a folder and what is in it; root, who may write anything, becomes nobody."""
    if writable and os.getuid() == 0:
        os.seteuid(0)
    folder.chmod(0o755 if writable else 0o555)
    for file in folder.iterdir():
        file.chmod(0o644 if writable else 0o444)
    if not writable and os.getuid() == 0:
        os.seteuid(NOBODY)


async def test_read_only_file_is_refused_at_the_start() -> None:
    """A file, or a folder, that this user cannot write is a clear error at the start, and leaves no lock behind."""
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(SdkWorker(functions), Path(folder) / "durable.db")
        await engine.start()
        await engine.stop()
        make_writable(Path(folder), writable=False)
        try:
            with pytest.raises(StorageError, match="writable for this user"):
                await engine.start()
        finally:
            make_writable(Path(folder), writable=True)
        await engine.start()
        await engine.stop()


@pytest.mark.parametrize("kind", ["text", "folder", "cut"])
async def test_what_is_no_database_is_refused(tmp_path: Path, kind: str) -> None:
    """A file that is no database, a folder, or a damaged file is a clear error that names it, and is left as it is."""
    path = tmp_path / "durable.db"
    if kind == "folder":
        path.mkdir()
    elif kind == "text":
        path.write_text("this is a note, not a database; it is a little longer than a header" * 20)
    else:
        engine = Engine(SdkWorker(functions), path)
        await engine.start()
        await engine.stop()
        path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(StorageError, match=r"durable\.db"):
        await Engine(SdkWorker(functions), path).start()
    assert path.exists()


async def test_file_locked_by_another_program(hub: Hub, tmp_path: Path) -> None:
    """While another program holds SQLite's write lock, commands are refused with that reason."""
    other = sqlite3.connect(tmp_path / "durable.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageError, match="locked by another program"):
        await hub.engine.signal_entity("@counter@a", "add", "1")
    other.execute("ROLLBACK")
    other.close()
    assert await hub.run("in_sequence", 2) == 1


async def test_older_file_is_brought_up_to_date(tmp_path: Path) -> None:
    """A file of schema 1 is migrated when it is opened, and its instances go on."""
    path = tmp_path / "durable.db"
    first = await open_hub(path)
    instance_id = await first.start("wait_for", 60)
    await eventually(lambda: first.instance(instance_id).turn == 1)
    await close_hub(first)
    database = sqlite3.connect(path, isolation_level=None)
    for statement in ("DROP INDEX instances_by_completion", "DROP TABLE failures", "DROP TABLE parked"):
        database.execute(statement)
    for column in ("history_events", "history_bytes", "warned"):
        database.execute(f"ALTER TABLE instances DROP COLUMN {column}")
    database.execute("PRAGMA user_version = 1")
    database.close()
    second = await open_hub(path)
    await second.client.raise_orchestration_event(instance_id, "go", data="on")
    assert await second.output(instance_id) == "on"
    (version,) = second.engine._context.connection.execute("PRAGMA user_version").fetchone()
    assert version == SCHEMA_VERSION
    await close_hub(second)
