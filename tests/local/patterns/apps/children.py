"""Sub-orchestrations: a parent that gives each part of its work to an orchestration of its own."""

from collections.abc import Generator
from typing import Any

import azure.durable_functions as df
from durabletask import task

from tests.local.patterns.apps.effects import WORLD

app = df.DFApp()


@app.orchestration_trigger(context_name="context")
def set_up_site(context: task.OrchestrationContext, devices: list[str]) -> Generator[Any, Any, Any]:
    """Set up all devices at the same time; one that fails does not stop the others."""
    children: list[task.Task[Any]] = [
        context.call_sub_orchestrator("set_up_device", input=name, instance_id=f"{context.instance_id}:{name}")
        for name in devices
    ]
    outcome: dict[str, Any] = {}
    for name, child in zip(devices, children, strict=True):
        try:
            outcome[name] = yield child
        except task.TaskFailedError as error:
            outcome[name] = f"failed: {error.details.message}"
    return outcome


@app.orchestration_trigger(context_name="context")
def set_up_device(context: task.OrchestrationContext, name: str) -> Generator[Any, Any, Any]:
    """Install, then start."""
    yield context.call_activity("install", input=name)
    return (yield context.call_activity("switch_on", input=name))


@app.activity_trigger(input_name="name")
def install(name: str) -> None:
    """Put the software on a device; a broken one refuses."""
    if name.startswith("broken"):
        raise RuntimeError(f"{name} does not answer")
    WORLD.once(f"install {name}", True)


@app.activity_trigger(input_name="name")
def switch_on(name: str) -> str:
    """Start a device."""
    return str(WORLD.once(f"switch on {name}", f"{name} runs"))
