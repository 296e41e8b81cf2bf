"""The table and the rooms say the same: nothing is listed that is not there, and nothing there is forgotten.

Rooms are imported at their first call on Azure; here all are, so a room that cannot be imported is seen now.
"""

import importlib
import inspect
import pkgutil
import typing
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import azure.durable_functions as df
import azure.functions as func
import pytest
from durabletask import task
from durabletask.entities import DurableEntity

from function_app import app
from functions import activities, entities, index, orchestrators, triggers
from functions.boundary import is_marked, on_the_wire
from functions.registration import load


def modules(package: ModuleType) -> dict[str, ModuleType]:
    """The modules of a package, imported, by their short names."""
    found = (one.name for one in pkgutil.iter_modules(package.__path__))
    return {name: importlib.import_module(f"{package.__name__}.{name}") for name in found}


def own(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """What a module defines itself."""
    return (
        (name, value) for name, value in vars(module).items() if getattr(value, "__module__", None) == module.__name__
    )


def marked(package: ModuleType) -> set[tuple[str, str]]:
    """Room and name of every decorated function."""
    return {
        (room, name) for room, module in modules(package).items() for name, value in own(module) if is_marked(value)
    }


def doors(module: ModuleType) -> set[str]:
    """The functions of a room of triggers that take what the host gives: a request, an event, a timer; not its own."""
    found = {name for name, value in own(module) if inspect.iscoroutinefunction(value) and _takes_from_host(value)}
    return {name for name in found if not name.startswith("_")}


def _takes_from_host(function: Any) -> bool:
    first = next(iter(typing.get_type_hints(function).values()), None)
    return isinstance(first, type) and first.__module__.startswith("azure.functions")


def shape(function: Any) -> tuple[list[str], dict[str, Any], bool]:
    """What the worker binds by: parameter names, annotations, and whether it is async."""
    names = list(inspect.signature(function).parameters)
    return names, typing.get_type_hints(function), inspect.iscoroutinefunction(function)


ROUTES = [(room, route) for room, routes in index.ROUTES.items() for route in routes]
TIMERS = [(room, name) for room, found in index.TIMERS.items() for name in found]
EVENTS = [(room, name) for room, found in index.EVENTS.items() for name in found]
ACTIVITIES = [(room, name) for room, found in index.ACTIVITIES.items() for name in found]
REQUEST, CLIENT = {"req": func.HttpRequest}, {"client": df.DurableFunctionsClient}


@pytest.mark.parametrize(("room", "route"), ROUTES, ids=lambda one: getattr(one, "name", one))
def test_a_route_leads_to_its_function(room: str, route: index.Route) -> None:
    """A route's function exists, is async, and takes the request, and a client exactly when the table says so."""
    hints = {**REQUEST, **(CLIENT if route.client else {}), "return": func.HttpResponse}
    assert shape(load(f"functions.triggers.{room}", route.name)) == (list(hints)[:-1], hints, True)


@pytest.mark.parametrize(("room", "name"), TIMERS)
def test_a_timer_leads_to_its_function(room: str, name: str) -> None:
    """A timer's function exists, is async, and takes the timer and a client."""
    hints = {"timer": func.TimerRequest, **CLIENT, "return": type(None)}
    assert shape(load(f"functions.triggers.{room}", name)) == (["timer", "client"], hints, True)


@pytest.mark.parametrize(("room", "name"), EVENTS)
def test_an_event_leads_to_its_function(room: str, name: str) -> None:
    """A function for Event Grid exists, is async, and takes the event and a client."""
    hints = {"event": func.EventGridEvent, **CLIENT, "return": type(None)}
    assert shape(load(f"functions.triggers.{room}", name)) == (["event", "client"], hints, True)


@pytest.mark.parametrize(("room", "name"), ACTIVITIES)
def test_an_activity_is_async_from_payload(room: str, name: str) -> None:
    """An activity of the table exists, has its name, and on the wire is async and takes the payload."""
    function = load(f"functions.activities.{room}", name)
    assert function.__name__ == name
    assert shape(on_the_wire(function)) == (["payload"], {"payload": dict[str, Any], "return": dict[str, Any]}, True)


@pytest.mark.parametrize("name", index.ORCHESTRATORS)
def test_an_orchestrator_is_a_generator(name: str) -> None:
    """An orchestrator of the table exists, has its name, and is a generator of context and payload on the wire."""
    function = load(f"functions.orchestrators.{name}", name)
    assert function.__name__ == name
    assert inspect.isgeneratorfunction(on_the_wire(function))
    assert list(inspect.signature(on_the_wire(function)).parameters) == ["context", "payload"]


def test_no_activity_and_no_orchestrator_is_forgotten() -> None:
    """Every decorated function of every room is in the table, and the table has no other."""
    assert marked(activities) == set(ACTIVITIES)
    assert marked(orchestrators) == {(name, name) for name in index.ORCHESTRATORS}
    assert len(ACTIVITIES) == len(set(ACTIVITIES))


def test_no_trigger_is_forgotten() -> None:
    """Every function of a room that takes a request, an event or a timer is in the table."""
    listed = {*((room, route.name) for room, route in ROUTES), *TIMERS, *EVENTS}
    assert {(room, name) for room, module in modules(triggers).items() for name in doors(module)} == listed


def test_no_entity_is_forgotten() -> None:
    """Every entity class of every room is in the table."""
    found = {
        (room, name)
        for room, module in modules(entities).items()
        for name, value in own(module)
        if isinstance(value, type) and issubclass(value, DurableEntity)
    }
    assert found == set(index.ENTITIES.items())


def test_all_that_is_listed_is_registered() -> None:
    """The app has each function of the table once, and of its own only those for durable HTTP."""
    app.functions_bindings = {}  # the app takes its own names for duplicates when it is asked again
    registered = [str(one.get_function_name()) for one in app.get_functions()]
    listed = [*(route.name for _, route in ROUTES), *(name for _, name in (*TIMERS, *EVENTS, *ACTIVITIES))]
    listed += [*index.ORCHESTRATORS, *index.ENTITIES.values()]
    assert sorted(name for name in registered if not name.startswith("BuiltIn__")) == sorted(listed)


def test_the_guard_notices_a_forgotten_function() -> None:
    """A seeded function that takes a request is found, one that only takes a client is not; a mark is seen."""
    seeded = ModuleType("seeded")
    for function in (forgotten, not_a_door):
        setattr(seeded, function.__name__, function)
    vars(seeded)["__name__"] = __name__
    assert doors(seeded) == {"forgotten"}
    assert is_marked(load("functions.activities.training", "submit_job"))
    assert not is_marked(forgotten)
    with pytest.raises(LookupError, match="forgotten is neither an @activity nor an @orchestrator"):
        on_the_wire(forgotten)


async def forgotten(req: func.HttpRequest) -> func.HttpResponse:
    """A door that no table has."""
    raise NotImplementedError


async def not_a_door(client: df.DurableFunctionsClient, order: task.OrchestrationContext) -> None:
    """Something that doors call."""
    raise NotImplementedError
