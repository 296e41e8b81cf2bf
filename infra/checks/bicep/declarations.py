"""The declarations of a Bicep file, the types that they name, and the file as a whole."""

from dataclasses import dataclass

from infra.checks.bicep.tree import Expression, Loop, Place, Record


@dataclass(frozen=True, slots=True)
class NamedType:
    """`string`, `int`, `bool`, `object`, `array`, or an alias."""

    name: str
    at: Place


@dataclass(frozen=True, slots=True)
class LiteralType:
    """A literal as a type."""

    value: str | int | bool
    at: Place


@dataclass(frozen=True, slots=True)
class UnionType:
    """`a | b`."""

    members: tuple["TypeExpression", ...]
    at: Place


@dataclass(frozen=True, slots=True)
class ArrayType:
    """`item[]`."""

    item: "TypeExpression"
    at: Place


@dataclass(frozen=True, slots=True)
class NullableType:
    """`type?`."""

    base: "TypeExpression"
    at: Place


@dataclass(frozen=True, slots=True)
class ObjectType:
    """`{ key: type }`; `extra` is the type of `*`."""

    properties: tuple[tuple[str, "TypeExpression"], ...]
    extra: "TypeExpression | None"
    at: Place


type TypeExpression = NamedType | LiteralType | UnionType | ArrayType | NullableType | ObjectType


@dataclass(frozen=True, slots=True)
class Decorator:
    """`@name(arguments)`."""

    name: str
    arguments: tuple[Expression, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class Parameter:
    """`param`."""

    name: str
    type: TypeExpression
    default: Expression | None
    decorators: tuple[Decorator, ...]
    at: Place

    def decorated(self, name: str) -> Decorator | None:
        """The decorator of that name."""
        return next((decorator for decorator in self.decorators if decorator.name == name), None)

    @property
    def required(self) -> bool:
        """Whether a caller must give it."""
        return self.default is None and not isinstance(self.type, NullableType)


@dataclass(frozen=True, slots=True)
class Variable:
    """`var`."""

    name: str
    value: Expression
    exported: bool
    at: Place


@dataclass(frozen=True, slots=True)
class Resource:
    """`resource`, of this file or nested in another.

    Attributes:
        type: Full type name, its parent's included.
        version: Its API version.
        existing: It is read, not made.
        condition: It is made only where this is true.
        loop: It is made once for each item; the body of the loop is `body`.
        parent: The symbol of the resource that it is nested in.
        type_at: Where its type stands.
    """

    name: str
    type: str
    version: str
    existing: bool
    condition: Expression | None
    loop: Loop | None
    body: Record
    parent: str | None
    type_at: Place
    at: Place


@dataclass(frozen=True, slots=True)
class Module:
    """`module`: another file, with parameters."""

    name: str
    path: str
    condition: Expression | None
    loop: Loop | None
    body: Record
    path_at: Place
    at: Place


@dataclass(frozen=True, slots=True)
class Output:
    """`output`."""

    name: str
    type: TypeExpression
    value: Expression
    decorators: tuple[Decorator, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class TypeAlias:
    """`type`."""

    name: str
    type: TypeExpression
    exported: bool
    at: Place


@dataclass(frozen=True, slots=True)
class Function:
    """`func name(parameters) returns => body`."""

    name: str
    parameters: tuple[tuple[str, TypeExpression], ...]
    returns: TypeExpression
    body: Expression
    exported: bool
    at: Place


@dataclass(frozen=True, slots=True)
class Import:
    """`import { name as alias } from 'path'`; pairs of name and alias."""

    names: tuple[tuple[str, str], ...]
    path: str
    at: Place


type Declaration = Parameter | Variable | Resource | Module | Output | TypeAlias | Function | Import


@dataclass(frozen=True, slots=True)
class BicepFile:
    """A file: where it deploys to (`targetScope`), and its declarations, nested resources after their parent."""

    scope: str
    declarations: tuple[Declaration, ...]

    def of[T: Declaration](self, kind: type[T]) -> tuple[T, ...]:
        """The declarations of one kind, in order."""
        return tuple(declaration for declaration in self.declarations if isinstance(declaration, kind))

    def variable(self, name: str) -> Variable | None:
        """The variable of that name."""
        return next((variable for variable in self.of(Variable) if variable.name == name), None)
