"""Registers what `functions.index` lists: each function as a thin one that imports its room at the first call.

The worker indexes the thin function: it binds by parameter names, checks annotations, and asks whether it is async;
so there is one of each shape here, written out. Everything else is the room's function, which gets the call as it came.
"""

import importlib
from collections.abc import Awaitable, Callable, Generator
from functools import partial
from typing import Any

import azure.durable_functions as df
import azure.functions as func
from durabletask import task

from functions import index
from functions.in_front import token_is_asked_for

#: Gives the function that a thin one hands over to; asked at every call, and importing at the first.
type Find = Callable[[], Callable[..., Any]]


class App(df.DFApp):
    """The app, which looks at its settings when a host asks for its functions; importing it looks at nothing."""

    def get_functions(self) -> list[Any]:
        """What is registered.

        Raises:
            ConfigurationError: A setting is missing or wrong; all of them at once, with their names.
        """
        from shared.settings_start import check_in_a_host  # noqa: PLC0415 - it loads pydantic

        check_in_a_host()
        functions: list[Any] = super().get_functions()
        return functions


def register_all(app: df.DFApp) -> None:
    """Register everything that the index lists."""
    _register_triggers(app)
    for room, name in index.ENTITIES.items():
        entity = load(f"functions.entities.{room}", name)
        app.entity_trigger(context_name="context", entity_name=room)(entity)
    for name in index.ORCHESTRATORS:
        add_orchestrator(app, name, partial(_load_on_the_wire, f"functions.orchestrators.{name}", name))
    for room, activities in index.ACTIVITIES.items():
        for name in activities:
            add_activity(app, name, partial(_load_on_the_wire, f"functions.activities.{room}", name))


def _register_triggers(app: df.DFApp) -> None:
    for room, routes in index.ROUTES.items():
        for route in routes:
            add_route(app, route, partial(load, f"functions.triggers.{room}", route.name))
    for room, schedules in index.TIMERS.items():
        for name, setting in schedules.items():
            add_timer(app, name, setting, partial(load, f"functions.triggers.{room}", name))
    for room, events in index.EVENTS.items():
        for name in events:
            add_event(app, name, partial(load, f"functions.triggers.{room}", name))


def load(room: str, name: str) -> Any:
    """A function or a class of a room; the import system lets one caller import and the others wait."""
    return getattr(importlib.import_module(room), name)


def _load_on_the_wire(room: str, name: str) -> Callable[..., Any]:
    from functions.boundary import on_the_wire  # noqa: PLC0415 - it loads pydantic

    return on_the_wire(load(room, name))


def add_route(app: df.DFApp, route: index.Route, find: Find) -> None:
    """Register an HTTP function."""

    async def run(req: func.HttpRequest) -> func.HttpResponse:
        return await _answer(route, req, lambda: find()(req))

    async def run_with_client(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
        return await _answer(route, req, lambda: find()(req, client))

    thin: Any = _named(run_with_client if route.client else run, route.name)
    if route.client:
        thin = app.durable_client_input(client_name="client")(thin)
    open_to_all = route.anonymous or token_is_asked_for()
    level = func.AuthLevel.ANONYMOUS if open_to_all else func.AuthLevel.FUNCTION
    app.route(route=route.path, methods=[route.method], auth_level=level)(thin)


async def _answer(
    route: index.Route, req: func.HttpRequest, ask: Callable[[], Awaitable[func.HttpResponse]]
) -> func.HttpResponse:
    """Every room has the same around it: who may call, a trace, and an answer whatever happens."""
    answer: func.HttpResponse = await load("functions.triggers.door", "answer_request")(route, req, ask)
    return answer


def add_timer(app: df.DFApp, name: str, setting: str, find: Find) -> None:
    """Register a function that runs by the schedule in a setting."""

    async def run(timer: func.TimerRequest, client: df.DurableFunctionsClient) -> None:
        await find()(timer, client)

    thin = app.durable_client_input(client_name="client")(_named(run, name))
    app.timer_trigger(arg_name="timer", schedule=f"%{setting}%", run_on_startup=False)(thin)


def add_event(app: df.DFApp, name: str, find: Find) -> None:
    """Register a function that Event Grid calls."""

    async def run(event: func.EventGridEvent, client: df.DurableFunctionsClient) -> None:
        await find()(event, client)

    thin = app.durable_client_input(client_name="client")(_named(run, name))
    app.event_grid_trigger(arg_name="event")(thin)


def add_orchestrator(app: df.DFApp, name: str, find: Find) -> None:
    """Register a generator from JSON to JSON; it is run again from its beginning at every turn."""

    def run(context: task.OrchestrationContext, payload: Any) -> Generator[Any, Any, Any]:
        return (yield from find()(context, payload))

    app.orchestration_trigger(context_name="context")(_named(run, name))


def add_activity(app: df.DFApp, name: str, find: Find) -> None:
    """Register an async function from JSON to JSON."""

    async def run(payload: dict) -> dict:  # type: ignore[type-arg]  # the indexer refuses parameterized generics
        result: dict[str, Any] = await find()(payload)
        return result

    app.activity_trigger(input_name="payload")(_named(run, name))


def _named[F: Callable[..., Any]](thin: F, name: str) -> F:
    """The worker indexes a function by its name. `functools.wraps` would need the room's."""
    thin.__name__ = thin.__qualname__ = name
    return thin
