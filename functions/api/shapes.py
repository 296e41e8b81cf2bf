"""JSON schemas of contracts for the OpenAPI document: by reference, with what their docstrings say of each field."""

import inspect
import re
from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any, Final, Literal

from pydantic.json_schema import models_json_schema

from functions.api.operations.operation import Body, Schema, Shapes
from shared.contracts.base import Contract

type Mode = Literal["validation", "serialization"]

_REFERENCE: Final = "#/components/schemas/{model}"
#: In whatever form it comes over the wire.
_EVENT: Final[Schema] = {"type": "object"}
#: `name: What it means.`, where a section of attributes begins a field.
_FIELD: Final = re.compile(r"^ {4}(\w+): (.*)$")


class Components:
    """The schemas that the document refers to, each once.

    Args:
        asked: Contracts that requests have.
        told: Contracts that answers have.
    """

    def __init__(self, asked: Iterable[type[Contract]], told: Iterable[type[Contract]]) -> None:
        wanted: list[tuple[type[Contract], Mode]] = [(one, "validation") for one in asked]
        wanted += [(one, "serialization") for one in told]
        references, found = models_json_schema(list(dict.fromkeys(wanted)), ref_template=_REFERENCE)
        self._references = references
        self.schemas: dict[str, Schema] = {name: _readable(one) for name, one in found["$defs"].items()}
        for name, one in found["$defs"].items():
            _explain(self.schemas[name], _attributes(one.get("description", "")))
        for kind, mode in wanted:
            _explain(self._component(kind, mode), fields_of(kind))

    def told(self, shapes: Shapes) -> Schema:
        """What an answer has: one of the shapes; anything when there is none."""
        return _any_of([dict(self._references[shape, "serialization"]) for shape in shapes])

    def asked(self, body: Body) -> Schema:
        """What a request has: one of the shapes, or those fields of them that have a meaning."""
        if not body.shapes:
            return {"anyOf": [_EVENT, {"type": "array", "items": _EVENT, "minItems": 1}]}
        if not body.only:
            return _any_of([dict(self._references[shape, "validation"]) for shape in body.shapes])
        parts = [deepcopy(self._component(shape, "validation")) for shape in body.shapes]
        fields = {name: one for part in parts for name, one in part["properties"].items() if name in body.only}
        required = {name for part in parts for name in part.get("required", ())} | set(body.needs)
        return {
            "type": "object",
            "properties": {name: _given(one) if name in required else one for name, one in fields.items()},
            "required": sorted(required),
            "additionalProperties": False,
        }

    def _component(self, kind: type[Contract], mode: Mode) -> Schema:
        return self.schemas[str(self._references[kind, mode]["$ref"]).rpartition("/")[2]]


def fields_of(kind: type[Contract]) -> dict[str, str]:
    """What the docstrings of a contract, and of those that it is made of, say of its fields."""
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        if issubclass(base, Contract):
            found |= _attributes(inspect.cleandoc(base.__dict__.get("__doc__") or ""))
    return found


def _attributes(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    name = ""
    for line in text.partition("Attributes:\n")[2].splitlines():
        if (begun := _FIELD.match(line)) is not None:
            name, found[begun[1]] = begun[1], begun[2]
        elif name and line.strip():
            found[name] += f" {line.strip()}"
    return found


def _explain(schema: Schema, about: Mapping[str, str]) -> None:
    """Say of each field what it means."""
    for name, one in schema.get("properties", {}).items():
        if name in about:
            one["description"] = about[name]


def _readable(node: Any) -> Any:
    """Without the titles that repeat the names, and with descriptions that end where the fields begin."""
    if isinstance(node, list):
        return [_readable(one) for one in node]
    if not isinstance(node, Mapping):
        return node
    made = {key: _readable(one) for key, one in node.items() if key not in ("title", "properties", "description")}
    if "properties" in node:
        made["properties"] = {name: _readable(one) for name, one in node["properties"].items()}
    if isinstance(node.get("description"), str):
        made["description"] = node["description"].partition("\n\nAttributes:")[0]
    return made


def _given(schema: Schema) -> Schema:
    """A field that must be there, and so cannot be null."""
    choices = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    rest = {key: one for key, one in schema.items() if key not in ("anyOf", "default")}
    return {**rest, **_any_of(choices)} if choices else rest


def _any_of(choices: list[Schema]) -> Schema:
    return choices[0] if len(choices) == 1 else {"anyOf": choices} if choices else {}
