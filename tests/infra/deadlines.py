"""How long functions may take by the deadlines in their own code, read from the source."""

import ast
import importlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Final

from functions import index
from functions.conditioning.turns import TIMEOUT
from shared.blocking import DEFAULT_TIMEOUT_SECONDS

_ROOT: Final = Path(__file__).parents[2]
#: Calls that end after a fixed time of their own.
_FIXED: Final = {"in_turn": TIMEOUT, "aside": TIMEOUT}
type _Functions = Mapping[str, ast.AsyncFunctionDef]


def of_activities() -> dict[str, float]:
    """Seconds of each activity, with the functions of its room that it calls, as if one call came after the other."""
    found = {}
    for room, names in index.ACTIVITIES.items():
        module, functions = _room(f"functions.activities.{room}")
        for name in names:
            found[name] = sum(sum(_deadlines(functions[one], module)) for one in _called(name, functions, frozenset()))
    return found


def of_doors() -> dict[str, float]:
    """Seconds of each function in the rooms that HTTP reaches, likewise, without what it calls: a door has branches."""
    rooms = {room: _room(f"functions.triggers.{room}") for room in index.ROUTES}
    return {
        f"{room}.{name}": sum(_deadlines(function, module))
        for room, (module, functions) in rooms.items()
        for name, function in functions.items()
    }


def _room(name: str) -> tuple[ModuleType, _Functions]:
    tree = ast.parse((_ROOT / f"{name.replace('.', '/')}.py").read_text())
    return importlib.import_module(name), {one.name: one for one in tree.body if isinstance(one, ast.AsyncFunctionDef)}


def _called(name: str, functions: _Functions, above: frozenset[str]) -> Iterator[str]:
    """A function and the ones that it names, as often as it does."""
    yield name
    for node in ast.walk(functions[name]):
        if isinstance(node, ast.Name) and node.id in functions.keys() - above - {name}:
            yield from _called(node.id, functions, above | {name})


def _deadlines(function: ast.AsyncFunctionDef, module: ModuleType) -> Iterator[float]:
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            called = [one.id for one in (node.func, *node.args[:1]) if isinstance(one, ast.Name)]
            if "run_blocking" in called:
                yield _timeout(node, module)
            yield from (_FIXED[name] for name in called[:1] if name in _FIXED)


def _timeout(call: ast.Call, module: ModuleType) -> float:
    """Seconds of one call; it is told by a constant of the module, or not at all."""
    given = next((word.value for word in call.keywords if word.arg == "timeout"), None)
    if given is None:
        return DEFAULT_TIMEOUT_SECONDS
    return float(getattr(module, given.id) if isinstance(given, ast.Name) else ast.literal_eval(given))
