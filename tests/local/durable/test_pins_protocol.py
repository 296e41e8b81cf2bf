"""The protocol between the engine and the SDK, as it was observed: what each side sends, and what the other expects."""

import asyncio
import json
from collections.abc import AsyncIterator, Generator
from datetime import timedelta
from pathlib import Path
from typing import Any

import durabletask.internal.orchestrator_service_pb2 as pb
import pytest
from durabletask import task
from durabletask.client import OrchestrationStatus
from durabletask.entities import EntityInstanceId
from opentelemetry import trace

from local.durable.clock import SkippingClock, to_micros
from local.durable.wire import event, kind_of, moment
from tests.local.durable.app import FAILURES_LEFT, functions
from tests.local.durable.conftest import Hub, close_hub, open_hub
from tests.local.durable.sdk_worker import Recorded, RecordingWorker

type Orchestration = Generator[task.Task[Any], Any, Any]
type Context = task.OrchestrationContext


@functions.orchestrator
def status_then_wait(ctx: Context, _: None) -> Orchestration:
    """Set a custom status in the first turn of two only."""
    if not ctx.is_replaying:
        ctx.set_custom_status("kept")
    yield ctx.wait_for_external_event("go")
    return "done"


@functions.orchestrator
def act_and_go_on(ctx: Context, generation: int) -> Orchestration:
    """Signal an entity in the very turn that continues as new."""
    ctx.signal_entity(EntityInstanceId("Counter", "CaseSensitive"), "add", 1)
    if generation < 2:
        ctx.continue_as_new(generation + 1)
        return None
    return (yield ctx.call_entity(EntityInstanceId("Counter", "CaseSensitive"), "get"))


@functions.orchestrator
def cancel_timer(ctx: Context, _: None) -> Orchestration:
    """Cancel a timer at once, and another in the next turn."""
    ctx.create_timer(timedelta(hours=1)).cancel()
    later = ctx.create_timer(timedelta(hours=1))
    yield ctx.wait_for_external_event("go")
    later.cancel()
    after = yield ctx.call_activity("echo", input="after")
    yield ctx.wait_for_external_event("end")
    return after


@functions.orchestrator
def now_twice(ctx: Context, _: None) -> Orchestration:
    """The time before and after an event."""
    before = ctx.current_utc_datetime.isoformat()
    yield ctx.wait_for_external_event("go")
    return [before, ctx.current_utc_datetime.isoformat()]


@functions.orchestrator
def grandparents(ctx: Context, generation: int) -> Orchestration:
    """Continue as new once, then call a child."""
    if generation == 0:
        ctx.continue_as_new(1)
        return None
    return (yield ctx.call_sub_orchestrator("child", input=0))


@pytest.fixture
async def recording(tmp_path: Path) -> AsyncIterator[Hub]:
    """An engine with a worker that keeps what passes."""
    hub = await open_hub(tmp_path / "durable.db", RecordingWorker(functions), clock=SkippingClock())
    yield hub
    await close_hub(hub)


def turns(hub: Hub, name: str) -> list[Recorded]:
    """The turns of an orchestrator."""
    assert isinstance(hub.worker, RecordingWorker)
    return hub.worker.turns[name]


def batches(hub: Hub, name: str) -> list[Recorded]:
    """The batches of an entity."""
    assert isinstance(hub.worker, RecordingWorker)
    return hub.worker.batches[name]


def actions(turn: Recorded) -> list[str]:
    """The kinds of action that a turn emitted."""
    return [action.WhichOneof("orchestratorActionType") for action in turn.response.actions]


def new_kinds(turn: Recorded) -> list[str]:
    """The kinds of the new events that a turn was given."""
    return [kind_of(each) for each in turn.request.newEvents]


async def test_entity_messages_are_confirmed_by_their_own_kind(recording: Hub) -> None:
    """Each `sendEntityMessage` is confirmed by an event of the same kind, whose id is the action's."""
    instance_id = await recording.start("read_then_add", ["a", "b"])
    await recording.output(instance_id)
    asked = {
        (action.id, action.sendEntityMessage.WhichOneof("EntityMessageType"))
        for turn in turns(recording, "read_then_add")
        for action in turn.response.actions
        if action.HasField("sendEntityMessage")
    }
    kinds = {"entityOperationCalled", "entityLockRequested", "entityUnlockSent"}
    confirmed = {(e.event_id, e.kind) for e in recording.engine.history(instance_id) if e.kind in kinds}
    assert confirmed == asked
    assert {kind for _, kind in asked} == kinds


async def test_lock_is_granted_once_for_the_whole_set(recording: Hub) -> None:
    """A lock request travels along its lock set and is granted once, by its critical section's id."""
    instance_id = await recording.start("read_then_add", ["b", "a"])
    await recording.output(instance_id)
    history = recording.engine.history(instance_id)
    (requested,) = [e.attributes for e in history if e.kind == "entityLockRequested"]
    (granted,) = [e.attributes for e in history if e.kind == "entityLockGranted"]
    assert requested["lockSet"] == ["@counter@a", "@counter@b"]
    assert granted["criticalSectionId"] == requested["criticalSectionId"]


async def test_entity_batch_request(recording: Hub) -> None:
    """An entity is invoked with `@name@key`, the name in lower case, and answers a state but no `operationInfos`."""
    assert await recording.run("act_and_go_on", 0) == 3
    batch = batches(recording, "counter")[0]
    assert batch.request.instanceId == "@counter@CaseSensitive"
    assert batch.request.operations[0].operation == "add"
    assert batch.request.operations[0].requestId
    assert list(batch.response.operationInfos) == []
    assert batch.response.entityState.value == "1"


async def test_absent_entity_state_is_deletion(recording: Hub) -> None:
    """A result without `entityState` deletes the entity."""
    await recording.engine.signal_entity("@counter@a", "set", "1")
    await recording.engine.run_until_idle()
    await recording.engine.signal_entity("@counter@a", "remove")
    await recording.engine.run_until_idle()
    assert not batches(recording, "counter")[-1].response.HasField("entityState")
    assert recording.engine.get_entity("@counter@a") is None


async def test_calls_carry_no_execution_id_and_the_engine_adds_it(recording: Hub) -> None:
    """The SDK leaves `parentExecutionId` of a call empty; the engine fills in the generation that waits."""
    instance_id = await recording.start("use_entity", "a")
    await recording.output(instance_id)
    sent = [
        action.sendEntityMessage.entityOperationCalled
        for turn in turns(recording, "use_entity")
        for action in turn.response.actions
        if action.sendEntityMessage.HasField("entityOperationCalled")
    ]
    assert sent
    assert not any(call.parentExecutionId.value for call in sent)
    called = [e.attributes for e in recording.engine.history(instance_id) if e.kind == "entityOperationCalled"]
    execution = recording.instance(instance_id).execution_id
    assert {call["parentExecutionId"] for call in called} == {execution}


async def test_stray_task_result_is_ignored(recording: Hub) -> None:
    """The SDK ignores the result of a task that it does not know."""
    instance_id = await recording.start("wait_for", 3600)
    await recording.engine.run_until_idle()
    stray = pb.TaskCompletedEvent(taskScheduledId=99)
    await recording.engine._context.commits.run(lambda tx: tx.post(instance_id, event(tx.now, taskCompleted=stray)))
    await recording.engine.run_until_idle()
    await recording.engine.raise_event(instance_id, "go", '"on"')
    assert await recording.output(instance_id) == "on"


async def test_stray_entity_answer_fails_which_is_why_answers_are_tagged(recording: Hub) -> None:
    """The SDK fails on an entity answer that it does not wait for: one of an older generation must never arrive."""
    instance_id = await recording.start("wait_for", 3600)
    await recording.engine.run_until_idle()
    stray = pb.EntityOperationCompletedEvent(requestId="unknown")
    post = recording.engine._context.commits.run
    message = event(recording.engine.now, entityOperationCompleted=stray)
    assert not await post(lambda tx: tx.post(instance_id, message, execution="an older one"))
    assert await post(lambda tx: tx.post(instance_id, message))
    assert (await recording.finish(instance_id)).runtime_status is OrchestrationStatus.FAILED


async def test_instance_that_never_ran_is_terminated_by_the_engine(recording: Hub) -> None:
    """A turn without `executionStarted` would raise in the SDK: no turn is run to terminate a pending instance."""
    later = recording.engine.now + 3_600_000_000
    from local.durable.records import NewInstance

    await recording.engine.start_instance(NewInstance("never", "in_sequence", "1", start_at=later))
    await recording.engine.terminate("never", '"over"')
    assert (await recording.finish("never")).get_output() == "over"
    assert isinstance(recording.worker, RecordingWorker)
    assert "in_sequence" not in recording.worker.turns


async def test_completion_token_is_empty_and_the_turn_is_the_fence(recording: Hub) -> None:
    """The SDK's answer names no work item; the engine drops an answer to a turn that is not the next."""
    from local.durable import turn
    from local.durable.errors import StaleTurnError

    instance_id = await recording.start("phases")
    await recording.engine.run_until_idle()
    await recording.engine.suspend(instance_id)
    (first,) = turns(recording, "phases")[:1]
    assert first.response.completionToken == ""
    context = recording.engine._context
    await recording.engine.raise_event(instance_id, "next")
    stale = turn.Turn(recording.instance(instance_id), b"", b"", ())
    await recording.engine.resume(instance_id)
    await recording.custom_status(instance_id, {"phase": 2})
    with pytest.raises(StaleTurnError):
        await context.commits.run(lambda tx: turn.apply(tx, stale, first.response))


async def test_absent_custom_status_keeps_the_last(recording: Hub) -> None:
    """A turn that sets no custom status leaves the one before."""
    instance_id = await recording.start("status_then_wait")
    await recording.engine.run_until_idle()
    await recording.engine.raise_event(instance_id, "go")
    await recording.output(instance_id)
    first, last = turns(recording, "status_then_wait")
    assert first.response.customStatus.value == '"kept"'
    assert not last.response.HasField("customStatus")
    assert recording.instance(instance_id).custom_status == '"kept"'


async def test_orchestrator_started_is_the_only_clock(recording: Hub) -> None:
    """Each turn begins with `orchestratorStarted`, whose time is what the orchestrator sees, in replay too."""
    instance_id = await recording.start("now_twice")
    await recording.engine.run_until_idle()
    await recording.engine.advance(timedelta(hours=5))
    await recording.engine.raise_event(instance_id, "go")
    before, after = await recording.output(instance_id)
    started = [
        e.at.replace(tzinfo=None).isoformat()
        for e in recording.engine.history(instance_id)
        if e.kind == "orchestratorStarted"
    ]
    assert [before, after] == started
    assert all(new_kinds(turn)[0] == "orchestratorStarted" for turn in turns(recording, "now_twice"))


async def test_rewind_is_given_alone(recording: Hub) -> None:
    """A rewind's turn has `executionCompleted` in its history and two new events; the SDK gives a new history."""
    FAILURES_LEFT["pin"] = 1
    functions.orchestrators["flaky_once"] = flaky_once
    await recording.finish(await recording.start("flaky_once", "pin", instance_id="r"))
    await asyncio.gather(recording.engine.rewind("r"), recording.engine.raise_event("r", "noise"))
    await recording.output("r")
    (turn,) = [each for each in turns(recording, "flaky_once") if "executionRewound" in new_kinds(each)]
    assert new_kinds(turn) == ["orchestratorStarted", "executionRewound"]
    assert "executionCompleted" in {kind_of(each) for each in turn.request.pastEvents}
    assert actions(turn) == ["rewindOrchestration"]
    assert "executionCompleted" not in {kind_of(e) for e in turn.response.actions[0].rewindOrchestration.newHistory}


def flaky_once(ctx: Context, key: str) -> Orchestration:
    """Call what may fail."""
    return (yield ctx.call_activity("flaky", input=key))


async def test_retries_are_timers_and_reuse_the_action_id(recording: Hub) -> None:
    """A retry is a plain timer, then the same activity under its original action id."""
    FAILURES_LEFT["pin-retry"] = 1
    instance_id = await recording.start("call_twice", "pin-retry")
    assert await recording.output(instance_id) == "done"
    assert [kind for turn in turns(recording, "call_twice") for kind in actions(turn)] == [
        "scheduleTask",
        "createTimer",
        "scheduleTask",
        "completeOrchestration",
    ]
    scheduled = [e.event_id for e in recording.engine.history(instance_id) if e.kind == "taskScheduled"]
    assert len(scheduled) == 2
    assert len(set(scheduled)) == 1


async def test_long_timers_are_split_by_the_sdk(recording: Hub) -> None:
    """A timer of more than three days is several timers of at most three, one after another."""
    instance_id = await recording.start("wait_for", 8 * 86_400)
    assert await recording.output(instance_id) == "late"
    history = recording.engine.history(instance_id)
    assert sum(each.kind == "timerFired" for each in history) == 3


async def test_cancelled_timer_sends_no_action(recording: Hub) -> None:
    """A timer that is cancelled in its own turn is never sent; one cancelled later is not taken back, and may fire."""
    instance_id = await recording.start("cancel_timer")
    await recording.engine.run_until_idle()
    await recording.engine.raise_event(instance_id, "go")
    await recording.engine.run_until_idle()
    assert [actions(turn) for turn in turns(recording, "cancel_timer")] == [["createTimer"], ["scheduleTask"], []]
    assert recording.engine._running._timers.next_due() > 0
    await recording.engine.raise_event(instance_id, "end")
    assert await recording.output(instance_id) == "after"
    assert recording.engine._running._timers.next_due() == 0


async def test_continue_as_new_still_returns_other_actions(recording: Hub) -> None:
    """The turn that continues as new also emits the other actions of its generation, and they are carried out."""
    assert await recording.run("act_and_go_on", 0) == 3
    assert actions(turns(recording, "act_and_go_on")[0]) == ["sendEntityMessage", "completeOrchestration"]


async def test_carried_events_come_before_later_ones(recording: Hub) -> None:
    """What continue-as-new carries over precedes what arrived since, whatever the order of rows."""
    instance_id = await recording.start("collect_by_generation", [4, []])
    await recording.engine.run_until_idle()
    await asyncio.gather(*(recording.engine.raise_event(instance_id, "item", str(number)) for number in range(3)))
    await recording.engine.raise_event(instance_id, "item", "3")
    assert await recording.output(instance_id) == [0, 1, 2, 3]
    carried = [
        json.loads(each.eventRaised.input.value)
        for turn in turns(recording, "collect_by_generation")
        for action in turn.response.actions
        for each in action.completeOrchestration.carryoverEvents
    ]
    assert carried


async def test_parent_is_kept_over_generations(recording: Hub) -> None:
    """`executionStarted.parentInstance` names parent and task in every generation of a child."""
    await recording.start("call_child", ["collect_by_generation", [2, []], "kid"], instance_id="mum")
    await recording.engine.run_until_idle()
    for number in range(2):
        await recording.engine.raise_event("kid", "item", str(number))
    assert await recording.output("mum") == [0, 1]
    parents = [
        each.executionStarted.parentInstance
        for turn in turns(recording, "collect_by_generation")
        for each in turn.request.newEvents
        if each.HasField("executionStarted")
    ]
    assert len(parents) == 3
    assert {parent.orchestrationInstance.instanceId for parent in parents} == {"mum"}
    assert len({parent.taskScheduledId for parent in parents}) == 1


async def test_trace_context_is_copied_through(recording: Hub) -> None:
    """A start's trace reaches activities and children; all turns of a generation name one span as their parent."""
    span = trace.SpanContext(0xAF, 0xB7, is_remote=False, trace_flags=trace.TraceFlags(1))
    with trace.use_span(trace.NonRecordingSpan(span)):
        instance_id = await recording.start("call_child", ["in_sequence", 3, None])
    await recording.output(instance_id)
    sequence = turns(recording, "in_sequence")
    scheduled = [
        action.scheduleTask.parentTraceContext.traceParent
        for turn in sequence
        for action in turn.response.actions
        if action.HasField("scheduleTask")
    ]
    assert len(scheduled) == 3
    assert {each.split("-")[1] for each in scheduled} == {f"{0xAF:032x}"}
    assert len({each.split("-")[2] for each in scheduled}) == 1
    told = recording.worker.traces["square"]
    assert told is not None
    assert told.traceparent == scheduled[-1]
    (created,) = [e for e in recording.engine.history(instance_id) if e.kind == "subOrchestrationInstanceCreated"]
    assert created.attributes["parentTraceContext"]["traceParent"].split("-")[1] == f"{0xAF:032x}"


async def test_timer_never_fires_before_its_time(recording: Hub) -> None:
    """Moments are whole microseconds, rounded up: the turn that sees a timer fire is never before the timer's time."""
    instance_id = await recording.start("wait_for", 1.0000004)
    await recording.output(instance_id)
    fired = [
        (moment(turn.request.newEvents[0], "timestamp"), moment(each.timerFired, "fireAt"))
        for turn in turns(recording, "wait_for")
        for each in turn.request.newEvents
        if each.HasField("timerFired")
    ]
    assert fired
    assert all(now >= due for now, due in fired)
    assert to_micros(recording.instance(instance_id).updated_at) >= fired[0][1]
