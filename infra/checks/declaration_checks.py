"""Resources against their schemas, modules against the files that they name, and what nothing uses."""

from collections.abc import Iterator

from infra.checks.bicep.declarations import Function, Import, Module, Output, Parameter, Resource, TypeAlias, Variable
from infra.checks.bicep.tree import Name, Place, Record, Text
from infra.checks.expression_checks import Expressions
from infra.checks.findings import Finding, nearest
from infra.checks.inference import Local
from infra.checks.kinds import ANYTHING, ARRAY, BOOL, OBJECT, STRING, Anything, Kind, Shape, Variants, describe
from infra.checks.project import Project, fault_at
from infra.checks.schema_book import Schemas
from infra.checks.scope import Symbols

#: What Bicep itself reads in a resource's body, beside the properties of its type.
_OF_RESOURCES = ("parent", "scope", "dependsOn", "eTag", "asserts")
_OF_MODULES = ("name", "scope", "params", "dependsOn", "identity")


def check_declarations(project: Project, schemas: Schemas) -> tuple[Finding, ...]:
    """Check every declaration of all files.

    The rules are `resource-type`, `schema-missing`, `api-version`, `property`, `required`, `type`, `limit`,
    `undefined`, `module`, `parent`, `scope`, `duplicate` and `unused`.
    """
    checked = _Checked(project, schemas)
    return tuple(sorted({finding for file in project.files for finding in checked.of(file).findings}))


class _Checked:
    """The checks of all files, each made once: a file comes after those that it names."""

    def __init__(self, project: Project, schemas: Schemas) -> None:
        self._project = project
        self._schemas = schemas
        self._files: dict[str, _FileChecks] = {}
        self._under_way: list[str] = []

    def is_under_way(self, file: str) -> bool:
        """Whether it is one of the files that are being checked: what it names, names it."""
        return file in self._under_way

    def of(self, file: str) -> "_FileChecks":
        if file not in self._files:
            self._files[file] = _FileChecks(self._project, file, self._schemas, self)
            self._under_way.append(file)
            self._files[file].run()
            self._under_way.pop()
        return self._files[file]


class _FileChecks:
    def __init__(self, project: Project, file: str, schemas: Schemas, checked: _Checked) -> None:
        self.project = project
        self.file = file
        self.schemas = schemas
        self.checked = checked
        self.findings: set[Finding] = set()
        self.symbols = Symbols(project, file, schemas)
        self.expressions = Expressions(self.symbols)

    def run(self) -> None:
        """Fill `findings`."""
        tree = self.symbols.tree
        for declaration in tree.declarations:
            match declaration:
                case Parameter():
                    self._parameter(declaration)
                case Variable():
                    self.expressions.variable(declaration)
                case Resource():
                    self._resource(declaration)
                case Module():
                    self._module(declaration)
                case Output():
                    kind = self.symbols.of_type(declaration.type)
                    self.expressions.check(declaration.value, kind, f"output {declaration.name}", {})
                case Function():
                    local = {name: self.symbols.of_type(kind) for name, kind in declaration.parameters}
                    returns = self.symbols.of_type(declaration.returns)
                    self.expressions.check(declaration.body, returns, f"{declaration.name}()", local)
                case Import():
                    self._import(declaration)
                case TypeAlias():
                    self.symbols.of_type(declaration.type)
        self.findings = {*self.expressions.found, *self._unused(), *self._duplicates()}

    def argument(self, parameter: Parameter) -> Kind:
        """What a caller may give for a parameter; one that is any object or array is what the file makes of it."""
        kind = self.symbols.of_parameter(parameter)
        return self.expressions.wanted.get(parameter.name, kind) if kind in (OBJECT, ARRAY) else kind

    def _fault(self, at: Place, rule: str, message: str, subject: str = "") -> None:
        self.expressions.fault(at, rule, message, subject)

    def _parameter(self, parameter: Parameter) -> None:
        kind = self.symbols.of_parameter(parameter)
        for decorator in parameter.decorators:
            for argument in decorator.arguments:
                self.expressions.infer(argument, {})
        if parameter.default is not None:
            self.expressions.check(parameter.default, kind, f"the default of {parameter.name}", {})

    def _entered(self, declaration: Resource | Module) -> Local:
        """The names known in the body; the condition and what a loop goes over are looked at on the way."""
        local: Local = {}
        if declaration.loop is not None:
            local = self.expressions.enter(declaration.loop, local)
        elif declaration.condition is not None:
            self.expressions.check(declaration.condition, BOOL, f"the condition of {declaration.name}", local)
        return local

    def _resource(self, resource: Resource) -> None:
        local = self._entered(resource)
        for name in _OF_RESOURCES:
            if (value := resource.body.get(name)) is not None:
                self.expressions.infer(value, local)
        schema = self.schemas.find(resource.type)
        if schema is None:
            close = nearest(resource.type, self.schemas.known())
            self._fault(resource.type_at, "resource-type", f"Azure has no resource type {resource.type!r}{close}")
            self.expressions.infer(resource.body, local)
            return
        if isinstance(schema.body, Anything):
            said = f"{resource.type} is known by name only; write its schema into infra/checks/schema_book/own"
            self._fault(resource.type_at, "schema-missing", said, resource.type)
            self.expressions.infer(resource.body, local)
            return
        if resource.version != schema.version:
            said = f"{resource.type}: {resource.version or 'no version'} cannot be checked; the schemas are of"
            self._fault(resource.type_at, "api-version", f"{said} {schema.version}", resource.type)
        scope = self.symbols.tree.scope
        if not (resource.existing or schema.can_be_made_in(scope) or resource.body.get("scope")):
            said = f"{resource.name}: {resource.type} is made in a {schema.scopes}, and this file goes to a {scope}"
            self._fault(resource.at, "scope", said, resource.name)
        self._parent(resource)
        self._body(resource, schema.body, local)

    def _body(self, resource: Resource, body: Kind, local: Local) -> None:
        if isinstance(body, Variants):
            told = resource.body.get(body.discriminator)
            literal = told.literal if isinstance(told, Text) else None
            shape = body.shapes.get(literal or "")
            if shape is None:
                self._wrong_variant(resource, body, literal)
                self.expressions.infer(resource.body, local)
                return
            body = shape
        assert isinstance(body, Shape)
        self.expressions.shape(resource.body, body, resource.name, local, (*_OF_RESOURCES,), partly=resource.existing)
        if resource.existing and resource.body.get("name") is None:
            self._fault(resource.at, "required", f"{resource.name} lacks 'name', string")

    def _wrong_variant(self, resource: Resource, body: Variants, literal: str | None) -> None:
        known = ", ".join(body.shapes)
        if literal is not None or resource.body.get(body.discriminator) is None:
            close = nearest(literal or "", body.shapes)
            said = f"{resource.name}.{body.discriminator}: {literal!r} is none of {known}{close}"
            self._fault(resource.at, "type", said, resource.name)

    def _parent(self, resource: Resource) -> None:
        value = resource.body.get("parent")
        if not isinstance(value, Name):
            return
        parent = self.symbols.declared.get(value.name)
        wanted = resource.type.rpartition("/")[0]
        if isinstance(parent, Resource) and parent.type.lower() != wanted.lower():
            said = f"{resource.name}.parent: expected a {wanted}, {value.name} is a {parent.type}"
            self._fault(value.at, "parent", said, resource.name)

    def _module(self, module: Module) -> None:
        local = self._entered(module)
        path = self.project.resolve(self.file, module.path)
        target = self.project.files.get(path)
        if target is None:
            if path not in {fault.file for fault in self.project.faults}:
                said = f"there is no file {path}{nearest(path, self.project.files)}"
                self._fault(module.path_at, "module", said, module.name)
            self.expressions.infer(module.body, local)
            return
        if self.checked.is_under_way(path):
            self._fault(module.path_at, "module", f"{path} names this file in its turn, or is it", module.name)
            return
        for entry in module.body.properties:
            if entry.key not in _OF_MODULES:
                said = f"a module has no property {entry.key!r}{nearest(str(entry.key), _OF_MODULES)}"
                self._fault(entry.at, "module", said, module.name)
            if entry.key == "name":
                self.expressions.check(entry.value, STRING, f"{module.name}.name", local)
            elif entry.key != "params":
                self.expressions.infer(entry.value, local)
        scope = self.symbols.tree.scope
        if target.scope != scope and module.body.get("scope") is None:
            said = f"{module.name} lacks 'scope': {path} goes to a {target.scope}, this file to a {scope}"
            self._fault(module.at, "scope", said, module.name)
        self._arguments(module, path, local)

    def _arguments(self, module: Module, path: str, local: Local) -> None:
        inside = self.checked.of(path)
        wanted = {parameter.name: parameter for parameter in self.project.files[path].of(Parameter)}
        params = module.body.get("params")
        if params is not None and not isinstance(params, Record):
            self.expressions.infer(params, local)
            return
        given = () if params is None else params.properties
        for entry in given:
            name = str(entry.key)
            kind = inside.argument(wanted[name]) if name in wanted else ANYTHING
            self.expressions.check(entry.value, kind, f"{module.name}.{name}", local)
            if name not in wanted:
                said = f"{path} has no parameter {name!r}{nearest(name, wanted)}"
                self._fault(entry.at, "module", said, f"{module.name}.{name}")
        names = {str(entry.key) for entry in given}
        for name, parameter in wanted.items():
            if parameter.required and name not in names:
                what = describe(inside.argument(parameter))
                said = f"{module.name} lacks the parameter {name!r}, {what}, of {path}"
                self._fault(params.at if params else module.at, "module", said, f"{module.name}.{name}")

    def _import(self, declaration: Import) -> None:
        path = self.project.resolve(self.file, declaration.path)
        if path not in self.project.files:
            self._fault(declaration.at, "module", f"there is no file {path}{nearest(path, self.project.files)}")
            return
        for name, alias in declaration.names:
            if alias not in self.symbols.declared:
                self._fault(declaration.at, "undefined", f"{path} exports nothing named {name!r}", name)

    def _unused(self) -> Iterator[Finding]:
        """What is declared and never named; exported symbols are for others."""
        what = {Parameter: "parameter", Variable: "variable", Function: "function", Resource: "existing resource"}
        for declaration in self.symbols.tree.declarations:
            if isinstance(declaration, Variable | Function) and declaration.exported:
                continue
            if isinstance(declaration, Resource) and not declaration.existing:
                continue
            if type(declaration) in what and not isinstance(declaration, Import):
                name = declaration.name
                if name not in self.symbols.used and not self._is_a_parent(name):
                    said = f"nothing uses the {what[type(declaration)]} {name!r}"
                    yield fault_at(self.file, declaration.at, "unused", said, name)

    def _is_a_parent(self, name: str) -> bool:
        return any(resource.parent == name for resource in self.symbols.tree.of(Resource))

    def _duplicates(self) -> Iterator[Finding]:
        seen: set[tuple[bool, str]] = set()
        for declaration in self.symbols.tree.declarations:
            if isinstance(declaration, Import):
                continue
            key = (isinstance(declaration, Output), declaration.name)
            if key in seen:
                said = f"{declaration.name!r} is declared twice"
                yield fault_at(self.file, declaration.at, "duplicate", said, declaration.name)
            seen.add(key)
