"""Bicep's expressions worked out for given parameters, as far as they can be known.

Azure's answers (`account.properties.…`) are not known; they become `Unknown`, which says where it comes from.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from infra.checks.bicep.declarations import BicepFile, Function, Import, Module, Output, Parameter, Resource, Variable
from infra.checks.bicep.tree import (
    Binary,
    Call,
    Choice,
    Expression,
    Index,
    Items,
    Lambda,
    Loop,
    Member,
    Name,
    Null,
    Number,
    Record,
    Spread,
    Text,
    Truth,
    Unary,
)
from infra.checks.evaluated_functions import Unknown, Value, applied, as_text
from infra.checks.evaluated_operators import operated, part_of
from infra.checks.project import Project

_LOADED: Mapping[str, Callable[[str], Any]] = {
    "loadJsonContent": json.loads,
    "loadTextContent": str,
    "loadYamlContent": yaml.safe_load,
}


@dataclass(frozen=True)
class Reference:
    """A resource or a module as a value, until something is asked of it."""

    declaration: Resource | Module
    local: Mapping[str, Value]


@dataclass
class Deployment:
    """One file with values for its parameters.

    Attributes:
        project: All files.
        file: The one that is deployed.
        arguments: Values by parameter; those that are missing take their defaults, or are unknown.
        above: The files that lead here as modules.
        within: The symbols of those modules.
        only_made: Leave out what a condition keeps out; otherwise all that could be made is there.
    """

    project: Project
    file: str
    arguments: Mapping[str, Value]
    above: tuple[str, ...] = ()
    within: tuple[str, ...] = ()
    only_made: bool = False
    _known: dict[str, Value] = field(default_factory=dict, init=False)

    @property
    def tree(self) -> BicepFile:
        """The file, as it is written."""
        return self.project.files[self.file]

    def parameters(self) -> dict[str, Value]:
        """The parameters of the file with their values."""
        return {one.name: self._resolved(one.name, {}) for one in self.tree.of(Parameter)}

    def turns(self, declaration: Resource | Module) -> Iterator[Mapping[str, Value]]:
        """The names that a body sees, once for each turn of its loop that is made."""
        if self._left_out(declaration.condition, {}):
            return
        if declaration.loop is None:
            yield {}
            return
        for local in self._loop(declaration.loop, {}):
            if not self._left_out(declaration.loop.condition, local):
                yield local

    def _left_out(self, condition: Expression | None, local: Mapping[str, Value]) -> bool:
        return self.only_made and condition is not None and self.value(condition, local) is False

    def _loop(self, loop: Loop, local: Mapping[str, Value]) -> Iterator[Mapping[str, Value]]:
        source = self.value(loop.source, local)
        items = source if isinstance(source, list) else [Unknown(f"an item of {loop.item}")]
        for index, item in enumerate(items):
            yield {**local, loop.item: item, **({loop.index: index} if loop.index else {})}

    def inner(self, module: Module, local: Mapping[str, Value]) -> "Deployment | None":
        """The module's file with what it is given; `None` where there is no such file, or it leads back here."""
        path = self.project.resolve(self.file, module.path)
        if path not in self.project.files or path in (self.file, *self.above):
            return None
        params = module.body.get("params")
        given = self.value(params, local) if params is not None else {}
        arguments = given if isinstance(given, dict) else {}
        above, within = (self.file, *self.above), (*self.within, module.name)
        return Deployment(self.project, path, arguments, above, within, self.only_made)

    def value(self, node: Expression, local: Mapping[str, Value]) -> Value:
        """The value of an expression."""
        match node:
            case Text():
                parts = [part if isinstance(part, str) else as_text(self.value(part, local)) for part in node.parts]
                return next((p for p in parts if isinstance(p, Unknown)), None) or "".join(str(p) for p in parts)
            case Number() | Truth():
                return node.value
            case Null():
                return None
            case Items():
                return self._items(node, local)
            case Record():
                return self._record(node, local)
            case Loop():
                return [self.value(node.body, inner) for inner in self._loop(node, local)]
            case Choice():
                chosen = self.value(node.condition, local)
                return self.value(node.otherwise if chosen is False else node.chosen, local)
            case Name():
                return self._resolved(node.name, local)
            case Lambda() | Spread():
                return Unknown("a function")
            case _:
                return self._operation(node, local)

    def _operation(self, node: Member | Index | Call | Unary | Binary, local: Mapping[str, Value]) -> Value:
        match node:
            case Member():
                return self._member(node, local)
            case Index():
                return part_of(self.value(node.base, local), self.value(node.index, local))
            case Call():
                return self._call(node, local)
            case Unary():
                inner = self.value(node.operand, local)
                if node.operator == "!":
                    return inner if isinstance(inner, Unknown) else not inner
                return -inner if node.operator == "-" and isinstance(inner, int) else inner
            case Binary():
                return operated(node.operator, self.value(node.left, local), self.value(node.right, local))

    def _items(self, node: Items, local: Mapping[str, Value]) -> Value:
        found: list[Value] = []
        for item in node.items:
            if isinstance(item, Spread):
                inner = self.value(item.value, local)
                found += inner if isinstance(inner, list) else [inner]
            else:
                found.append(self.value(item, local))
        return found

    def _record(self, node: Record, local: Mapping[str, Value]) -> dict[str, Value]:
        found: dict[str, Value] = {}
        for spread in node.spreads:
            inner = self.value(spread.value, local)
            found |= inner if isinstance(inner, dict) else {}
        for entry in node.properties:
            key = entry.key if isinstance(entry.key, str) else self.value(entry.key, local)
            found[key if isinstance(key, str) else str(key)] = self.value(entry.value, local)
        return found

    def _resolved(self, name: str, local: Mapping[str, Value]) -> Value:
        if name in local:
            return local[name]
        if name not in self._known:
            self._known[name] = Unknown(f"{name}, which refers to itself")
            self._known[name] = self._declared(name)
        return self._known[name]

    def _declared(self, name: str) -> Value:
        for declaration in self.tree.declarations:
            if isinstance(declaration, Import):
                if (imported := self._imported(declaration, name)) is not None:
                    return imported
            elif declaration.name == name and not isinstance(declaration, Output):
                match declaration:
                    case Parameter():
                        return self._argument(declaration)
                    case Variable():
                        return self.value(declaration.value, {})
                    case Resource() | Module():
                        return Unknown(self._place(declaration), Reference(declaration, {}))
                    case _:
                        pass
        return Unknown(name)

    def _argument(self, parameter: Parameter) -> Value:
        if parameter.name in self.arguments:
            return self.arguments[parameter.name]
        if parameter.default is not None:
            return self.value(parameter.default, {})
        return Unknown(f"the parameter {parameter.name}")

    def _imported(self, declaration: Import, name: str) -> Value:
        original = next((known for known, alias in declaration.names if alias == name), None)
        path = self.project.resolve(self.file, declaration.path)
        if original is None or path not in self.project.files:
            return None
        return Deployment(self.project, path, {})._resolved(original, {})  # noqa: SLF001 - the same class

    def _member(self, node: Member, local: Mapping[str, Value]) -> Value:
        base = self.value(node.base, local)
        if isinstance(base, Unknown):
            if isinstance(base.reference, Reference):
                return self._of_reference(base.reference, node.name)
            if isinstance(base.reference, Deployment):
                return base.reference.output(node.name)
            return Unknown(f"{base.origin}.{node.name}")
        return part_of(base, node.name)

    def _of_reference(self, reference: Reference, name: str) -> Value:
        declaration = reference.declaration
        if isinstance(declaration, Module):
            if self._left_out(declaration.condition, reference.local):
                return Unknown(f"the unmade {declaration.name}")
            inner = self.inner(declaration, reference.local)
            return Unknown(f"{declaration.name}.{name}", inner) if inner and name == "outputs" else Unknown(name)
        if name == "name":
            written = declaration.body.get("name")
            return self.value(written, reference.local) if written is not None else Unknown("a name")
        return Unknown(f"{self._place(declaration)}.{name}")

    def _place(self, declaration: Resource | Module) -> str:
        """`modules/identity.bicep:identity`, by which a reader finds it."""
        return f"{self.file}:{declaration.name}"

    def output(self, name: str) -> Value:
        """The value of an output."""
        outputs = self.tree.of(Output)
        found = next((output for output in outputs if output.name == name), None)
        return self.value(found.value, {}) if found is not None else Unknown(f"the output {name}")

    def _call(self, node: Call, local: Mapping[str, Value]) -> Value:
        if node.base is not None and not (isinstance(node.base, Name) and node.base.name in {"az", "sys"}):
            return Unknown(f"{node.name}()")
        own = next((f for f in self.tree.of(Function) if f.name == node.name), None)
        if node.name in {"map", "toObject"} and len(node.arguments) >= 2:
            return self._mapped(node, local)
        arguments = [self.value(argument, local) for argument in node.arguments]
        if own is not None:
            names = [name for name, _ in own.parameters]
            return self.value(own.body, dict(zip(names, arguments, strict=False)))
        if node.name in _LOADED and arguments and isinstance(arguments[0], str):
            return self._loaded(node.name, arguments[0])
        return applied(node.name, arguments)

    def _loaded(self, function: str, path: str) -> Value:
        """The content of a file that is named from this one."""
        file = (self.project.root / self.file).parent / path
        if not file.is_file():
            return Unknown(f"{path}, which is not there")
        content: Value = _LOADED[function](file.read_text())
        return content

    def _mapped(self, node: Call, local: Mapping[str, Value]) -> Value:
        source = self.value(node.arguments[0], local)
        functions = [argument for argument in node.arguments[1:] if isinstance(argument, Lambda)]
        if not isinstance(source, list):
            return {} if node.name == "toObject" else []
        results = [
            [self.value(function.body, {**local, function.names[0]: item}) for function in functions] for item in source
        ]
        if node.name == "map":
            return [result[0] for result in results if result]
        return {str(result[0]): result[1] if len(result) > 1 else source[i] for i, result in enumerate(results)}
