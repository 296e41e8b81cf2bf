"""Recordings: the same from an engine, its file and its gRPC service, and the same again when they are read back."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from local.durable.errors import InstanceNotFoundError
from local.testing import record
from local.testing.app import TestApp
from local.testing.functions import Functions
from local.testing.recording import Recording, UnusableRecordingError, read_recording
from local.testing.replay import ReplayError, check, replay
from tests.local.testing.app import functions


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[TestApp]:
    """An app with a finished and a waiting instance."""
    async with TestApp(functions, database=tmp_path / "durable.db") as running:
        await running.run("lifecycle", 3, instance_id="life")
        await running.start("wait", instance_id="waiting")
        await running.run_until_idle()
        yield running


async def test_it_is_the_same_from_everywhere(app: TestApp, tmp_path: Path) -> None:
    """Engine, database file (while the engine has it) and gRPC service tell the same events, byte for byte."""
    one = record.from_engine(app.engine, "life")
    two = record.from_database(tmp_path / "durable.db", "life")
    three = await record.from_service(app.client_address, "life")
    encoded = [[event.SerializeToString() for event in each.events] for each in (one, two, three)]
    assert encoded[0] == encoded[1] == encoded[2]
    assert (one.orchestrator, one.instance_id) == ("lifecycle", "life")


async def test_a_file_holds_all_of_it(app: TestApp, tmp_path: Path) -> None:
    """Read back, every event is what it was, and each is a line of the file."""
    recording = record.from_engine(app.engine, "life")
    recording.write(tmp_path / "new" / "1.json")
    again = read_recording(tmp_path / "new" / "1.json")
    assert again.events == recording.events
    lines = (tmp_path / "new" / "1.json").read_text().splitlines()
    assert len(lines) == len(recording.events) + 2
    assert json.loads(lines[1].rstrip(","))["orchestratorStarted"] == {}


async def test_every_kind_of_action_is_compared(app: TestApp) -> None:
    """Activities, timers, signals, calls and children replay; so does what is still under way."""
    for instance_id in ("life", "waiting"):
        recording = record.from_engine(app.engine, instance_id)
        assert replay(recording, functions.orchestrators[recording.orchestrator]) is None
    life = record.from_engine(app.engine, "life")
    kinds = {event.WhichOneof("eventType") for event in life.events}
    assert kinds >= {"taskScheduled", "timerCreated", "entityOperationSignaled", "entityOperationCalled",
                     "subOrchestrationInstanceCreated", "executionCompleted"}  # fmt: skip


async def test_the_command_records(app: TestApp, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`python -m local.testing.record` writes <orchestrator>/<version>.json, which then replays."""
    arguments = ["--database", str(tmp_path / "durable.db"), "life", "waiting", "--version", "2"]
    assert record.main([*arguments, "--output", str(tmp_path / "histories")]) == 0
    assert "events in" in capsys.readouterr().out
    assert (tmp_path / "histories" / "wait" / "2.json").is_file()
    assert check(tmp_path / "histories", functions.orchestrators) == 2


async def test_what_is_not_there_is_told(app: TestApp, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown instance and a missing file are errors with their names."""
    with pytest.raises(InstanceNotFoundError, match="'nobody'"):
        await record.from_service(app.client_address, "nobody")
    where = ["--output", str(tmp_path)]
    assert record.main(["--database", str(tmp_path / "durable.db"), "nobody", *where]) == 1
    assert "'nobody' was not found" in capsys.readouterr().err
    assert record.main(["--database", str(tmp_path / "no.db"), "life", *where]) == 1
    assert "There is no durable database" in capsys.readouterr().err


def test_what_cannot_be_replayed_is_refused(tmp_path: Path) -> None:
    """No start, no JSON, no event, and a folder without recordings: each is told."""
    with pytest.raises(UnusableRecordingError, match="holds no start"):
        Recording.of([])
    for text in ("{", "[]", '{"events": [{"nonsense": 1}]}'):
        (tmp_path / "1.json").write_text(text)
        with pytest.raises(UnusableRecordingError, match=r"1.json is no recorded history"):
            read_recording(tmp_path / "1.json")
    with pytest.raises(ReplayError, match="There are no recordings"):
        check(tmp_path / "empty", Functions().orchestrators)
