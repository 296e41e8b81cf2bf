"""What the expressions of one file are, and whether what they name exists."""

from collections.abc import Mapping

from infra.checks.bicep.declarations import Function, Module, Parameter, Resource, Variable
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
    Place,
    Record,
    Spread,
    Text,
    Truth,
    Unary,
)
from infra.checks.builtin_functions import RETURNS
from infra.checks.findings import Finding, nearest
from infra.checks.kinds import (
    ANYTHING,
    BOOL,
    INT,
    NULL,
    OBJECT,
    STRING,
    Anything,
    Field,
    Kind,
    ListOf,
    Literals,
    OneOf,
    Scalar,
    Shape,
    Variants,
    describe,
    fits,
    one_of,
)
from infra.checks.project import fault_at
from infra.checks.scope import Symbols

#: The names that loops and functions bring in.
type Local = Mapping[str, Kind]
_COMPARING = {"==", "!=", "=~", "!~", "<", "<=", ">", ">=", "&&", "||"}
_NAMESPACES = {"az", "sys"}


class Inference:
    """Infers kinds; what it finds is in `found`, which symbols were named is in `symbols.used`."""

    def __init__(self, symbols: Symbols) -> None:
        self.symbols = symbols
        self.found: set[Finding] = set()
        self._variables: dict[str, Kind] = {}

    def fault(self, at: Place, rule: str, message: str, subject: str = "") -> None:
        """Note a finding."""
        self.found.add(fault_at(self.symbols.file, at, rule, message, subject))

    def variable(self, variable: Variable) -> Kind:
        """The kind of a variable's value; one that refers to itself is anything."""
        if variable.name not in self._variables:
            self._variables[variable.name] = ANYTHING
            self._variables[variable.name] = self.infer(variable.value, {})
        return self._variables[variable.name]

    def infer(self, value: Expression, local: Local) -> Kind:
        """What an expression is; every part of it is looked at once."""
        match value:
            case Text():
                for part in value.parts:
                    if not isinstance(part, str):
                        self.infer(part, local)
                return STRING if value.literal is None else Literals((value.literal,))
            case Number() | Truth():
                return Literals((value.value,))
            case Null():
                return NULL
            case Items():
                return ListOf(one_of(*(self._item(item, local) for item in value.items)))
            case Record():
                return self._record(value, local)
            case Loop():
                inner = self.enter(value, local)
                return ListOf(self.infer(value.body, inner))
            case _:
                return self._operation(value, local)

    def _operation(self, value: Expression, local: Local) -> Kind:
        match value:
            case Name():
                return self._name(value, local)
            case Member():
                return self._member(value, local)
            case Index():
                return self._index(value, local)
            case Call():
                return self._call(value, local)
            case Unary():
                inner = self.infer(value.operand, local)
                return {"!": BOOL, "-": INT}.get(value.operator, inner)
            case Binary():
                return self._binary(value, local)
            case Choice():
                self.infer(value.condition, local)
                return one_of(self.infer(value.chosen, local), self.infer(value.otherwise, local))
            case _:
                return self._lambda(value, local)

    def _lambda(self, value: Expression, local: Local) -> Kind:
        if isinstance(value, Lambda):
            self.infer(value.body, {**local, **dict.fromkeys(value.names, ANYTHING)})
        elif isinstance(value, Spread):
            self.infer(value.value, local)
        return ANYTHING

    def enter(self, loop: Loop, local: Local) -> Local:
        """The names that are known in a loop's body."""
        source = self.infer(loop.source, local)
        item = source.item if isinstance(source, ListOf) else ANYTHING
        inner = {**local, loop.item: item, **({loop.index: INT} if loop.index else {})}
        if loop.condition is not None:
            self.infer(loop.condition, inner)
        return inner

    def _item(self, item: Expression, local: Local) -> Kind:
        if not isinstance(item, Spread):
            return self.infer(item, local)
        inner = self.infer(item.value, local)
        return inner.item if isinstance(inner, ListOf) else ANYTHING

    def _record(self, record: Record, local: Local) -> Kind:
        fields: dict[str, Field] = {}
        free = bool(record.spreads)
        for spread in record.spreads:
            self.infer(spread.value, local)
        for entry in record.properties:
            kind = self.infer(entry.value, local)
            if isinstance(entry.key, Text):
                self.infer(entry.key, local)
                free = True
            else:
                fields[entry.key] = Field(lambda kind=kind: kind)  # type: ignore[misc]
        return Shape("", fields, ANYTHING if free else None)

    def _name(self, value: Name, local: Local) -> Kind:
        if value.name in local:
            return local[value.name]
        declared = self.symbols.declared.get(value.name)
        self.symbols.used.add(value.name)
        match declared:
            case Parameter():
                return self.symbols.of_parameter(declared)
            case Variable():
                return self.variable(declared)
            case Resource():
                return self.symbols.of_resource(declared)
            case Module():
                return self.symbols.of_module(declared)
            case _:
                if declared is None and value.name not in _NAMESPACES:
                    known = {*local, *self.symbols.declared}
                    self.fault(value.at, "undefined", f"nothing is named {value.name!r}{nearest(value.name, known)}")
                return ANYTHING

    def _member(self, value: Member, local: Local) -> Kind:
        base = self.infer(value.base, local)
        if value.nested:
            return ANYTHING
        return self._property(base, value.name, value.at, safe=value.safe)

    def _property(self, base: Kind, name: str, at: Place, *, safe: bool = False) -> Kind:
        match base:
            case OneOf():
                kinds = [member for member in base.members if member != NULL]
                found = [self._known_property(member, name) for member in kinds]
                present = [kind for kind in found if kind is not None]
                if present or safe:
                    return one_of(*present)
            case _:
                kind = self._known_property(base, name)
                if kind is not None or safe:
                    return kind or ANYTHING
        known = base.fields if isinstance(base, Shape) else ()
        self.fault(at, "undefined", f"{describe(base)} has no property {name!r}{nearest(name, known)}", name)
        return ANYTHING

    @staticmethod
    def _known_property(base: Kind, name: str) -> Kind | None:
        match base:
            case Shape():
                return base.fields[name].kind if name in base.fields else base.extra
            case Variants():
                kinds = [shape.fields[name].kind for shape in base.shapes.values() if name in shape.fields]
                return one_of(*kinds) if kinds else None
            case Anything():
                return ANYTHING
            case _:
                return None

    def _index(self, value: Index, local: Local) -> Kind:
        base, index = self.infer(value.base, local), self.infer(value.index, local)
        if isinstance(base, ListOf):
            return base.item
        if isinstance(index, Literals) and len(index.values) == 1 and isinstance(index.values[0], str):
            return self._property(base, index.values[0], value.at, safe=value.safe)
        return ANYTHING

    def _call(self, call: Call, local: Local) -> Kind:
        arguments = [self.infer(argument, local) for argument in call.arguments]
        if call.base is not None:
            self.infer(call.base, local)
            if not (isinstance(call.base, Name) and call.base.name in _NAMESPACES):
                return STRING if call.name == "getSecret" else ANYTHING
        declared = self.symbols.declared.get(call.name)
        if isinstance(declared, Function):
            self.symbols.used.add(call.name)
            return self.symbols.of_type(declared.returns)
        if call.name not in RETURNS:
            known = {*RETURNS, *(n for n, d in self.symbols.declared.items() if isinstance(d, Function))}
            self.fault(call.at, "undefined", f"there is no function {call.name!r}{nearest(call.name, known)}")
        if call.name in {"take", "skip", "union", "first", "last"} and arguments:
            return _of_same_kind(call.name, arguments)
        return RETURNS.get(call.name, ANYTHING)

    def _binary(self, value: Binary, local: Local) -> Kind:
        left, right = self.infer(value.left, local), self.infer(value.right, local)
        if value.operator == "??":
            return one_of(left, right)
        for side in (left, right) if value.operator in {"+", "-", "*", "/", "%"} else ():
            if not fits(side, INT):
                wrong = f"{value.operator!r} takes integers, got {describe(side)}; texts are joined by '${{…}}'"
                self.fault(value.at, "type", wrong)
        return BOOL if value.operator in _COMPARING else INT


def _of_same_kind(function: str, arguments: list[Kind]) -> Kind:
    """`take('abc', 2)` is a string and `take([1, 2], 1)` an array; `first` of an array is an item."""
    first = arguments[0]
    if function in {"first", "last"}:
        return first.item if isinstance(first, ListOf) else STRING if fits(first, STRING) else ANYTHING
    if isinstance(first, Literals | Scalar):
        return STRING
    if function == "union" and isinstance(first, Shape):
        return OBJECT
    return first if function in {"take", "skip"} else ANYTHING
