"""What an app registers, by name: read from its folder or its `DFApp`, or written down in a test."""

import importlib.util
import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from azure.functions import FunctionRegister

type Source = "Functions | FunctionRegister | Path"

SCRIPT = "function_app.py"


class NotAnAppError(Exception):
    """What was given holds no function app, or one that this kit cannot run; the message says which and why."""


@dataclass
class Functions:
    """Functions by registered name; names are matched without case, as the durable extension does.

    `orchestrators` are generators of two arguments (or v1's one), `activities` take their decoded input, `entities`
    are `DurableEntity` classes or functions.
    """

    orchestrators: dict[str, Callable[..., Any]] = field(default_factory=dict)
    activities: dict[str, Callable[..., Any]] = field(default_factory=dict)
    entities: dict[str, Any] = field(default_factory=dict)

    def orchestrator[F: Callable[..., Any]](self, function: F) -> F:
        """Register an orchestrator under its own name."""
        self.orchestrators[function.__name__] = function
        return function

    def activity[F: Callable[..., Any]](self, function: F) -> F:
        """Register an activity under its own name."""
        self.activities[function.__name__] = function
        return function

    def entity[C](self, entity: type[C]) -> type[C]:
        """Register an entity class under its own name, in lower case."""
        self.entities[entity.__name__.lower()] = entity
        return entity


def functions_of(source: Source) -> Functions:
    """The functions of an app.

    Args:
        source: the app's folder, its `DFApp`, or the functions themselves.

    Raises:
        NotAnAppError: the folder has no `function_app.py`, or there is no app in it.
    """
    if isinstance(source, Functions):
        return source
    return _of_app(_load(source) if isinstance(source, Path) else source)


def _load(folder: Path) -> FunctionRegister:
    """Import `function_app.py` of a folder. What it imports from its own folder is found, and stays imported."""
    script = folder / SCRIPT
    if not script.is_file():
        raise NotAnAppError(f"{script} is missing: give the folder of a Python v2 function app.")
    sys.path.insert(0, str(folder))
    try:
        module = _imported(script)
    finally:
        sys.path.remove(str(folder))
    found = [value for value in vars(module).values() if isinstance(value, FunctionRegister)]
    if not found:
        raise NotAnAppError(f"{script} makes no function app: it needs a line like `app = df.DFApp()`.")
    return found[0]


def _imported(script: Path) -> ModuleType:
    # A name of its own: two apps of one test must not be taken for each other.
    spec = importlib.util.spec_from_file_location(f"function_app_{abs(hash(script))}", script)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _of_app(app: FunctionRegister) -> Functions:
    # The app remembers the names of an earlier call, and would refuse them as duplicates.
    app.functions_bindings = {}
    functions = Functions()
    for function in app.get_functions():
        trigger: Any = function.get_trigger()  # typed by its base, without what the durable ones add
        code: Any = function.get_user_function()
        name = str(function.get_function_name())
        match trigger.type if trigger else None:
            case "orchestrationTrigger":
                functions.orchestrators[trigger.orchestration or name] = code.orchestrator_function
            case "entityTrigger":
                functions.entities[(trigger.entity_name or name).lower()] = code.entity_function
            case "activityTrigger":
                bindings = [binding.name for binding in function.get_bindings() if binding.name != "$return"]
                functions.activities[trigger.activity or name] = _activity(name, code, trigger.name, bindings)
            case _:  # other triggers are the host's
                pass
    return functions


def _activity(name: str, code: Callable[..., Any], parameter: str, bindings: list[str]) -> Callable[..., Any]:
    """An activity as a function of its input alone."""
    others = [binding for binding in bindings if binding != parameter]
    if others:

        def refuse(_value: Any) -> None:
            raise NotAnAppError(
                f"The activity '{name}' has bindings that the test kit does not serve: {', '.join(others)}. "
                "Run the app on the local host to test it."
            )

        return refuse
    if inspect.iscoroutinefunction(code):

        async def run_async(value: Any) -> Any:
            return await code(**{parameter: value})

        return run_async
    return lambda value: code(**{parameter: value})
