"""The orchestrators, activities and entities that the engine's tests run, written as a user of the SDK would."""

import asyncio
import os
import time
from collections.abc import Generator
from datetime import timedelta
from pathlib import Path
from typing import Any

from durabletask import task
from durabletask.entities import DurableEntity, EntityInstanceId

from tests.local.durable.sdk_worker import Functions

functions = Functions()

type Orchestration = Generator[task.Task[Any], Any, Any]
type Context = task.OrchestrationContext

FAILURES_LEFT: dict[str, int] = {}
"""How often the activity `flaky` still fails, by its input."""
GATES: dict[int, asyncio.Event] = {}
"""What the activity `gated` waits for, by its input."""


@functions.activity
def square(number: int) -> int:
    """Square a number."""
    return number * number


@functions.activity
async def echo(value: Any) -> Any:
    """Give back what came."""
    return value


@functions.activity
def boom(value: str) -> None:
    """Fail always."""
    raise ValueError(f"boom {value}")


@functions.activity
def flaky(key: str) -> str:
    """Fail as often as FAILURES_LEFT says."""
    FAILURES_LEFT[key] -= 1
    if FAILURES_LEFT[key] >= 0:
        raise RuntimeError("not yet")
    return "done"


@functions.activity
async def gated(key: int) -> str:
    """Wait until the test opens the gate."""
    await GATES[key].wait()
    return f"gate {key}"


@functions.activity
def long_text(length: int) -> str:
    """A result of many characters."""
    return "x" * length


@functions.activity
def record_nothing(_: None) -> None:
    """Take a moment."""
    time.sleep(0.05)


@functions.activity
def record_effect(key: str) -> str:
    """Append to the file that the environment names, so that a test can count the runs over kills of the process."""
    with Path(os.environ["EFFECTS"]).open("a") as file:
        file.write(key + "\n")
    time.sleep(0.02)
    return key


@functions.orchestrator
def fan_out(ctx: Context, count: int) -> Orchestration:
    """Squares in parallel, summed."""
    squares = yield task.when_all([ctx.call_activity("square", input=number) for number in range(count)])
    return sum(squares)


@functions.orchestrator
def in_sequence(ctx: Context, count: int) -> Orchestration:
    """Squares one after another, summed."""
    total = 0
    for number in range(count):
        total += yield ctx.call_activity("square", input=number)
    return total


@functions.orchestrator
def call(ctx: Context, what: list[Any]) -> Orchestration:
    """Call one activity: name and input."""
    return (yield ctx.call_activity(what[0], input=what[1]))


@functions.orchestrator
def call_twice(ctx: Context, key: str) -> Orchestration:
    """Call an activity that may fail, with two retries."""
    policy = task.RetryPolicy(first_retry_interval=timedelta(milliseconds=20), max_number_of_attempts=3)
    return (yield ctx.call_activity("flaky", input=key, retry_policy=policy))


@functions.orchestrator
def wait_for(ctx: Context, seconds: float) -> Orchestration:
    """Wait for the event `go`, or so many seconds."""
    event = ctx.wait_for_external_event("go")
    timer = ctx.create_timer(timedelta(seconds=seconds))
    winner = yield task.when_any([event, timer])
    return event.get_result() if winner is event else "late"


@functions.orchestrator
def race(ctx: Context, seconds: list[float]) -> Orchestration:
    """Which of several timers fires first, as an index."""
    timers = [ctx.create_timer(timedelta(seconds=each)) for each in seconds]
    winner = yield task.when_any(timers)
    return timers.index(winner)


@functions.orchestrator
def collect(ctx: Context, count: int) -> Orchestration:
    """Collect events of the name `item`, after one of the name `begin`."""
    yield ctx.wait_for_external_event("begin")
    items = []
    for _ in range(count):
        item = yield ctx.wait_for_external_event("item")
        items.append(item)
    return items


@functions.orchestrator
def collect_by_generation(ctx: Context, state: list[Any]) -> Orchestration:
    """Collect events `item`, continuing as new after each; the state is how many are left, and what came."""
    left, items = state
    if not left:
        return items
    items.append((yield ctx.wait_for_external_event("item")))
    ctx.continue_as_new([left - 1, items], save_events=True)
    return None


@functions.orchestrator
def phases(ctx: Context, _: None) -> Orchestration:
    """A custom status per phase, each ended by the event `next`."""
    ctx.set_custom_status({"phase": 1})
    yield ctx.wait_for_external_event("next")
    ctx.set_custom_status({"phase": 2})
    yield ctx.wait_for_external_event("next")
    return "through"


@functions.orchestrator
def parent(ctx: Context, seconds: float) -> Orchestration:
    """Three children that wait."""
    children: list[task.Task[Any]] = [
        ctx.call_sub_orchestrator("child", input=seconds, instance_id=f"{ctx.instance_id}-{index}")
        for index in range(3)
    ]
    return (yield task.when_all(children))


@functions.orchestrator
def child(ctx: Context, seconds: float) -> Orchestration:
    """Wait, then tell the parent's id."""
    yield ctx.create_timer(timedelta(seconds=seconds))
    return ctx.parent_instance_id


@functions.orchestrator
def call_child(ctx: Context, what: list[Any]) -> Orchestration:
    """Call one sub-orchestration: name, input, id."""
    return (yield ctx.call_sub_orchestrator(what[0], input=what[1], instance_id=what[2]))


@functions.orchestrator
def send(ctx: Context, target: str) -> Orchestration:
    """Send the event `go` to another instance."""
    ctx.send_event(target, "go", data="sent")
    yield ctx.create_timer(timedelta(0))
    return "sent"


@functions.orchestrator
def leave_timer_behind(ctx: Context, generation: int) -> Orchestration:
    """Leave a short timer behind in generation 0; generation 1 waits longer, and says how long it waited."""
    began = ctx.current_utc_datetime
    event = ctx.wait_for_external_event("go")
    timer = ctx.create_timer(timedelta(seconds=10 if generation == 0 else 60))
    winner = yield task.when_any([event, timer])
    if winner is event:
        ctx.continue_as_new(generation + 1, save_events=True)
        return None
    return (ctx.current_utc_datetime - began).total_seconds()


@functions.orchestrator
def leave_activity_behind(ctx: Context, generation: int) -> Orchestration:
    """Generation 0 continues as new without waiting for its activity; the same action id is used again."""
    result: Any = ctx.call_activity("gated", input=generation)
    if generation == 0:
        yield ctx.wait_for_external_event("go")
        ctx.continue_as_new(1)
        return None
    return (yield result)


@functions.orchestrator
def leave_call_behind(ctx: Context, generation: int) -> Orchestration:
    """Generation 0 continues as new without waiting for an entity call."""
    result: Any = ctx.call_entity(EntityInstanceId("counter", ctx.instance_id), "add", 1)
    if generation == 0:
        ctx.continue_as_new(1)
        return None
    return (yield result)


@functions.orchestrator
def use_entity(ctx: Context, key: str) -> Orchestration:
    """Signal, call, call what fails, and read."""
    counter = EntityInstanceId("counter", key)
    ctx.signal_entity(counter, "add", 2)
    after_add = yield ctx.call_entity(counter, "add", 3)
    try:
        yield ctx.call_entity(counter, "spoil", None)
        error = ""
    except Exception as raised:  # noqa: BLE001 - whatever the SDK raises is what the test looks at
        error = str(raised)
    return [after_add, error, (yield ctx.call_entity(counter, "get"))]


@functions.orchestrator
def read_then_add(ctx: Context, keys: list[str]) -> Orchestration:
    """Read and add under locks, with a pause in between that would lose updates without them."""
    counters = [EntityInstanceId("counter", key) for key in keys]
    with (yield ctx.lock_entities(counters)):
        values = []
        for counter in counters:
            value = yield ctx.call_entity(counter, "get")
            values.append(value)
        yield ctx.call_activity("echo", input=0)
        for counter, value in zip(counters, values, strict=True):
            yield ctx.call_entity(counter, "set", value + 1)
    return values


@functions.orchestrator
def hold_lock(ctx: Context, key: str) -> Orchestration:
    """Lock an entity and wait for the event `go`."""
    with (yield ctx.lock_entities([EntityInstanceId("counter", key)])):
        ctx.set_custom_status("locked")
        yield ctx.wait_for_external_event("go")


@functions.orchestrator
def hold_locks(ctx: Context, keys: list[str]) -> Orchestration:
    """Lock entities that have no state, and wait for the event `go`."""
    with (yield ctx.lock_entities([EntityInstanceId("counter", key) for key in keys])):
        ctx.set_custom_status("locked")
        yield ctx.wait_for_external_event("go")


@functions.orchestrator
def poll(ctx: Context, done: int) -> Orchestration:
    """Poll every ten minutes until 300 polls are done, ten per generation."""
    for _ in range(10):
        if done == 300:
            return ctx.current_utc_datetime.isoformat()
        done = yield ctx.call_activity("echo", input=done + 1)
        yield ctx.create_timer(timedelta(minutes=10))
    ctx.continue_as_new(done)
    return None


@functions.orchestrator
def time_around(ctx: Context, _: None) -> Orchestration:
    """Seconds of orchestration time around an activity, while a timer of an hour is due later."""
    ctx.create_timer(timedelta(hours=1))
    began = ctx.current_utc_datetime
    yield ctx.call_activity("record_nothing", input=None)
    return (ctx.current_utc_datetime - began).total_seconds()


@functions.orchestrator
def spin(ctx: Context, generation: int) -> Orchestration:
    """Continue as new for ever."""
    yield ctx.call_activity("echo", input=generation)
    ctx.continue_as_new(generation + 1)


@functions.orchestrator
def lifecycle(ctx: Context, number: int) -> Orchestration:
    """A bit of everything: fan-out, timer, sub-orchestration over generations, entity, event, activity."""
    me = ctx.instance_id
    effects = yield task.when_all([ctx.call_activity("record_effect", input=f"{me}/{part}") for part in range(4)])
    yield ctx.create_timer(timedelta(milliseconds=200))
    generations = yield ctx.call_sub_orchestrator("generations", input=[me, 0])
    counter = EntityInstanceId("counter", me)
    ctx.signal_entity(counter, "add", 1)
    count = yield ctx.call_entity(counter, "add", 1)
    answer = yield ctx.wait_for_external_event("approve")
    last = yield ctx.call_activity("record_effect", input=f"{me}/last")
    return [number, len(effects), generations, count, answer, last]


@functions.orchestrator
def generations(ctx: Context, state: list[Any]) -> Orchestration:
    """Three generations, one effect in each."""
    root, generation = state
    yield ctx.call_activity("record_effect", input=f"{root}/generation-{generation}")
    if generation < 2:
        ctx.continue_as_new([root, generation + 1])
        return None
    return generation


@functions.entity
class Counter(DurableEntity):
    """A number, with operations that go wrong."""

    def add(self, number: int) -> int:
        """Add, and give the new value."""
        value = self.get_state(int, 0) + number
        self.set_state(value)
        return value

    def set(self, number: int) -> None:
        """Set the value."""
        self.set_state(number)

    def get(self) -> int:
        """The value."""
        return self.get_state(int, 0)

    def spoil(self, _: None) -> None:
        """Change the state, then fail."""
        self.set_state(10**6)
        raise ValueError("the entity failed")

    def remove(self, _: None) -> None:
        """Delete the entity."""
        self.set_state(None)

    def start(self, instance_id: str) -> None:
        """Start an orchestration, and count."""
        self.schedule_new_orchestration("in_sequence", 3, instance_id=instance_id)
        self.set_state(self.get_state(int, 0) + 1)

    def forward(self, key: str) -> None:
        """Signal another counter."""
        self.signal_entity(EntityInstanceId("counter", key), "add", 5)


@functions.entity
class Journal(DurableEntity):
    """Keeps what it was told, in order."""

    def note(self, text: str) -> None:
        """Append."""
        self.set_state([*self.get_state(list, []), text])
