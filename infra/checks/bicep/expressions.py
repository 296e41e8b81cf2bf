"""Expressions: operators by their precedence, then what can be said of a value with `.`, `[` and `(`."""

from collections.abc import Callable

from infra.checks.bicep.cursor import Cursor
from infra.checks.bicep.declarations import Resource
from infra.checks.bicep.tokens import Token
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
    Property,
    Record,
    Spread,
    Text,
    Truth,
    Unary,
)

#: Binary operators, those that bind least first, as the Bicep documentation ranks them.
_RANKS = (("??",), ("||",), ("&&",), ("==", "!=", "=~", "!~"), ("<", "<=", ">", ">="), ("+", "-"), ("*", "/", "%"))
_WORDS: dict[str, Callable[[Token], Expression]] = {
    "true": lambda token: Truth(True, token.at),
    "false": lambda token: Truth(False, token.at),
    "null": lambda token: Null(token.at),
}


class Expressions:
    """Parses expressions; `nested` parses a resource declared in an object's body, where one may stand."""

    def __init__(self, cursor: Cursor, nested: Callable[[], Resource]) -> None:
        self.cursor = cursor
        self._nested = nested

    def expression(self) -> Expression:
        """One expression, at the next token."""
        if self.cursor.looks_like("name", "=>") or self._is_lambda():
            return self._lambda()
        condition = self._ranked(0)
        if not self.cursor.continues_with("?"):
            return condition
        at = self.cursor.advance().at
        self.cursor.skip_newlines()
        chosen = self.expression()
        self.cursor.skip_newlines()
        self.cursor.mark(":", "between the two values of a choice")
        self.cursor.skip_newlines()
        return Choice(condition, chosen, self.expression(), at)

    def record(self) -> Record:
        """An object, at its opening brace."""
        at = self.cursor.mark("{", "at the start of an object").at
        properties: list[Property] = []
        spreads: list[Spread] = []
        nested: list[Resource] = []
        self.cursor.skip_newlines()
        while not self.cursor.take_mark("}"):
            if (dots := self.cursor.take_mark("...")) is not None:
                spreads.append(Spread(self.expression(), dots.at))
            elif self.cursor.at_mark("@") or self.cursor.looks_like("name", "name"):
                nested.append(self._nested())
            else:
                properties.append(self._property())
            self._between("}", "object")
        return Record(tuple(properties), tuple(spreads), tuple(nested), at)

    def text(self, token: Token) -> Text:
        """A string, its interpolations parsed."""
        return Text(tuple(part if isinstance(part, str) else self._part(part) for part in token.parts), token.at)

    def _part(self, tokens: tuple[Token, ...]) -> Expression:
        inner = Expressions(Cursor(tokens), self._nested)
        inner.cursor.skip_newlines()
        expression = inner.expression()
        inner.cursor.skip_newlines()
        if not inner.cursor.at_end:
            inner.cursor.fail("'}' at the end of an interpolation")
        return expression

    def loop(self, at: Token, body: Callable[[], Expression]) -> Loop:
        """`for …`, after its opening bracket, up to and with the closing one; `body` parses what is repeated."""
        self.cursor.advance()
        index = None
        if self.cursor.take_mark("("):
            item = self.cursor.name("the loop's variable").value
            self.cursor.mark(",", "between the loop's variables")
            index = self.cursor.name("the loop's index").value
            self.cursor.mark(")", "after the loop's variables")
        else:
            item = self.cursor.name("the loop's variable").value
        if not self.cursor.take_word("in"):
            self.cursor.fail("'in' after the loop's variable")
        source = self.expression()
        self.cursor.mark(":", "after what a loop goes over")
        self.cursor.skip_newlines()
        condition = None
        if self.cursor.take_word("if"):
            condition = self.bracketed()
        repeated = body()
        self.cursor.skip_newlines()
        self.cursor.mark("]", "at the end of a loop")
        return Loop(item, index, source, condition, repeated, at.at)

    def bracketed(self) -> Expression:
        """`( expression )`."""
        self.cursor.mark("(", "before a condition")
        self.cursor.skip_newlines()
        inside = self.expression()
        self.cursor.skip_newlines()
        self.cursor.mark(")", "after an expression in brackets")
        return inside

    def _ranked(self, rank: int) -> Expression:
        if rank == len(_RANKS):
            return self._unary()
        left = self._ranked(rank + 1)
        while (operator := self.cursor.take_mark(*_RANKS[rank])) is not None:
            self.cursor.skip_newlines()
            left = Binary(operator.value, left, self._ranked(rank + 1), operator.at)
        return left

    def _unary(self) -> Expression:
        if (operator := self.cursor.take_mark("!", "-")) is not None:
            return Unary(operator.value, self._unary(), operator.at)
        return self._followed(self._primary())

    def _followed(self, value: Expression) -> Expression:
        while (mark := self.cursor.take_mark(".", ".?", "::", "[", "[?", "!")) is not None:
            if mark.value == "!":
                value = Unary("assert", value, mark.at)
            elif mark.value in {"[", "[?"}:
                index = self.expression()
                self.cursor.mark("]", "after an index")
                value = Index(value, index, mark.value == "[?", mark.at)
            else:
                name = self.cursor.name(f"a name after {mark.value!r}")
                value = (
                    Call(value, name.value, self.arguments(), name.at)
                    if self.cursor.at_mark("(")
                    else Member(value, name.value, mark.value == ".?", mark.value == "::", name.at)
                )
        return value

    def _primary(self) -> Expression:
        token = self.cursor.token
        if token.kind == "text":
            return self.text(self.cursor.advance())
        if token.kind == "number":
            return Number(int(self.cursor.advance().value), token.at)
        if token.kind == "name":
            return self._word(self.cursor.advance())
        if self.cursor.at_mark("("):
            return self.bracketed()
        if self.cursor.at_mark("{"):
            return self.record()
        if not self.cursor.at_mark("["):
            self.cursor.fail("a value")
        return self._items()

    def _word(self, token: Token) -> Expression:
        if token.value in _WORDS:
            return _WORDS[token.value](token)
        if self.cursor.at_mark("("):
            return Call(None, token.value, self.arguments(), token.at)
        return Name(token.value, token.at)

    def arguments(self) -> tuple[Expression, ...]:
        """`( expression, … )`, line ends allowed."""
        self.cursor.mark("(", "before arguments")
        arguments: list[Expression] = []
        self.cursor.skip_newlines()
        while not self.cursor.take_mark(")"):
            arguments.append(self.expression())
            self.cursor.skip_newlines()
            if not self.cursor.at_mark(")"):
                self.cursor.mark(",", "or ')' after an argument")
                self.cursor.skip_newlines()
        return tuple(arguments)

    def _items(self) -> Expression:
        opening = self.cursor.advance()
        self.cursor.skip_newlines()
        if self.cursor.at_word("for"):
            return self.loop(self.cursor.token, self.expression)
        items: list[Expression] = []
        while not self.cursor.take_mark("]"):
            dots = self.cursor.take_mark("...")
            items.append(Spread(self.expression(), dots.at) if dots else self.expression())
            self._between("]", "array")
        return Items(tuple(items), opening.at)

    def _between(self, closing: str, what: str) -> None:
        """A comma or a line end between two entries, or the closing mark ahead."""
        comma = self.cursor.take_mark(",") is not None
        newline = self.cursor.skip_newlines()
        if not (comma or newline or self.cursor.at_mark(closing)):
            self.cursor.fail(f"a new line, ',' or {closing!r} in the {what}")

    def _property(self) -> Property:
        if self.cursor.token.kind not in {"name", "text"}:
            self.cursor.fail("the name of a property")
        token = self.cursor.advance()
        text = self.text(token) if token.kind == "text" else None
        key: str | Text = token.value if text is None else text if text.literal is None else text.literal
        self.cursor.mark(":", f"after the property {key!r}" if isinstance(key, str) else "after a property's name")
        return Property(key, self.expression(), token.at)

    def _is_lambda(self) -> bool:
        return any(self.cursor.looks_like("(", *names, ")", "=>") for names in ((), ("name",), ("name", ",", "name")))

    def _lambda(self) -> Lambda:
        at = self.cursor.token.at
        names: list[str] = []
        while not self.cursor.take_mark("=>"):
            token = self.cursor.advance()
            if token.kind == "name":
                names.append(token.value)
        self.cursor.skip_newlines()
        return Lambda(tuple(names), self.expression(), at)
