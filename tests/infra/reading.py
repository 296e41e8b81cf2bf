"""Which settings the code reads: found in the source, in `host.json` and in the bindings of what is registered."""

import ast
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
_REFERENCE: Final = re.compile(r"%([^%\s]+)%")
_OWN: Final = re.compile(r"SIGNALBOX_[A-Z][A-Z_]*[A-Z]")
_READING: Final = re.compile(r"environ|getenv|settings\(")
#: What the environment is called where it is handed over.
_ENVIRONMENTS: Final = ("environment", "environ", "os.environ")


@cache
def sources() -> dict[Path, str]:
    """The code that goes to Azure."""
    rooms = (path for room in ("functions", "shared") for path in (ROOT / room).rglob("*.py"))
    return {path: path.read_text() for path in (ROOT / "function_app.py", *rooms)}


@cache
def parsed() -> list[ast.Module]:
    """Those modules that say where settings come from at all."""
    return [ast.parse(text) for text in sources().values() if _READING.search(text)]


def variables(tree: ast.Module, constants: Mapping[str, str]) -> set[str]:
    """Environment variables that a module reads by name; what it only sets is not among them."""
    return {name for name in _variables(tree, constants) if name[0].isupper()}  # others have an `environment` too


def _variables(tree: ast.Module, constants: Mapping[str, str]) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(value=holder, slice=name, ctx=ast.Load()) if _is_environment(holder):
                yield _text(name, constants)
            case ast.Call(func=ast.Attribute(value=holder, attr="get"), args=[name, *_]) if _is_environment(holder):
                yield _text(name, constants)
            case ast.Call(func=called, args=[name, *_]) if ast.unparse(called) in ("getenv", "os.getenv"):
                yield _text(name, constants)
            case ast.Compare(left=name, ops=[ast.In() | ast.NotIn()], comparators=[holder]) if _is_environment(holder):
                yield _text(name, constants)
            case _:
                pass


def constants_of(trees: Iterable[ast.Module]) -> dict[str, str]:
    """Texts that modules give names to."""
    found: dict[str, str] = {}
    for tree in trees:
        for node in tree.body:
            match node:
                case (
                    ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(text)))
                    | ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant(value=str(text)))
                ):
                    found[name] = text
                case _:
                    pass
    return found


def fields(tree: ast.Module) -> set[str]:
    """Fields of `Settings` that a module reads: of `settings()`, or of a name that it has given to that."""
    named = {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and _is_settings(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and (_is_settings(node.value) or (isinstance(node.value, ast.Name) and node.value.id in named))
    }


def mentioned(text: str) -> set[str]:
    """Settings of the app that a text names, such as a message or a page; `SIGNALBOX_X_*` and the like are no names."""
    return {found for found in _OWN.findall(text) if not re.search(rf"{found}_?[*…<{{]", text)}


def of_the_host() -> set[str]:
    """Settings that `host.json` refers to."""
    return set(_of_document(json.loads((ROOT / "host.json").read_text())))


def of_bindings() -> set[str]:
    """Settings that the bindings of the app refer to."""
    from function_app import app

    app.functions_bindings = {}  # the app takes its own names for duplicates when it is asked again
    documents = [json.loads(one.get_function_json()) for one in app.get_functions()]
    return {name for document in documents for name in _of_document(document)}


def _of_document(document: Any, key: str = "") -> Iterator[str]:
    if isinstance(document, dict):
        for name, value in document.items():
            yield from _of_document(value, name)
    elif isinstance(document, list):
        for value in document:
            yield from _of_document(value)
    elif isinstance(document, str):
        yield from _REFERENCE.findall(document)
        if key.lower() in ("connectionstringname", "connection") and document:
            yield document


def _text(name: ast.expr, constants: Mapping[str, str]) -> str:
    if isinstance(name, ast.Constant):
        return str(name.value)
    return constants.get(ast.unparse(name).rpartition(".")[2], ast.unparse(name))


def _is_environment(node: ast.expr) -> bool:
    return ast.unparse(node) in _ENVIRONMENTS


def _is_settings(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "settings"
