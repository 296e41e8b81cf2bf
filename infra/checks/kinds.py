"""What a value can be: the kinds that resource schemas and Bicep's own types have in common, and which fits which."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal


@dataclass(frozen=True)
class Anything:
    """Not known, or not to be checked: fits everything, and everything fits it."""


@dataclass(frozen=True)
class Scalar:
    """Any value of a simple type."""

    name: Literal["string", "int", "bool", "null"]


@dataclass(frozen=True)
class Literals:
    """One of these values; `free` where Azure takes other strings too."""

    values: tuple[str | int | bool, ...]
    free: bool = False


@dataclass(frozen=True)
class ListOf:
    """An array."""

    item: "Kind"


@dataclass(frozen=True)
class Limits:
    """What a schema says of lengths, values and letters; `None` where it says nothing."""

    min_length: int | None = None
    max_length: int | None = None
    min_value: int | None = None
    max_value: int | None = None
    pattern: str | None = None


class Field:
    """A property of a `Shape`; its kind is found when it is first asked for, since schemas refer to themselves."""

    def __init__(
        self,
        find: "Callable[[], Kind]",
        *,
        required: bool = False,
        read_only: bool = False,
        sensitive: bool = False,
        limits: Limits | None = None,
    ) -> None:
        self._find = find
        self.required = required
        self.read_only = read_only
        self.sensitive = sensitive
        self.limits = limits or Limits()

    @cached_property
    def kind(self) -> "Kind":
        """What its value can be."""
        return self._find()


@dataclass(frozen=True)
class Shape:
    """An object; `extra` is what properties of other names are, and where it is `None` there are no others."""

    name: str
    fields: Mapping[str, Field] = field(hash=False)
    extra: "Kind | None" = None


@dataclass(frozen=True)
class Variants:
    """An object whose property `discriminator` says which of several shapes it has; each carries the common fields."""

    name: str
    discriminator: str
    shapes: Mapping[str, Shape] = field(hash=False)


@dataclass(frozen=True)
class OneOf:
    """Any of these."""

    members: "tuple[Kind, ...]"


type Kind = Anything | Scalar | Literals | ListOf | Shape | Variants | OneOf

ANYTHING = Anything()
STRING, INT, BOOL, NULL = (Scalar("string"), Scalar("int"), Scalar("bool"), Scalar("null"))
OBJECT = Shape("object", {}, ANYTHING)
ARRAY = ListOf(ANYTHING)


def one_of(*members: Kind) -> Kind:
    """The union of some kinds, flat."""
    flat: list[Kind] = []
    for member in members:
        flat += member.members if isinstance(member, OneOf) else [member]
    if not flat or any(isinstance(member, Anything) for member in flat):
        return ANYTHING
    return flat[0] if len(flat) == 1 else OneOf(tuple(flat))


def describe(kind: Kind) -> str:
    """The kind, as a message names it."""
    match kind:
        case Anything():
            return "any"
        case Scalar():
            return kind.name
        case Literals():
            shown = [repr(value) for value in kind.values]
            return " | ".join([*shown[:12], *([f"{len(shown) - 12} more"] if len(shown) > 12 else [])])
        case ListOf():
            inner = describe(kind.item)
            return f"array of {inner}" if inner != "any" else "array"
        case OneOf():
            return " or ".join(dict.fromkeys(describe(member) for member in kind.members))
        case Shape() | Variants():
            return f"object {kind.name}" if kind.name not in {"", "object"} else "object"


def fits(given: Kind, wanted: Kind) -> bool:
    """Whether a value of kind `given` may stand where `wanted` is asked for; what is not known fits.

    Of objects only their being objects is compared: their properties are checked where they are written.
    """
    if isinstance(given, Anything) or isinstance(wanted, Anything) or given == NULL:
        return True
    if isinstance(given, OneOf):
        return all(fits(member, wanted) for member in given.members)
    match wanted:
        case OneOf():
            found = any(fits(given, member) for member in wanted.members)
        case Scalar():
            found = given == wanted or (isinstance(given, Literals) and all(_is(v, wanted) for v in given.values))
        case Literals():
            found = _fits_literals(given, wanted)
        case ListOf():
            found = isinstance(given, ListOf) and fits(given.item, wanted.item)
        case Shape() | Variants():
            found = isinstance(given, Shape | Variants)
    return found


def _fits_literals(given: Kind, wanted: Literals) -> bool:
    if isinstance(given, Literals):
        return all(value in wanted.values or (wanted.free and isinstance(value, str)) for value in given.values)
    return isinstance(given, Scalar) and any(_is(value, given) for value in wanted.values)


def _is(value: str | int | bool, scalar: Scalar) -> bool:
    if isinstance(value, bool):
        return scalar == BOOL
    return scalar == (STRING if isinstance(value, str) else INT)
