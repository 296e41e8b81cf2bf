"""Fan-out, fan-in: list the work, do all of it at the same time, put the results together."""

from collections.abc import Generator
from typing import Any

import azure.durable_functions as df
from durabletask import task

from tests.local.patterns.apps.effects import WORLD

app = df.DFApp()


@app.orchestration_trigger(context_name="context")
def back_up(context: task.OrchestrationContext, folder: str) -> Generator[Any, Any, int]:
    """Copy every file of a folder, and add up the bytes."""
    files = yield context.call_activity("list_files", input=folder)
    if not files:  # a task of no tasks never ends
        return 0
    sizes = yield task.when_all([context.call_activity("copy_file", input=file) for file in files])
    return sum(sizes)


@app.activity_trigger(input_name="folder")
def list_files(folder: str) -> list:  # type: ignore[type-arg]  # the indexer refuses parameterized generics
    """Thirty files, or none."""
    return [f"{folder}/{number:02}" for number in range(0 if folder == "empty" else 30)]


@app.activity_trigger(input_name="file")
async def copy_file(file: str) -> int:
    """Copy a file; gives its size."""
    WORLD.once(f"copy {file}", True)
    return int(file[-2:])
