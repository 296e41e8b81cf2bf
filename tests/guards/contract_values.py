"""Every contract of the app, and strategies that make values of them."""

import datetime as dt
import importlib
import pkgutil
import types
import typing
from typing import Annotated, Any, Literal, Union

import hypothesis.strategies as st
from pydantic import JsonValue
from pydantic.fields import FieldInfo

import shared.contracts
from shared.contracts.base import Contract
from shared.interlock import commands, state  # noqa: F401 - imported so that their contracts are known
from shared.release import golden  # noqa: F401 - the same

_TEXT = st.text(max_size=12)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | _TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_TEXT, inner, max_size=2),
    max_leaves=4,
)
_PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    Any: _JSON,
    JsonValue: _JSON,
    str: _TEXT,
    int: st.integers(-(2**53), 2**53),
    float: st.floats(allow_nan=False, allow_infinity=False),
    bool: st.booleans(),
    type(None): st.none(),
    dt.datetime: st.datetimes(timezones=st.just(dt.UTC)),
    dt.date: st.dates(),
}


_BEGUN: dict[type[Contract], st.SearchStrategy[Any]] = {}


def all_contracts() -> dict[str, type[Contract]]:
    """Every concrete contract, wherever it is defined, as `module_Name`: two modules may have one of the same name.

    The order in which classes are found is that of their imports, which differs between two processes.
    """
    for module in pkgutil.iter_modules(shared.contracts.__path__, "shared.contracts."):
        importlib.import_module(module.name)
    found: dict[str, type[Contract]] = {}
    queue = [Contract]
    while queue:
        kind = queue.pop()
        queue += kind.__subclasses__()
        if kind.__module__.startswith("shared.") and kind is not Contract:
            name = f"{kind.__module__.rpartition('.')[2]}_{kind.__name__}"
            assert found.setdefault(name, kind) is kind, f"two contracts are called {name}"
    return found


def values_of(contract: type[Contract]) -> st.SearchStrategy[Contract]:
    """Values of a contract, in every shape that its annotations allow."""
    contract.model_rebuild()
    if contract in _BEGUN:  # a tree: its branches are of its own kind
        return _BEGUN[contract]
    _BEGUN[contract] = st.deferred(
        lambda: st.builds(contract, **{name: _field(field) for name, field in contract.model_fields.items()})
    )
    return _BEGUN[contract]


def _field(field: FieldInfo) -> st.SearchStrategy[Any]:
    return _values(field.annotation)


def _values(annotation: Any) -> st.SearchStrategy[Any]:  # noqa: PLR0911 - one return per kind of annotation
    if annotation in _PLAIN:
        return _PLAIN[annotation]
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Annotated:
        return _values(arguments[0])
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in (Union, types.UnionType):
        return st.one_of([_values(argument) for argument in arguments])
    if origin is tuple:
        return st.lists(_values(arguments[0]), max_size=2).map(tuple)
    if origin is dict:
        return st.dictionaries(_TEXT, _values(arguments[1]), max_size=2)
    assert isinstance(annotation, type), annotation
    assert issubclass(annotation, Contract), annotation
    return values_of(annotation)
