"""What both engines run: the same functions through the same worker library."""

from collections.abc import Generator
from datetime import timedelta
from typing import Any

import azure.durable_functions as df
from durabletask import task

POLLS = 4_320  # every ten minutes for 30 days
POLLS_PER_GENERATION = 20
CHUNK = 50

app = df.DFApp()

type Orchestration = Generator[task.Task[Any], Any, Any]
type Context = task.OrchestrationContext


@app.activity_trigger(input_name="number")
def square(number: int) -> int:
    """Square a number, in a thread of the worker as most user code."""
    return number * number


@app.orchestration_trigger(context_name="context")
def in_sequence(context: Context, count: int) -> Orchestration:
    """Activities one after another."""
    total = 0
    for number in range(count):
        total += yield context.call_activity("square", input=number)
    return total


@app.orchestration_trigger(context_name="context")
def in_parallel(context: Context, count: int) -> Orchestration:
    """Activities all at once."""
    parts = yield task.when_all([context.call_activity("square", input=number) for number in range(count)])
    return sum(parts)


@app.orchestration_trigger(context_name="context")
def in_chunks(context: Context, count: int) -> Orchestration:
    """Many items, in children of at most `CHUNK`, and of these at most `CHUNK` at a time."""
    sizes = [min(CHUNK, count - first) for first in range(0, count, CHUNK)]
    total = 0
    for first in range(0, len(sizes), CHUNK):
        chunks: list[task.Task[Any]] = [
            context.call_sub_orchestrator("in_parallel", input=size) for size in sizes[first : first + CHUNK]
        ]
        total += sum((yield task.when_all(chunks)))
    return total


@app.orchestration_trigger(context_name="context")
def wait_for_go(context: Context, _: None) -> Orchestration:
    """Wait for an event, as a person's approval."""
    return (yield context.wait_for_external_event("go"))


@app.orchestration_trigger(context_name="context")
def poll(context: Context, done: int) -> Orchestration:
    """A monitor: one activity every ten minutes, continuing as new so that its history stays short."""
    for number in range(done, done + POLLS_PER_GENERATION):
        yield context.call_activity("square", input=number)
        if number + 1 == POLLS:
            return context.current_utc_datetime.isoformat()
        yield context.create_timer(timedelta(minutes=10))
    context.continue_as_new(done + POLLS_PER_GENERATION)
    return None
