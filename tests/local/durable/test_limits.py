"""Budgets: what is too large or too long fails at once, with a message that names it and says what to do."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Generator
from pathlib import Path
from typing import Any

import grpc
import pytest
from durabletask import task
from durabletask.entities import EntityInstanceId

from local.durable.limits import UNLIMITED, Limits
from local.durable.records import Status
from tests.local.durable.app import functions
from tests.local.durable.conftest import Hub, close_hub, eventually, open_hub

type Orchestration = Generator[task.Task[Any], Any, Any]
type Context = task.OrchestrationContext

SMALL = Limits(max_payload=1000, warn_events=12, warn_history=None, max_events=40)
TOO_LARGE = "x" * 1001


@functions.orchestrator
def give_large(ctx: Context, where: str) -> Orchestration:
    """Put a payload that is too large in the place that the test names."""
    match where:
        case "activity":
            yield ctx.call_activity("echo", input=TOO_LARGE)
        case "child":
            yield ctx.call_sub_orchestrator("in_sequence", input=TOO_LARGE)
        case "event":
            ctx.send_event("nobody", "big", data=TOO_LARGE)
            yield ctx.call_activity("echo", input=1)
        case "entity":
            yield ctx.call_entity(EntityInstanceId("journal", "a"), "note", TOO_LARGE)
        case "status":
            ctx.set_custom_status(TOO_LARGE)
            yield ctx.call_activity("echo", input=1)
        case "generation":
            ctx.continue_as_new(TOO_LARGE)
    return TOO_LARGE


@pytest.fixture
async def small(tmp_path: Path) -> AsyncIterator[Hub]:
    """An engine with small budgets."""
    hub = await open_hub(tmp_path / "durable.db", limits=SMALL)
    yield hub
    await close_hub(hub)


@pytest.fixture
async def unlimited(tmp_path: Path) -> AsyncIterator[Hub]:
    """An engine without budgets."""
    hub = await open_hub(tmp_path / "durable.db", limits=UNLIMITED)
    yield hub
    await close_hub(hub)


@pytest.mark.parametrize(
    ("where", "named"),
    [
        ("activity", "activity 'echo'"),
        ("child", "gives to 'in_sequence'"),
        ("event", "The event 'big'"),
        ("entity", "operation 'note'"),
        ("status", "The custom status"),
        ("generation", "The output or next input"),
        ("output", "The output or next input"),
    ],
)
async def test_orchestrator_that_gives_too_much_fails(small: Hub, where: str, named: str) -> None:
    """A payload over the budget fails the orchestration with what it was, whose, how large, and what to do."""
    state = await small.finish(await small.start("give_large", where))
    assert state.failure_details is not None
    message = state.failure_details.message
    assert named in message
    assert "orchestrator 'give_large'" in message
    assert "1,003 bytes" in message
    assert "Pass a reference" in message
    assert state.failure_details.error_type == "PayloadTooLarge"


async def test_activity_that_returns_too_much_fails(small: Hub) -> None:
    """A result over the budget fails the activity, by name, and is not retried by a policy."""
    state = await small.finish(await small.start("call", ["long_text", 2000]))
    assert state.failure_details is not None
    assert "The result of activity 'long_text' is 2,002 bytes" in state.failure_details.message


async def test_entity_that_grows_too_large_keeps_its_state(small: Hub) -> None:
    """The operation that makes the state too large fails and is rolled back; those around it count."""
    for text in ("a" * 300, "b" * 900, "c" * 300):
        await small.engine.signal_entity("@journal@j", "note", json.dumps(text))
    await eventually(
        lambda: (
            (e := small.engine.get_entity("@journal@j")) and [t[0] for t in json.loads(e.state or "[]")] == ["a", "c"]
        )
    )


async def test_client_that_sends_too_much_is_refused(small: Hub) -> None:
    """A start, an event or a signal over the budget is INVALID_ARGUMENT with the size, and nothing is stored."""
    waiting = await small.start("wait_for", 60)
    for call in (
        small.start("echo", TOO_LARGE),
        small.client.raise_orchestration_event(waiting, "go", data=TOO_LARGE),
        small.client.signal_entity(EntityInstanceId("journal", "a"), "note", TOO_LARGE),
        small.client.terminate_orchestration(waiting, output=TOO_LARGE),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert "1,003 bytes" in (caught.value.details() or "")
    assert len(small.engine.query().items) == 1


async def test_size_is_counted_in_bytes(small: Hub) -> None:
    """A text of few characters and many bytes is over the budget; one just below it passes."""
    with pytest.raises(ValueError, match="bytes"):
        await small.engine.signal_entity("@journal@a", "note", '"' + "\N{SNOWMAN}" * 400 + '"')
    await small.engine.signal_entity("@journal@a", "note", '"' + "x" * 998 + '"')


async def test_long_history_is_warned_of_once(small: Hub, caplog: pytest.LogCaptureFixture) -> None:
    """A history that grows long is told in one warning per instance, with its size and what to do."""
    with caplog.at_level(logging.WARNING, logger="local.durable"):
        await small.run("in_sequence", 6, instance_id="long")
    warnings = [record.getMessage() for record in caplog.records if "history" in record.getMessage()]
    assert len(warnings) == 1
    assert "in_sequence 'long'" in warnings[0]
    assert "continue as new" in warnings[0]


async def test_history_over_the_budget_fails(small: Hub) -> None:
    """An orchestration whose history outgrows the budget fails with the numbers; continue-as-new starts from none."""
    state = await small.finish(await small.start("in_sequence", 100))
    assert state.failure_details is not None
    assert state.failure_details.error_type == "HistoryTooLong"
    assert "orchestrator 'in_sequence'" in state.failure_details.message
    assert "may have 40" in state.failure_details.message
    many = await small.start("collect_by_generation", [40, []])
    for number in range(40):
        await small.client.raise_orchestration_event(many, "item", data=number)
    assert await small.output(many) == list(range(40))


async def test_default_budgets_are_those_of_azure(hub: Hub) -> None:
    """By default a payload may be 1 MB, and a history 10,000 events."""
    assert Limits() == Limits(1_048_576, 1_000, 524_288, 10_000)
    state = await hub.finish(await hub.start("call", ["long_text", 1_048_576]))
    assert state.failure_details is not None
    assert await hub.run("call", ["long_text", 1_048_000]) == "x" * 1_048_000


async def test_results_of_20_mb(unlimited: Hub) -> None:
    """Without budgets a result of 20 MB reaches the orchestrator, the history and the client."""
    instance_id = await unlimited.start("call", ["long_text", 20_000_000])
    assert len(await unlimited.output(instance_id)) == 20_000_000
    events = await unlimited.client.get_orchestration_history(instance_id)
    assert len(events) == len(unlimited.engine.history(instance_id))


async def test_history_of_more_than_10_000_events(unlimited: Hub) -> None:
    """Without budgets a history may be longer than any backend's; with the default it fails and does not hang."""
    instance_id = await unlimited.start("collect", 10_050)
    await eventually(lambda: unlimited.instance(instance_id).turn == 1)
    await unlimited.engine.suspend(instance_id)
    await eventually(lambda: unlimited.instance(instance_id).status is Status.SUSPENDED)
    await asyncio.gather(*(unlimited.engine.raise_event(instance_id, "item", str(n)) for n in range(10_050)))
    await unlimited.engine.raise_event(instance_id, "begin")
    await unlimited.engine.resume(instance_id)
    assert await unlimited.output(instance_id) == list(range(10_050))
    assert len(unlimited.engine.history(instance_id)) > 10_000
