"""The expressions of a Bicep file, each with its place."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra.checks.bicep.declarations import Resource


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A position in a file; both figures start at 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Text:
    """A string: literal stretches, and expressions where something is interpolated."""

    parts: tuple["str | Expression", ...]
    at: Place

    @property
    def literal(self) -> str | None:
        """The text, where nothing is interpolated."""
        return "".join(str(part) for part in self.parts) if all(isinstance(p, str) for p in self.parts) else None


@dataclass(frozen=True, slots=True)
class Number:
    """An integer."""

    value: int
    at: Place


@dataclass(frozen=True, slots=True)
class Truth:
    """`true` or `false`."""

    value: bool
    at: Place


@dataclass(frozen=True, slots=True)
class Null:
    """`null`."""

    at: Place


@dataclass(frozen=True, slots=True)
class Name:
    """A symbol: a parameter, a variable, a resource, a module, a namespace or a loop's variable."""

    name: str
    at: Place


@dataclass(frozen=True, slots=True)
class Member:
    """`base.name`, or `base.?name` where `safe`; `base::name` where `nested` is a resource inside a resource."""

    base: "Expression"
    name: str
    safe: bool
    nested: bool
    at: Place


@dataclass(frozen=True, slots=True)
class Index:
    """`base[index]`."""

    base: "Expression"
    index: "Expression"
    safe: bool
    at: Place


@dataclass(frozen=True, slots=True)
class Call:
    """`name(arguments)`, or `base.name(arguments)`."""

    base: "Expression | None"
    name: str
    arguments: tuple["Expression", ...]
    at: Place


@dataclass(frozen=True, slots=True)
class Unary:
    """`!x`, `-x`, or `x!` (written with the operator `assert`)."""

    operator: str
    operand: "Expression"
    at: Place


@dataclass(frozen=True, slots=True)
class Binary:
    """`left operator right`."""

    operator: str
    left: "Expression"
    right: "Expression"
    at: Place


@dataclass(frozen=True, slots=True)
class Choice:
    """`condition ? chosen : otherwise`."""

    condition: "Expression"
    chosen: "Expression"
    otherwise: "Expression"
    at: Place


@dataclass(frozen=True, slots=True)
class Spread:
    """`...value` in an array or an object."""

    value: "Expression"
    at: Place


@dataclass(frozen=True, slots=True)
class Items:
    """An array."""

    items: tuple["Expression", ...]
    at: Place


@dataclass(frozen=True, slots=True)
class Property:
    """`key: value` in an object; the key is a `Text` where something is interpolated into it."""

    key: str | Text
    value: "Expression"
    at: Place


@dataclass(frozen=True, slots=True)
class Record:
    """An object: its properties, what is spread into it, and the resources declared inside a resource's body."""

    properties: tuple[Property, ...]
    spreads: tuple[Spread, ...]
    nested: tuple["Resource", ...]
    at: Place

    def get(self, key: str) -> "Expression | None":
        """The value of a property, `None` where it is not written out."""
        return next((entry.value for entry in self.properties if entry.key == key), None)


@dataclass(frozen=True, slots=True)
class Loop:
    """`[for item in source: body]`, with `index` and `condition` where given."""

    item: str
    index: str | None
    source: "Expression"
    condition: "Expression | None"
    body: "Expression"
    at: Place


@dataclass(frozen=True, slots=True)
class Lambda:
    """`(names) => body`."""

    names: tuple[str, ...]
    body: "Expression"
    at: Place


type Expression = (
    Text | Number | Truth | Null | Name | Member | Index | Call | Unary | Binary | Choice | Spread | Items | Record
    | Loop | Lambda
)  # fmt: skip


_NODES = (
    Text, Number, Truth, Null, Name, Member, Index, Call, Unary, Binary, Choice, Spread, Items, Record, Loop, Lambda,
    Property,
)  # fmt: skip


def walk(node: object) -> Iterator[Expression | Property]:
    """Every expression below `node`, itself included, parents first; resources nested in a record are not entered."""
    if isinstance(node, tuple):
        for item in node:
            yield from walk(item)
    elif isinstance(node, _NODES):
        yield node
        for field in fields(node):
            if field.name != "nested" or not isinstance(node, Record):
                yield from walk(getattr(node, field.name))
