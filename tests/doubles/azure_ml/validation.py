"""Whether a body is one that the service would take: it has to fit the SDK's own generated models, field by field.

The generated models themselves keep what they do not know, so every field is held against the annotation that its
model gives it: nothing unknown, nothing of another type, no unknown value of an enumeration, nothing required absent.
"""

import datetime as dt
import functools
import types
import typing
from collections.abc import Mapping
from enum import Enum
from typing import Any

from tests.doubles.azure_ml.messages import Refusal


def require_fit(model: str, body: Any) -> None:
    """Refuse a body with 400 that does not fit a generated model.

    Args:
        model: The model's name: `JobBase`.
        body: The JSON value that was sent.
    """
    found = getattr(_models(), model)
    _Check().model(found, body, "")
    try:
        found._deserialize(body, [])
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _refusal("", f"does not deserialize: {error}") from error


class _Check:
    """One walk over a body; raises at the first thing that does not fit."""

    def value(self, wanted: Any, value: Any, place: str) -> None:
        """Hold a value against an annotation."""
        origin = typing.get_origin(wanted)
        if wanted is Any or (isinstance(wanted, type) and wanted is object):
            return
        if origin in (typing.Union, types.UnionType):
            self._union(typing.get_args(wanted), value, place)
        elif origin in (list, dict):
            self._container(origin, typing.get_args(wanted), value, place)
        elif origin is typing.Literal:
            if value not in [getattr(one, "value", one) for one in typing.get_args(wanted)]:
                raise _refusal(place, f"is {value!r}, not {typing.get_args(wanted)}")
        elif hasattr(wanted, "_deserialize"):
            self.model(wanted, value, place)
        else:
            _require_plain(wanted, value, place)

    def model(self, model: Any, value: Any, place: str) -> None:
        """Hold an object against a generated model, or the one of its kinds that the object says it is."""
        if not isinstance(value, Mapping):
            raise _refusal(place, "must be an object")
        model = _kind(model, value, place)
        fields = _fields(model)
        for name, item in value.items():
            if name not in fields:
                raise _refusal(f"{place}.{name}", f"is not known: {model.__name__} has {', '.join(sorted(fields))}")
            self.value(fields[name][0], item, f"{place}.{name}")
        missing = [name for name, (_, required) in fields.items() if required and name not in value]
        if missing:
            raise _refusal(place, f"lacks {', '.join(missing)}")

    def _union(self, options: tuple[Any, ...], value: Any, place: str) -> None:
        if value is None and type(None) in options:
            return
        some = [one for one in options if one is not type(None)]
        known = [one for one in some if isinstance(one, type) and issubclass(one, Enum)]
        if known:  # Union[str, Enumeration]: the service takes no other text
            allowed = [str(member.value) for one in known for member in one]
            # the service does not mind the case, and the SDK relies on it: `aadToken` of a batch endpoint
            if not isinstance(value, str) or value.lower() not in [one.lower() for one in allowed]:
                raise _refusal(place, f"is {value!r}, not one of {', '.join(allowed)}")
            return
        problems = [problem for one in some if (problem := self._problem(one, value, place)) is not None]
        if len(problems) == len(some):
            raise problems[0]

    def _problem(self, wanted: Any, value: Any, place: str) -> Refusal | None:
        try:
            self.value(wanted, value, place)
        except Refusal as refusal:
            return refusal
        return None

    def _container(self, origin: type, wanted: tuple[Any, ...], value: Any, place: str) -> None:
        if not isinstance(value, dict | list) or not isinstance(value, origin):
            raise _refusal(place, f"must be {'an object' if origin is dict else 'an array'}")
        items: dict[Any, Any] = value if isinstance(value, dict) else dict(enumerate(value))
        for name, item in items.items():
            # the SDK writes a number among the properties of code (`hash_version`), and the service makes a text of it
            if not (place.endswith("properties.properties") and isinstance(item, int)):
                self.value(wanted[-1], item, f"{place}.{name}")


def _kind(model: Any, value: Mapping[str, Any], place: str) -> Any:
    """The subclass that the discriminating field names; there may be several levels of them."""
    seen: list[str] = []
    while hasattr(model, "__mapping__"):
        field = model._get_discriminator(seen)
        if field is None:
            return model
        seen.append(field._rest_name)
        named = value.get(field._rest_name)
        if named not in model.__mapping__:
            raise _refusal(
                f"{place}.{field._rest_name}", f"is {named!r}, not one of {', '.join(sorted(model.__mapping__))}"
            )
        model = model.__mapping__[named]
    return model


@functools.cache
def _fields(model: Any) -> dict[str, tuple[Any, bool]]:
    """By its name on the wire: a field's annotation, and whether a request must have it."""
    model()  # the generated class fills in its names at its first instance
    annotations: dict[str, Any] = {}
    for base in reversed(model.__mro__):
        annotations |= vars(base).get("__annotations__", {})
    found = {}
    for name, field in model._attr_to_rest_field.items():
        wanted = _evaluated(annotations[name])
        read_only = field._visibility == ["read"]
        optional = type(None) in typing.get_args(wanted)
        found[field._rest_name] = (wanted, not optional and not read_only)
    return found


def _evaluated(annotation: Any) -> Any:
    if isinstance(annotation, str):
        annotation = typing.ForwardRef(annotation)
    from azure.ai.ml._restclient.arm_ml_service.models import _models as source

    names = vars(source) | {"_models": _models()}
    return typing._eval_type(annotation, names, names, ())  # type: ignore[attr-defined]  # no public function does it


@functools.cache
def _models() -> Any:
    from azure.ai.ml._restclient.arm_ml_service import models

    return models


def _require_plain(wanted: Any, value: Any, place: str) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    fits = {
        str: isinstance(value, str),
        bool: isinstance(value, bool),
        int: number and float(value).is_integer(),
        float: number,
        dt.datetime: isinstance(value, str),
        dt.date: isinstance(value, str),
        dt.timedelta: isinstance(value, str),  # ISO 8601: deserialization reads it
    }
    if wanted not in fits:
        raise TypeError(f"{place}: the double does not know how to check {wanted!r}")
    if not fits[wanted]:
        raise _refusal(place, f"is {value!r}, not of type {wanted.__name__}")


def _refusal(place: str, problem: str) -> Refusal:
    where = place.lstrip(".") or "the body"
    return Refusal(400, "UserError", f"The request is invalid: {where} {problem}.", inner="BadArgument")
