"""The list of functions that the host prints at start, in the manner of ``func start``."""

from collections.abc import Iterable

from local.host.blob_webhook import PATH as BLOBS_PATH
from local.host.blob_webhook import PREFIX
from local.host.event_grid import PATH as EVENT_GRID_PATH
from local.host.functions import Function
from local.host.routes import Route


def list_functions(functions: Iterable[Function], routes: Iterable[Route], base_url: str) -> str:
    """Text of the list: each function with its methods and URL, or its trigger."""
    by_name = {route.function.name: route for route in routes}
    lines = [_line(function, by_name.get(function.name), base_url) for function in functions]
    return "\n".join(["Functions:", "", *(f"    {line}" for line in sorted(lines)), ""])


def _line(function: Function, route: Route | None, base_url: str) -> str:
    if route is not None:
        methods = ",".join(sorted(route.methods)) or "any method"
        return f"{function.name}: [{methods}] {base_url}/{route.template}"
    detail = ""
    if function.kind == "eventGridTrigger":
        detail = f" {base_url}{EVENT_GRID_PATH}?functionName={function.name}"
    elif function.kind == "timerTrigger":
        detail = f" {function.trigger['schedule']}"
    elif function.kind == "queueTrigger":
        detail = f" {function.trigger['queueName']}"
    elif function.kind == "blobTrigger":
        events = function.trigger.get("source") == "EventGrid"
        detail = f" {function.trigger['path']}"
        detail += f" {base_url}{BLOBS_PATH}?functionName={PREFIX}{function.name}" if events else ""
    elif function.unserved:
        detail = " (not served by the local host)"
    return f"{function.name}: {function.kind}{detail}{' (disabled)' if function.disabled else ''}"
