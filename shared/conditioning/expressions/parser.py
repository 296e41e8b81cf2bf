"""Expressions by precedence climbing: each operator has a strength, and an operand ends where a weaker one follows.

From weak to strong: `or`, `and`, `not`, comparisons, `??`, `+ -`, `* / %`, unary minus. What is often read in two ways
is refused instead: `a < b < c`, and `??` beside arithmetic without parentheses.
"""

import dataclasses
import math
import re
from datetime import date, datetime
from typing import Final

from shared.conditioning.expressions.functions import FUNCTIONS
from shared.conditioning.expressions.tokens import Token, tokens
from shared.conditioning.expressions.tree import Call, Name, Node, Written
from shared.conditioning.expressions.values import ExpressionError
from shared.near_names import nearest, similar

MAX_LENGTH: Final = 1_000
MAX_DEPTH: Final = 40
MAX_NODES: Final = 400

_NOT: Final = 3
_COMPARISON: Final = 4
_UNARY: Final = 8
_STRENGTHS: Final = (
    dict.fromkeys(("or",), 1)
    | dict.fromkeys(("and",), 2)
    | dict.fromkeys(("=", "==", "!=", "<", "<=", ">", ">=", "in", "not", "is"), _COMPARISON)
    | {"??": 5}
    | dict.fromkeys(("+", "-"), 6)
    | dict.fromkeys(("*", "/", "%"), 7)
)
_ARITHMETIC: Final = frozenset("+-*/%")
_WORDS: Final = frozenset({"and", "or", "not", "in", "is", "null", "true", "false"})
_CONSTANTS: Final = {"true": True, "false": False, "null": None}
_LARGEST: Final = 2**63 - 1
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIMESTAMP: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z")


def parse_tree(text: str) -> Node:
    """An expression as it is written.

    Raises:
        ExpressionError: It is too long, too deep, or does not follow the grammar.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError(
            f"an expression has at most {MAX_LENGTH} characters, and this one has {len(text)}; "
            "derive a part of it under a name of its own",
            MAX_LENGTH,
        )
    return _Parser(tokens(text)).whole()


class _Parser:
    def __init__(self, found: list[Token]) -> None:
        self._tokens = found
        self._at = 0
        self._nodes = 0
        self._level = 0

    def whole(self) -> Node:
        if self._at_end():
            raise ExpressionError("there is no expression; write for example price * units", 0)
        node = self._expression(0)
        if not self._at_end():
            raise self._unexpected("an operator or the end")
        return node

    def _at_end(self) -> bool:
        return self._next.kind == "end"

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        token = self._next
        self._at += 1
        return token

    def _expression(self, weakest: int) -> Node:
        self._level += 1
        if self._level > MAX_DEPTH:
            raise _too_deep(self._next.position)
        left = self._operand(weakest)
        while (strength := self._strength()) > weakest:
            token = self._take()
            left = self._comparison(token, left) if strength == _COMPARISON else self._binary(token, left, strength)
        self._level -= 1
        return left

    def _strength(self) -> int:
        token = self._next
        return _STRENGTHS.get(token.text, 0) if token.kind in ("sign", "word") else 0

    def _binary(self, token: Token, left: Node, strength: int) -> Node:
        right = self._expression(strength)
        if token.text == "??":
            for side in (left, right):
                if isinstance(side, Call) and side.name in _ARITHMETIC and not side.grouped:
                    raise ExpressionError(
                        f"`??` beside `{side.name}` can be read in two ways; put parentheses around one of them",
                        token.position,
                    )
        return self._call("coalesce" if token.text == "??" else token.text, (left, right), token)

    def _comparison(self, token: Token, left: Node) -> Node:
        match token.text:
            case "is":
                node = self._is(token, left)
            case "in":
                node = self._in(token, left)
            case "not":
                self._expect("in")
                node = self._call("not", (self._in(token, left),), token)
            case sign:
                node = self._call("=" if sign == "==" else sign, (left, self._expression(_COMPARISON)), token)
        if self._strength() == _COMPARISON:
            raise ExpressionError(
                f"{self._next.shown} cannot follow another comparison; write a < b and b < c", self._next.position
            )
        return node

    def _is(self, token: Token, left: Node) -> Node:
        negated = self._next.is_one_of("not")
        if negated:
            self._take()
        if not self._next.is_one_of("null"):
            raise ExpressionError(
                f"`is` asks for null only, and {self._next.shown} follows; write is null, is not null, or =",
                self._next.position,
            )
        self._take()
        return self._call("is not null" if negated else "is null", (left,), token)

    def _in(self, token: Token, left: Node) -> Node:
        self._expect("[")
        return self._call("in", (left, *self._list("]")), token)

    def _list(self, end: str) -> list[Node]:
        found: list[Node] = []
        while not self._next.is_one_of(end):
            found.append(self._expression(0))
            if not self._next.is_one_of(end):
                self._expect(",", f"`,` or `{end}`")
        self._take()
        return found

    def _operand(self, weakest: int) -> Node:
        token = self._take()
        match token.kind:
            case "number":
                return self._number(token, negative=False)
            case "text":
                return self._node(Written(token.text, token.position))
            case "column":
                return self._node(Name(token.text, token.position))
            case "word":
                return self._word(token, weakest)
            case "sign" if token.text == "-":
                return self._minus(token)
            case "sign" if token.text == "(":
                node = self._expression(0)
                self._expect(")")
                return dataclasses.replace(node, grouped=True) if isinstance(node, Call) else node
        self._at -= 1
        raise self._unexpected("a value")

    def _minus(self, token: Token) -> Node:
        if self._next.kind == "number":  # so that the smallest integer can be written
            return self._number(dataclasses.replace(self._take(), position=token.position), negative=True)
        return self._call("negate", (self._expression(_UNARY),), token)

    def _number(self, token: Token, *, negative: bool) -> Node:
        if token.text.isdecimal():
            whole = int(token.text)
            if whole > _LARGEST + negative:
                raise ExpressionError(
                    f"the integer `{token.text}` is above {_LARGEST}; write it as 1e19", token.position
                )
            return self._node(Written(-whole if negative else whole, token.position))
        value = float(token.text)
        if not math.isfinite(value):
            raise ExpressionError(
                f"the number `{token.text}` is too large; the largest is about 1.8e308", token.position
            )
        return self._node(Written(-value if negative and value else value, token.position))

    def _word(self, token: Token, weakest: int) -> Node:
        word = token.text
        if word in _CONSTANTS:
            return self._node(Written(_CONSTANTS[word], token.position))
        if word == "not":
            if weakest >= _COMPARISON:
                raise ExpressionError("`not` after another operator needs parentheses; write (not …)", token.position)
            return self._call("not", (self._expression(_NOT),), token)
        if word in ("date", "timestamp") and self._next.kind == "text":
            return self._moment(word, self._take())
        if self._next.is_one_of("("):
            return self._function(token)
        if word in _WORDS:
            self._at -= 1
            raise self._unexpected("a value")
        return self._node(Name(word, token.position))

    def _function(self, token: Token) -> Node:
        name = token.text
        known = FUNCTIONS.keys() | {"date", "timestamp"}
        if name not in known:
            raise ExpressionError(f"there is no function `{name}`; {nearest(name, known)}", token.position)
        self._take()
        arguments = tuple(self._list(")"))
        if name not in FUNCTIONS:
            return self._written_moment(token, arguments)
        function = FUNCTIONS[name]
        if not function.accepts(len(arguments)):
            raise ExpressionError(
                f"`{name}` is written {function.signature}, and {len(arguments)} "
                f"{'value is' if len(arguments) == 1 else 'values are'} given",
                token.position,
            )
        return self._call(name, arguments, token)

    def _written_moment(self, token: Token, arguments: tuple[Node, ...]) -> Node:
        match arguments:
            case (Written(value=str(text), position=position),):
                return self._moment(token.text, Token("text", text, position))
        raise ExpressionError(
            f"`{token.text}` takes one written text, such as {_example(token.text)}; "
            f"a column becomes a {token.text} by its type",
            token.position,
        )

    def _moment(self, kind: str, token: Token) -> Node:
        pattern, read = (_DATE, date.fromisoformat) if kind == "date" else (_TIMESTAMP, datetime.fromisoformat)
        try:
            value = read(token.text) if pattern.fullmatch(token.text) else None
        except ValueError:  # no such day
            value = None
        if value is None:
            raise ExpressionError(f"`{token.text}` is no {kind}; write for example {_example(kind)}", token.position)
        return self._node(Written(value, token.position))

    def _call(self, name: str, arguments: tuple[Node, ...], token: Token) -> Node:
        depth = 1 + max((argument.depth for argument in arguments), default=0)
        if depth > MAX_DEPTH:
            raise _too_deep(token.position)
        return self._node(Call(name, arguments, token.position, depth))

    def _node[N: Node](self, node: N) -> N:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise ExpressionError(
                f"an expression has at most {MAX_NODES} values and operators; derive a part of it on its own",
                node.position,
            )
        return node

    def _expect(self, text: str, wanted: str = "") -> None:
        if not self._next.is_one_of(text):
            raise self._unexpected(wanted or f"`{text}`")
        self._take()

    def _unexpected(self, wanted: str) -> ExpressionError:
        token = self._next
        meant = similar(token.text, _WORDS, 0.8) if token.kind == "word" and token.text not in _WORDS else None
        remedy = f"; did you mean `{meant}`?" if meant else ""
        return ExpressionError(f"{wanted} is needed here, and {token.shown} follows{remedy}", token.position)


def _example(kind: str) -> str:
    return "date'2026-01-31'" if kind == "date" else "timestamp'2026-01-31T10:00:00Z'"


def _too_deep(position: int) -> ExpressionError:
    return ExpressionError(
        f"the expression is nested more than {MAX_DEPTH} levels deep; derive a part of it under a name of its own",
        position,
    )
