"""Resource schemas as `azmcp bicepschema get` prints them, read into kinds.

Each answer is a list of definitions: one `Resource`, whose `bodyType` is an object or an object told apart by a
property, and the named objects that it refers to. A property's `type` is a text: `string`, the name of a definition,
`item[]`, or literals joined by ` | `, with `string` among them where other values are taken too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.checks.kinds import (
    ANYTHING,
    ARRAY,
    BOOL,
    INT,
    NULL,
    OBJECT,
    STRING,
    Field,
    Kind,
    Limits,
    ListOf,
    Literals,
    Shape,
    Variants,
    one_of,
)

_SIMPLE: dict[str, Kind] = {
    "string": STRING, "int": INT, "bool": BOOL, "null": NULL, "any": ANYTHING, "object": ANYTHING, "array": ANYTHING
}  # fmt: skip


@dataclass(frozen=True)
class ResourceSchema:
    """One resource type at one version.

    Attributes:
        type: As Azure writes it, in its own capitals.
        version: The API version.
        body: What a resource of the type is.
        scopes: Where one can be made, in Azure's words: `ResourceGroup`, `Subscription`, …; empty where it is not said.
    """

    type: str
    version: str
    body: Kind
    scopes: str = ""

    def can_be_made_in(self, scope: str) -> bool:
        """Whether a file of this `targetScope` can hold it."""
        return not self.scopes or "All" in self.scopes or scope.lower() in self.scopes.lower()


def read_schema(definitions: Sequence[Mapping[str, Any]]) -> ResourceSchema:
    """The schema in an answer; `LookupError` if it has no resource in it."""
    resource = next((entry for entry in definitions if entry.get("$type") == "Resource"), None)
    if resource is None:
        msg = "the answer holds no resource"
        raise LookupError(msg)
    kind, _, version = str(resource["name"]).partition("@")
    body = _Reader(definitions).definition(resource["bodyType"])
    return ResourceSchema(kind, version, body, str(resource.get("writableScopes", "")))


class _Reader:
    def __init__(self, definitions: Sequence[Mapping[str, Any]]) -> None:
        objects = ("Object", "DiscriminatedObject")
        self.named = {entry["name"]: entry for entry in definitions if entry.get("$type") in objects}
        self.done: dict[str, Kind] = {}

    def definition(self, entry: Mapping[str, Any]) -> Kind:
        if entry["$type"] == "Object":
            return self._shape(entry)
        base = [*entry["baseProperties"]]
        discriminator = str(entry["discriminator"])
        shapes: dict[str, Shape] = {}
        for element in entry["elements"]:
            shape = self._shape(element, base)
            value = next(str(p["type"]) for p in element["properties"] if p["name"] == discriminator)
            told = Field(lambda value=value: Literals((value,)), required=True)  # type: ignore[misc]
            shapes[value] = Shape(shape.name, {**shape.fields, discriminator: told}, shape.extra)
        return Variants(str(entry["name"]), discriminator, shapes)

    def _shape(self, entry: Mapping[str, Any], base: Sequence[Mapping[str, Any]] = ()) -> Shape:
        fields = {str(part["name"]): self._field(part) for part in (*base, *entry.get("properties", ()))}
        extra = entry.get("additionalPropertiesType")
        return Shape(str(entry["name"]), fields, None if extra is None else self.kind(str(extra)))

    def _field(self, part: Mapping[str, Any]) -> Field:
        flags = str(part.get("flags", "")).split(", ")
        modifiers = str(part.get("modifiers", ""))
        text = str(part["type"])
        return Field(
            lambda: self.kind(text),
            required="Required" in flags,
            read_only="ReadOnly" in flags,
            sensitive="sensitive" in modifiers,
            limits=_limits(modifiers),
        )

    def kind(self, text: str) -> Kind:
        if text not in self.done:
            self.done[text] = ANYTHING  # a schema that refers to itself through dictionaries alone ends here
            self.done[text] = self._read(text)
        return self.done[text]

    def _read(self, text: str) -> Kind:
        if " | " in text:
            return self._union(text.split(" | "))
        if text.endswith("[]"):
            return ListOf(self.kind(text.removesuffix("[]").removeprefix("(").removesuffix(")")))
        if text in _SIMPLE:
            return _SIMPLE[text]
        if text in self.named:
            return self.definition(self.named[text])
        # The only literal of its kind, or a definition that the package has left out.
        return one_of(Literals((text,)), OBJECT, ARRAY)

    def _union(self, members: Sequence[str]) -> Kind:
        free = "string" in members
        values = tuple(member for member in members if member not in _SIMPLE and (free or member not in self.named))
        others = [_SIMPLE[member] for member in members if member in _SIMPLE and member != "string"]
        shapes = [] if free else [self.kind(member) for member in members if member in self.named]
        literals: list[Kind] = [Literals(values, free)] if values else [STRING] if free else []
        return one_of(*literals, *others, *shapes)


def _limits(modifiers: str) -> Limits:
    """`minLength: 3, maxLength: 24, pattern: ^[a-z]+$`; the pattern comes last and may hold commas."""
    before, _, pattern = modifiers.partition("pattern: ")
    found = dict(part.split(": ", 1) for part in before.rstrip(", ").split(", ") if ": " in part)
    figures = {key: int(found[key]) for key in ("minLength", "maxLength", "minValue", "maxValue") if key in found}
    return Limits(
        figures.get("minLength"),
        figures.get("maxLength"),
        figures.get("minValue"),
        figures.get("maxValue"),
        pattern or None,
    )
