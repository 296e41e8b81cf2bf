"""Contracts made of values that were validated before: most of what a decision does, so it has to be fast."""

from functools import cache
from typing import Any, Final

from pydantic import BaseModel

from shared.contracts.base import Contract


def changed[C: Contract](value: C, **changes: Any) -> C:
    """A copy with some fields changed: `model_copy` in a fraction of its time, of which a decision takes many."""
    return _of(type(value), value.__dict__ | changes, value.__pydantic_fields_set__)


def made[C: Contract](kind: type[C], /, **fields: Any) -> C:
    """A value whose every field is given, and was validated where it came from: nothing is validated again."""
    return _of(kind, fields, _fields_of(kind))


@cache
def _fields_of(kind: type[Contract]) -> set[str]:
    return set(kind.model_fields)


# What a frozen model consists of, set as pydantic itself sets it.
_SET_FIELDS: Final = BaseModel.__dict__["__dict__"].__set__
_SET_GIVEN: Final = BaseModel.__dict__["__pydantic_fields_set__"].__set__
_SET_EXTRA: Final = BaseModel.__dict__["__pydantic_extra__"].__set__
_SET_PRIVATE: Final = BaseModel.__dict__["__pydantic_private__"].__set__


def _of[C: Contract](kind: type[C], fields: dict[str, Any], given: set[str]) -> C:
    value: C = object.__new__(kind)
    _SET_FIELDS(value, fields)
    _SET_GIVEN(value, given)
    _SET_EXTRA(value, None)
    _SET_PRIVATE(value, None)
    return value
