"""What the symbols of a file stand for, and which of them are used."""

from functools import cached_property

from infra.checks.bicep.declarations import (
    ArrayType,
    BicepFile,
    Declaration,
    Function,
    Import,
    LiteralType,
    Module,
    NamedType,
    NullableType,
    ObjectType,
    Output,
    Parameter,
    Resource,
    TypeAlias,
    TypeExpression,
    UnionType,
    Variable,
)
from infra.checks.bicep.tree import Text
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
    ListOf,
    Literals,
    Shape,
    Variants,
    one_of,
)
from infra.checks.project import Project
from infra.checks.schema_book import Schemas

_SIMPLE: dict[str, Kind] = {
    "string": STRING, "int": INT, "bool": BOOL, "object": OBJECT, "array": ARRAY, "any": ANYTHING
}  # fmt: skip


class Symbols:
    """The symbols of one file."""

    def __init__(self, project: Project, file: str, schemas: Schemas) -> None:
        self.project = project
        self.file = file
        self.schemas = schemas
        self.used: set[str] = set()

    @property
    def tree(self) -> BicepFile:
        """The file."""
        return self.project.files[self.file]

    @cached_property
    def declared(self) -> dict[str, Declaration]:
        """Everything that an expression can name; outputs have names of their own."""
        found: dict[str, Declaration] = {}
        for declaration in self.tree.declarations:
            if isinstance(declaration, Import):
                found |= self._imported(declaration)
            elif not isinstance(declaration, Output):
                found[declaration.name] = declaration
        return found

    def _imported(self, declaration: Import) -> dict[str, Declaration]:
        source = self.project.files.get(self.project.resolve(self.file, declaration.path))
        exported = {
            entry.name: entry
            for entry in (source.declarations if source else ())
            if isinstance(entry, Variable | TypeAlias | Function) and entry.exported
        }
        return {alias: exported[name] for name, alias in declaration.names if name in exported}

    def of_type(self, written: TypeExpression) -> Kind:
        """The kind that a type expression stands for; an unknown name is anything."""
        match written:
            case NamedType():
                alias = self.declared.get(written.name)
                if isinstance(alias, TypeAlias):
                    self.used.add(written.name)
                    return self.of_type(alias.type)
                return _SIMPLE.get(written.name, ANYTHING)
            case LiteralType():
                return Literals((written.value,))
            case UnionType():
                return one_of(*(self.of_type(member) for member in written.members))
            case ArrayType():
                return ListOf(self.of_type(written.item))
            case NullableType():
                return one_of(self.of_type(written.base), NULL)
            case ObjectType():
                return self._object(written)

    def _object(self, written: ObjectType) -> Shape:
        fields = {
            name: Field(lambda kind=kind: self.of_type(kind), required=not isinstance(kind, NullableType))  # type: ignore[misc]
            for name, kind in written.properties
        }
        return Shape("", fields, None if written.extra is None else self.of_type(written.extra))

    def of_parameter(self, parameter: Parameter) -> Kind:
        """What a caller may give: its type, or the values of `@allowed`."""
        allowed = parameter.decorated("allowed")
        values = allowed.arguments[0] if allowed and allowed.arguments else None
        literals = [getattr(item, "value", None) for item in getattr(values, "items", ())]
        texts = [item.literal for item in getattr(values, "items", ()) if isinstance(item, Text)]
        known = tuple(value for value in (*texts, *literals) if value is not None)
        return Literals(known) if known else self.of_type(parameter.type)

    def of_resource(self, resource: Resource) -> Kind:
        """What can be said of a resource in an expression; anything where its type is unknown."""
        schema = self.schemas.find(resource.type)
        if schema is None:
            return ANYTHING
        kind = _readable(schema.body)
        return ListOf(kind) if resource.loop else kind

    def of_module(self, module: Module) -> Kind:
        """Its name and its outputs."""
        path = self.project.resolve(self.file, module.path)
        target = self.project.files.get(path)
        if target is None:
            return ANYTHING
        inside = Symbols(self.project, path, self.schemas)
        outputs = {
            output.name: Field(lambda output=output: inside.of_type(output.type))  # type: ignore[misc]
            for output in target.of(Output)
        }
        shape = Shape(f"the outputs of {path}", outputs)
        kind = Shape(f"module {module.name}", {"name": Field(lambda: STRING), "outputs": Field(lambda: shape)})
        return ListOf(kind) if module.loop else kind


def _readable(body: Kind) -> Kind:
    """A resource's body as an object that is read: every property of every variant."""
    if isinstance(body, Variants):
        merged: dict[str, list[Field]] = {}
        for shape in body.shapes.values():
            for name, found in shape.fields.items():
                merged.setdefault(name, []).append(found)
        return Shape(
            body.name,
            {
                name: Field(lambda fields=fields: one_of(*(entry.kind for entry in fields)))  # type: ignore[misc]
                for name, fields in merged.items()
            },
        )
    return body
