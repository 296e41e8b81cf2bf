"""Whether the expressions of one file fit where they stand."""

from collections.abc import Iterable

from infra.checks.bicep.tree import Call, Choice, Expression, Items, Loop, Name, Place, Property, Record, Spread, Text
from infra.checks.findings import nearest
from infra.checks.inference import Inference, Local
from infra.checks.kinds import (
    ANYTHING,
    BOOL,
    NULL,
    Field,
    Kind,
    ListOf,
    Literals,
    Shape,
    Variants,
    describe,
    fits,
)
from infra.checks.scope import Symbols
from infra.checks.value_limits import exceeded

#: How much alike two values are, from 0 to 1, where one is taken for a misspelling of the other.
_NEARLY = 0.8


class Expressions(Inference):
    """Checks values against kinds; see `Inference` for what it finds and notes.

    `wanted` is what a symbol must be where it first stands for a whole value.
    """

    def __init__(self, symbols: Symbols) -> None:
        super().__init__(symbols)
        self.wanted: dict[str, Kind] = {}

    def check(self, value: Expression, wanted: Kind, path: str, local: Local) -> None:
        """Whether a value may stand where `wanted` is asked for; `path` says where in messages."""
        match value, wanted:
            case Choice(), _:
                self.check(value.condition, BOOL, "the condition", local)
                self.check(value.chosen, wanted, path, local)
                self.check(value.otherwise, wanted, path, local)
            case Record(), Shape():
                self.shape(value, wanted, path, local)
            case Record(), Variants():
                self._variants(value, wanted, path, local)
            case Items(), ListOf():
                for position, item in enumerate(value.items):
                    inner: Kind = ANYTHING if isinstance(item, Spread) else wanted.item
                    self.check(item, inner, f"{path}[{position}]", local)
            case Loop(), ListOf():
                self.check(value.body, wanted.item, f"{path}[]", self.enter(value, local))
            case Call(name="union"), Shape():
                for argument in value.arguments:
                    self.check(argument, _optional(wanted), path, local)
            case Name(), _ if value.name not in local and value.name in self.symbols.declared:
                self.wanted.setdefault(value.name, wanted)
                self._fits(self.infer(value, local), wanted, path, value.at)
            case _:
                self._fits(self.infer(value, local), wanted, path, value.at)

    def _fits(self, kind: Kind, wanted: Kind, path: str, at: Place) -> None:
        if fits(kind, wanted):
            self._misspelt(kind, wanted, path, at)
            return
        said = f"{path}: expected {describe(wanted)}, got {describe(kind)}"
        close = ""
        if isinstance(wanted, Literals) and isinstance(kind, Literals):
            close = nearest(str(kind.values[0]), [str(entry) for entry in wanted.values])
        self.fault(at, "type", said + close, path)

    def _misspelt(self, kind: Kind, wanted: Kind, path: str, at: Place) -> None:
        """A value beside those that Azure names, where it takes others too: told if it is nearly one of them."""
        if not (isinstance(wanted, Literals) and wanted.free and isinstance(kind, Literals)):
            return
        known = [str(value) for value in wanted.values]
        for value in kind.values:
            close = nearest(str(value), known, cutoff=_NEARLY)
            if close and str(value).lower() not in {one.lower() for one in known}:
                self.fault(at, "type", f"{path}: {value!r} is none of the values that Azure names{close}", path)

    def shape(
        self, record: Record, wanted: Shape, path: str, local: Local, also: Iterable[str] = (), *, partly: bool = False
    ) -> None:
        """The properties of a written object; `also` are names that are looked at elsewhere, `partly` asks for none."""
        written: set[str] = set()
        for entry in record.properties:
            if isinstance(entry.key, Text):
                self.infer(entry.key, local)
                self.check(entry.value, wanted.extra or ANYTHING, f"{path}[…]", local)
                continue
            if entry.key in written:
                self.fault(entry.at, "property", f"{path}.{entry.key} is given twice", entry.key)
            written.add(entry.key)
            if entry.key not in also:
                self._entry(entry, entry.key, wanted, f"{path}.{entry.key}", local)
        for spread in record.spreads:
            self.check(spread.value, _optional(wanted), path, local)
        if partly or record.spreads:
            return
        for name, field in wanted.fields.items():
            if field.required and name not in written and name not in also:
                self.fault(record.at, "required", f"{path} lacks {name!r}, {describe(field.kind)}", name)

    def _entry(self, entry: Property, name: str, wanted: Shape, path: str, local: Local) -> None:
        field = wanted.fields.get(name)
        if field is None:
            self.check(entry.value, wanted.extra or ANYTHING, path, local)
            if wanted.extra is None:
                close = nearest(name, wanted.fields)
                self.fault(entry.at, "property", f"{path}: {describe(wanted)} has no property {name!r}{close}", path)
            return
        if field.read_only:
            self.fault(entry.at, "property", f"{path} is read-only: Azure sets it", path)
        self.check(entry.value, field.kind, path, local)
        literal = entry.value.literal if isinstance(entry.value, Text) else getattr(entry.value, "value", None)
        for problem in exceeded(literal, field.limits):
            self.fault(entry.value.at, "limit", f"{path}: {problem}", path)

    def _variants(self, record: Record, wanted: Variants, path: str, local: Local) -> None:
        told = record.get(wanted.discriminator)
        if told is None:
            known = ", ".join(wanted.shapes)
            self.fault(record.at, "required", f"{path} lacks {wanted.discriminator!r}, one of {known}", path)
        kind = NULL if told is None else self.infer(told, local)
        if not (isinstance(kind, Literals) and len(kind.values) == 1):
            self.infer(record, local)
            return
        shape = wanted.shapes.get(str(kind.values[0]))
        if shape is None:
            wrong = f"{path}.{wanted.discriminator}: {kind.values[0]!r} is none of {', '.join(wanted.shapes)}"
            self.fault(
                told.at if told else record.at, "type", wrong + nearest(str(kind.values[0]), wanted.shapes), path
            )
            return
        self.shape(record, shape, path, local)


def _optional(shape: Shape) -> Shape:
    """The shape with nothing required, for a part of an object."""
    fields = {
        name: Field(lambda field=field: field.kind, read_only=field.read_only, limits=field.limits)  # type: ignore[misc]
        for name, field in shape.fields.items()
    }
    return Shape(shape.name, fields, shape.extra)
