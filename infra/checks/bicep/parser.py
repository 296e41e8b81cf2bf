"""Declarations: a file from its first line to its last."""

from collections.abc import Callable
from dataclasses import replace

from infra.checks.bicep.cursor import Cursor
from infra.checks.bicep.declarations import (
    BicepFile,
    Declaration,
    Decorator,
    Function,
    Import,
    Module,
    Output,
    Parameter,
    Resource,
    TypeAlias,
    TypeExpression,
    Variable,
)
from infra.checks.bicep.expressions import Expressions
from infra.checks.bicep.tokens import SyntaxFault, Token, tokenize
from infra.checks.bicep.tree import Expression, Loop, Place, Record
from infra.checks.bicep.type_expressions import parse_type

type _Decorators = tuple[Decorator, ...]


def parse_bicep(text: str) -> BicepFile:
    """The tree of a file.

    Raises:
        SyntaxFault: The text is not Bicep, with line and column; the first fault only.
    """
    try:
        return _Parser(text).file()
    except RecursionError as error:
        raise SyntaxFault(Place(1, 1), "expressions are nested too deeply to be read") from error


class _Parser:
    def __init__(self, text: str) -> None:
        self.cursor = Cursor(tokenize(text))
        self.expressions = Expressions(self.cursor, self._nested_resource)
        self.scope = "resourceGroup"
        self.kinds: dict[str, Callable[[Token, _Decorators], Declaration]] = {
            "param": self._parameter,
            "var": self._variable,
            "resource": self._resource,
            "module": self._module,
            "output": self._output,
            "type": self._alias,
            "func": self._function,
            "import": self._import,
        }

    def file(self) -> BicepFile:
        declarations: list[Declaration] = []
        self.cursor.skip_newlines()
        while not self.cursor.at_end:
            declaration = self._declaration()
            if declaration is not None:
                declarations += _with_nested(declaration)
            if not self.cursor.at_end and not self.cursor.skip_newlines():
                self.cursor.fail("a new line after a declaration")
        return BicepFile(self.scope, tuple(declarations))

    def _declaration(self) -> Declaration | None:
        decorators = self._decorators()
        token = self.cursor.name(f"a declaration: {', '.join(self.kinds)} or targetScope")
        if token.value == "targetScope":
            self.cursor.mark("=", "after 'targetScope'")
            self.scope = self._plain_text("a scope")[0]
            return None
        if token.value == "metadata":
            self.cursor.name("a name after 'metadata'")
            self._value()
            return None
        if token.value not in self.kinds:
            known = ", ".join(self.kinds)
            raise SyntaxFault(token.at, f"{token.value!r} starts no declaration; known are {known} and targetScope")
        return self.kinds[token.value](token, decorators)

    def _decorators(self) -> _Decorators:
        found: list[Decorator] = []
        while self.cursor.take_mark("@"):
            name = self.cursor.name("the name of a decorator")
            while self.cursor.take_mark("."):  # sys.description
                name = self.cursor.name("the name of a decorator")
            found.append(Decorator(name.value, self.expressions.arguments(), name.at))
            self.cursor.skip_newlines()
        return tuple(found)

    def _parameter(self, _: Token, decorators: _Decorators) -> Parameter:
        name = self.cursor.name("the parameter's name")
        kind = parse_type(self.cursor)
        default = self._value() if self.cursor.at_mark("=") else None
        return Parameter(name.value, kind, default, decorators, name.at)

    def _variable(self, _: Token, decorators: _Decorators) -> Variable:
        name = self.cursor.name("the variable's name")
        if not self.cursor.at_mark("="):
            parse_type(self.cursor)
        return Variable(name.value, self._value(), _exported(decorators), name.at)

    def _output(self, _: Token, decorators: _Decorators) -> Output:
        name = self.cursor.name("the output's name")
        kind = parse_type(self.cursor)
        return Output(name.value, kind, self._value(), decorators, name.at)

    def _alias(self, _: Token, decorators: _Decorators) -> TypeAlias:
        name = self.cursor.name("the type's name")
        self.cursor.mark("=", "after the type's name")
        return TypeAlias(name.value, parse_type(self.cursor), _exported(decorators), name.at)

    def _function(self, _: Token, decorators: _Decorators) -> Function:
        name = self.cursor.name("the function's name")
        self.cursor.mark("(", "after the function's name")
        parameters: list[tuple[str, TypeExpression]] = []
        self.cursor.skip_newlines()
        while not self.cursor.take_mark(")"):
            parameter = self.cursor.name("a parameter's name").value
            parameters.append((parameter, parse_type(self.cursor)))
            self.cursor.take_mark(",")
            self.cursor.skip_newlines()
        returns = parse_type(self.cursor)
        self.cursor.mark("=>", "before the function's value")
        self.cursor.skip_newlines()
        body = self.expressions.expression()
        return Function(name.value, tuple(parameters), returns, body, _exported(decorators), name.at)

    def _import(self, token: Token, _: _Decorators) -> Import:
        self.cursor.mark("{", "after 'import'")
        names: list[tuple[str, str]] = []
        self.cursor.skip_newlines()
        while not self.cursor.take_mark("}"):
            name = self.cursor.name("a name to import").value
            alias = self.cursor.name("an alias").value if self.cursor.take_word("as") else name
            names.append((name, alias))
            self.cursor.take_mark(",")
            self.cursor.skip_newlines()
        if not self.cursor.take_word("from"):
            self.cursor.fail("'from' after the imported names")
        return Import(tuple(names), self._plain_text("a path")[0], token.at)

    def _resource(self, _: Token, __: _Decorators) -> Resource:
        name = self.cursor.name("the resource's symbol")
        written, type_at = self._plain_text("the resource's type, as 'Namespace/type@version'")
        existing = self.cursor.take_word("existing") is not None
        condition, loop, body = self._deployed()
        kind, _at, version = written.partition("@")
        return Resource(name.value, kind, version, existing, condition, loop, body, None, type_at, name.at)

    def _nested_resource(self) -> Resource:
        decorators = self._decorators()
        if not self.cursor.take_word("resource"):
            self.cursor.fail("'resource', or the name of a property and ':'")
        return self._resource(self.cursor.token, decorators)

    def _module(self, _: Token, __: _Decorators) -> Module:
        name = self.cursor.name("the module's symbol")
        path, path_at = self._plain_text("the module's path")
        condition, loop, body = self._deployed()
        return Module(name.value, path, condition, loop, body, path_at, name.at)

    def _deployed(self) -> tuple[Expression | None, Loop | None, Record]:
        """What follows a resource or a module: `= {…}`, `= if (…) {…}` or `= [for …: {…}]`."""
        self.cursor.mark("=", "before what is deployed")
        self.cursor.skip_newlines()
        if (opening := self.cursor.take_mark("[")) is not None:
            self.cursor.skip_newlines()
            loop = self.expressions.loop(opening, self.expressions.record)
            assert isinstance(loop.body, Record)
            return loop.condition, loop, loop.body
        condition = self.expressions.bracketed() if self.cursor.take_word("if") else None
        return condition, None, self.expressions.record()

    def _value(self) -> Expression:
        self.cursor.mark("=", "before a value")
        self.cursor.skip_newlines()
        return self.expressions.expression()

    def _plain_text(self, what: str) -> tuple[str, Place]:
        token = self.cursor.token
        if token.kind != "text":
            self.cursor.fail(f"{what}, in quotes")
        literal = self.expressions.text(self.cursor.advance()).literal
        if literal is None:
            raise SyntaxFault(token.at, f"expected {what}, with nothing interpolated")
        return literal, token.at


def _exported(decorators: _Decorators) -> bool:
    return any(decorator.name == "export" for decorator in decorators)


def _with_nested(declaration: Declaration) -> list[Declaration]:
    """A declaration and the resources declared in its body, their types and versions completed by the parent's."""
    found: list[Declaration] = [declaration]
    if isinstance(declaration, Resource):
        for inner in declaration.body.nested:
            completed = replace(
                inner,
                type=f"{declaration.type}/{inner.type}",
                version=inner.version or declaration.version,
                parent=declaration.name,
            )
            found += _with_nested(completed)
    return found
