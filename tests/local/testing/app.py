"""A small app for the tests of the kit: what it does to the world is rows of a file."""

import os
from collections.abc import Generator
from datetime import timedelta
from pathlib import Path
from typing import Any

from durabletask import task
from durabletask.entities import DurableEntity, EntityInstanceId

from local.testing.functions import Functions

functions = Functions()

type Context = task.OrchestrationContext
type Steps = Generator[Any, Any, Any]


@functions.orchestrator
def lifecycle(context: Context, parts: int) -> Steps:
    """Parts in parallel, a day's rest, an entity, a child, and a last step."""
    me = context.instance_id
    done = yield task.when_all([context.call_activity("write", input=f"{me}/{part}") for part in range(parts)])
    yield context.create_timer(timedelta(days=1))
    counter = EntityInstanceId("counter", me)
    context.signal_entity(counter, "add", 1)
    count = yield context.call_entity(counter, "add", len(done))
    child = yield context.call_sub_orchestrator("child", input=me, instance_id=f"{me}:child")
    return [count, child, (yield context.call_activity("write", input=f"{me}/last"))]


@functions.orchestrator
def child(context: Context, parent: str) -> Steps:
    """One step."""
    return (yield context.call_activity("write", input=f"{parent}/child"))


@functions.orchestrator
def wait(context: Context, _: None) -> Steps:
    """Wait for the event `go`, an hour at most."""
    go = context.wait_for_external_event("go")
    winner = yield task.when_any([go, context.create_timer(timedelta(hours=1))])
    return go.get_result() if winner is go else "late"


@functions.orchestrator
def collect(context: Context, count: int) -> Steps:
    """The events `item`, in the order in which they come."""
    items = []
    for _ in range(count):
        item = yield context.wait_for_external_event("item")
        items.append(item)
    return items


@functions.orchestrator
def fail(context: Context, why: str) -> Steps:
    """Fail by an activity."""
    yield context.call_activity("refuse", input=why)


@functions.activity
def write(line: str) -> str:
    """Write a line to the file that the environment names, if it names one."""
    if "EFFECTS" in os.environ:
        with Path(os.environ["EFFECTS"]).open("a") as file:
            file.write(f"{line}\n")
    return line


@functions.orchestrator
def large(context: Context, megabytes: int) -> Steps:
    """Pass a large result on."""
    return (yield context.call_activity("fill", input=megabytes))


@functions.activity
def fill(megabytes: int) -> str:
    """So much text."""
    return "x" * (megabytes * 2**20)


@functions.activity
def refuse(why: str) -> None:
    """Raise."""
    raise PermissionError(why)


@functions.entity
class Counter(DurableEntity):
    """A number."""

    def add(self, amount: int) -> int:
        """Add to it; gives the sum."""
        value = self.get_state(int, 0) + amount
        self.set_state(value)
        return value
