"""Bad input of an app: each fails what it concerns, with a message that names the function; the others go on."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from durabletask import task

from tests.local.durable.app import functions
from tests.local.durable.conftest import Hub, close_hub, eventually, open_hub
from tests.local.durable.sdk_worker import SdkWorker

type Orchestration = Generator[task.Task[Any], Any, Any]
type Context = task.OrchestrationContext


@functions.activity
def give_set(_: None) -> set[int]:
    """Return what JSON cannot say."""
    return {1, 2}


@functions.orchestrator
def return_nonsense(_ctx: Context, _: None) -> Orchestration:
    """Return what JSON cannot say."""
    yield from ()
    return object()


@functions.orchestrator
def change_its_mind(ctx: Context, _: None) -> Orchestration:
    """Wait for an event in its first turn, and call an activity instead in the next."""
    if not ctx.is_replaying:
        yield ctx.create_timer(ctx.current_utc_datetime)
    else:
        yield ctx.call_activity("echo", input=1)
    return "never"


class GarbageWorker(SdkWorker):
    """A worker whose answers for some name are no protobuf."""

    def __init__(self, name: str, garbage: str) -> None:
        super().__init__(functions)
        self.name = name
        self.garbage = garbage

    async def run_orchestrator(self, name: str, request: str) -> str:
        """Answer garbage, or run."""
        return self.garbage if name == self.name else await super().run_orchestrator(name, request)

    async def run_entity(self, name: str, request: str) -> str:
        """Answer garbage, or run."""
        return self.garbage if name == self.name else await super().run_entity(name, request)


@pytest.mark.parametrize(
    ("name", "value", "named"),
    [
        ("call", ["give_set", None], "json serializable"),
        ("return_nonsense", None, "could not be encoded"),
        ("change_its_mind", None, "non-deterministic"),
        ("missing", None, "orchestrator 'missing'"),
    ],
)
async def test_bad_function_fails_its_instance(hub: Hub, name: str, value: Any, named: str) -> None:
    """Each fails at once with the reason, is told in the log by name, and another instance completes beside it."""
    beside = await hub.start("in_sequence", 3)
    state = await hub.finish(await hub.start(name, value))
    assert state.failure_details is not None, state
    assert named in state.failure_details.message
    assert state.failure_details.message
    assert await hub.output(beside) == 5


async def test_failure_is_told_in_the_log_by_name(hub: Hub, caplog: pytest.LogCaptureFixture) -> None:
    """The log names the orchestrator that failed, its instance and why."""
    await hub.finish(await hub.start("change_its_mind", None, instance_id="bad"))
    assert "change_its_mind 'bad' ended as Failed" in caplog.text


@pytest.mark.parametrize("garbage", ["", "no base64 at all", "/////w=="])
async def test_answer_that_is_no_protobuf(tmp_path: Path, garbage: str) -> None:
    """An orchestrator's answer that cannot be read fails its instance with its name and what to check; others go on."""
    hub = await open_hub(tmp_path / "durable.db", GarbageWorker("call", garbage))
    instance_id = await hub.start("call", ["echo", 1])
    state = await hub.finish(instance_id)
    assert state.failure_details is not None
    assert "Orchestrator 'call' answered with what is no OrchestratorResponse" in state.failure_details.message
    assert "requirements.txt" in state.failure_details.message
    assert await hub.run("in_sequence", 3) == 5
    await close_hub(hub)


async def test_entity_answer_that_is_no_protobuf(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """An entity's answer that cannot be read fails its operations, and is told with the entity's name."""
    hub = await open_hub(tmp_path / "durable.db", GarbageWorker("counter", "no base64"))
    await hub.engine.signal_entity("@counter@a", "add", "1")
    await eventually(lambda: "Entity 'counter' answered with what is no EntityBatchResult" in caplog.text)
    await hub.engine.signal_entity("@journal@a", "note", '"x"')
    await eventually(lambda: hub.engine.get_entity("@journal@a"))
    await close_hub(hub)


async def test_event_that_is_no_json(hub: Hub) -> None:
    """An event whose payload is no JSON fails the instance that reads it, with a reason; the others go on."""
    instance_id = await hub.start("wait_for", 60)
    await hub.engine.raise_event(instance_id, "go", "{not json")
    state = await hub.finish(instance_id)
    assert state.failure_details is not None
    assert await hub.run("in_sequence", 2) == 1
