"""Orchestrations, activities, timers, events and sub-orchestrations, seen through the SDK's own client."""

import json
from datetime import timedelta

import grpc
import pytest
from durabletask.client import OrchestrationStatus
from opentelemetry import trace

from local.durable.records import NewInstance, Status
from tests.local.durable.app import FAILURES_LEFT
from tests.local.durable.conftest import Hub, eventually


async def test_fan_out_waits_for_all_activities(hub: Hub) -> None:
    """Activities that are started together all run."""
    assert await hub.run("fan_out", 40) == sum(n * n for n in range(40))


async def test_sequence_replays(hub: Hub) -> None:
    """An orchestrator that awaits activities one by one goes on after each, from replayed history."""
    assert await hub.run("in_sequence", 10) == sum(n * n for n in range(10))


async def test_failing_activity_fails_the_instance(hub: Hub) -> None:
    """An exception that nobody catches is the instance's failure, with its message."""
    state = await hub.finish(await hub.start("call", ["boom", "x"]))
    assert state.runtime_status is OrchestrationStatus.FAILED
    assert state.failure_details is not None
    assert "boom x" in state.failure_details.message


async def test_retry_policy_is_honoured(hub: Hub) -> None:
    """An activity that fails twice succeeds at the third attempt of its policy."""
    FAILURES_LEFT["twice"] = 2
    assert await hub.run("call_twice", "twice") == "done"


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("missing_orchestrator", None, "orchestrator 'missing_orchestrator' is not registered"),
        ("call", ["missing_activity", 1], "activity 'missing_activity' is not registered"),
        ("call_child", ["missing_child", 1, None], "orchestrator 'missing_child' is not registered"),
    ],
)
async def test_unregistered_function_fails_the_instance(hub: Hub, name: str, value: object, text: str) -> None:
    """What calls a function that is not registered fails with a message that names it."""
    state = await hub.finish(await hub.start(name, value))
    assert state.failure_details is not None
    assert text in state.failure_details.message


async def test_event_wakes_the_instance(hub: Hub) -> None:
    """An event ends a wait; names are compared without case."""
    instance_id = await hub.start("wait_for", 60)
    await hub.client.raise_orchestration_event(instance_id, "GO", data={"by": "me"})
    assert await hub.output(instance_id) == {"by": "me"}


async def test_events_are_buffered_in_order(hub: Hub) -> None:
    """Events that come before the orchestrator waits for them are kept, and given in the order they came."""
    instance_id = await hub.start("collect", 20)
    for number in range(20):
        await hub.client.raise_orchestration_event(instance_id, "item", data=number)
    await hub.client.raise_orchestration_event(instance_id, "begin")
    assert await hub.output(instance_id) == list(range(20))


async def test_orchestration_sends_event_to_another(hub: Hub) -> None:
    """An orchestrator can wake another instance; to a missing one the event is dropped."""
    waiting = await hub.start("wait_for", 60)
    assert await hub.run("send", waiting) == "sent"
    assert await hub.output(waiting) == "sent"
    assert await hub.run("send", "nobody") == "sent"


async def test_timer_fires_in_real_time(hub: Hub) -> None:
    """A timer that nothing interrupts fires, not before its time."""
    instance_id = await hub.start("wait_for", 0.2)
    assert await hub.output(instance_id) == "late"
    done = hub.instance(instance_id)
    assert done.updated_at - done.created_at >= timedelta(seconds=0.2)


async def test_sub_orchestrations_know_their_parent(hub: Hub) -> None:
    """Children run on their own, and their results reach the parent."""
    instance_id = await hub.start("parent", 0.05)
    assert await hub.output(instance_id) == [instance_id] * 3


async def test_failed_child_fails_the_parent(hub: Hub) -> None:
    """A child's failure is raised in the parent."""
    state = await hub.finish(await hub.start("call_child", ["call", ["boom", "child"], None]))
    assert state.failure_details is not None
    assert "boom child" in state.failure_details.message


async def test_child_id_in_use_fails_the_call(hub: Hub) -> None:
    """A sub-orchestration under the id of a running instance fails, and says so."""
    taken = await hub.start("wait_for", 60)
    state = await hub.finish(await hub.start("call_child", ["in_sequence", 1, taken]))
    assert state.failure_details is not None
    assert "already exists" in state.failure_details.message


@pytest.mark.parametrize("bad", ["@counter@a", "a/b", "x" * 101])
async def test_child_id_that_is_no_id_fails_the_call(hub: Hub, bad: str) -> None:
    """A sub-orchestration under what is no instance id fails with the rules for ids, and nothing is started."""
    instance_id = await hub.start("call_child", ["in_sequence", 1, bad])
    state = await hub.finish(instance_id)
    assert state.failure_details is not None
    assert f"'{bad}' is no instance id" in state.failure_details.message
    assert hub.engine.get_instance(bad) is None
    await hub.client.rewind_orchestration(instance_id)
    await eventually(lambda: hub.instance(instance_id).turn > 3)
    assert (await hub.finish(instance_id)).runtime_status is OrchestrationStatus.FAILED
    assert hub.engine.get_instance(bad) is None


async def test_terminate_ends_children_too(hub: Hub) -> None:
    """A recursive terminate ends the instance with its output, and all its running children."""
    instance_id = await hub.start("parent", 60)
    children = [f"{instance_id}-{index}" for index in range(3)]
    await eventually(lambda: all(hub.engine.get_instance(child) for child in children))
    await hub.client.terminate_orchestration(instance_id, output="stop", recursive=True)
    state = await hub.finish(instance_id)
    assert (state.runtime_status, state.get_output()) == (OrchestrationStatus.TERMINATED, "stop")
    for child in children:
        assert (await hub.finish(child)).runtime_status is OrchestrationStatus.TERMINATED


async def test_terminate_without_children(hub: Hub) -> None:
    """A terminate that is not recursive leaves the children running."""
    instance_id = await hub.start("parent", 60)
    await eventually(lambda: hub.engine.get_instance(f"{instance_id}-2"))
    await hub.client.terminate_orchestration(instance_id, recursive=False)
    await hub.finish(instance_id)
    assert hub.instance(f"{instance_id}-2").status not in {Status.TERMINATED, Status.COMPLETED}


async def test_terminated_child_fails_its_parent(hub: Hub) -> None:
    """The parent of a terminated child is told, and does not wait for ever."""
    instance_id = await hub.start("call_child", ["wait_for", 60, "only-child"])
    await eventually(lambda: hub.engine.get_instance("only-child"))
    await hub.client.terminate_orchestration("only-child")
    assert (await hub.finish(instance_id)).runtime_status is OrchestrationStatus.FAILED


async def test_suspended_instance_keeps_its_events(hub: Hub) -> None:
    """A suspended instance does nothing; what came meanwhile is there when it is resumed."""
    instance_id = await hub.start("phases")
    await hub.custom_status(instance_id, {"phase": 1})
    await hub.client.suspend_orchestration(instance_id)
    await eventually(lambda: hub.instance(instance_id).status is Status.SUSPENDED)
    turns = hub.instance(instance_id).turn
    for _ in range(2):
        await hub.client.raise_orchestration_event(instance_id, "next")
    assert (hub.instance(instance_id).status, hub.instance(instance_id).turn) == (Status.SUSPENDED, turns)
    await hub.client.resume_orchestration(instance_id)
    assert await hub.output(instance_id) == "through"
    assert hub.instance(instance_id).custom_status == json.dumps({"phase": 2})


async def test_suspended_instance_can_be_terminated(hub: Hub) -> None:
    """A terminate reaches a suspended instance, which needs no resume to end."""
    instance_id = await hub.start("phases")
    await hub.client.suspend_orchestration(instance_id)
    await eventually(lambda: hub.instance(instance_id).status is Status.SUSPENDED)
    await hub.client.terminate_orchestration(instance_id)
    assert (await hub.finish(instance_id)).runtime_status is OrchestrationStatus.TERMINATED


async def test_delayed_start(skipping: Hub) -> None:
    """An instance that starts later is pending until then; its events wait for it, and it can be terminated."""
    later = skipping.engine.now + 3600 * 1_000_000
    for instance_id in ("kept", "ended"):
        await skipping.engine.start_instance(NewInstance(instance_id, "wait_for", "5", start_at=later))
        assert skipping.instance(instance_id).status is Status.PENDING
    await skipping.client.raise_orchestration_event("kept", "go", data="early")
    await skipping.client.terminate_orchestration("ended")
    assert (await skipping.finish("ended")).runtime_status is OrchestrationStatus.TERMINATED
    assert await skipping.output("kept") == "early"
    assert skipping.engine.now >= later


async def test_trace_context_reaches_the_activity(hub: Hub) -> None:
    """The trace that a start carries is given to the activities, so that spans join up."""
    span = trace.SpanContext(0xAF, 0xB7, is_remote=False, trace_flags=trace.TraceFlags(1))
    with trace.use_span(trace.NonRecordingSpan(span)):
        instance_id = await hub.start("call", ["echo", 1])
    await hub.output(instance_id)
    context = hub.worker.traces["echo"]
    assert context is not None
    assert context.traceparent.split("-")[1] == f"{0xAF:032x}"


async def test_tags_and_version_are_kept(hub: Hub) -> None:
    """Tags and version of a start are those of the instance."""
    instance_id = await hub.start("in_sequence", 1, tags={"model": "demand"}, version="2.1")
    await hub.output(instance_id)
    assert (hub.instance(instance_id).tags, hub.instance(instance_id).version) == ({"model": "demand"}, "2.1")


async def test_calls_for_a_missing_instance(hub: Hub) -> None:
    """Events, terminate and suspend for a missing instance answer NOT_FOUND; a wait answers that there is none."""
    for call in (
        hub.client.raise_orchestration_event("nobody", "go"),
        hub.client.terminate_orchestration("nobody"),
        hub.client.suspend_orchestration("nobody"),
        hub.client.get_orchestration_history("nobody"),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call
        assert caught.value.code() is grpc.StatusCode.NOT_FOUND
    assert await hub.client.wait_for_orchestration_completion("nobody", timeout=5) is None


async def test_wait_for_start_ends_when_it_runs(hub: Hub) -> None:
    """The client's wait for a start ends with an instance that is no longer pending."""
    state = await hub.client.wait_for_orchestration_start(await hub.start("wait_for", 60), timeout=30)
    assert state is not None
    assert state.runtime_status is OrchestrationStatus.RUNNING


async def test_waiting_too_long_is_a_timeout(hub: Hub) -> None:
    """A wait ends at the client's deadline, and leaves nobody waiting in the engine."""
    instance_id = await hub.start("wait_for", 60)
    with pytest.raises(TimeoutError):
        await hub.client.wait_for_orchestration_completion(instance_id, timeout=0.1)
    await eventually(lambda: not hub.engine._watchers)
