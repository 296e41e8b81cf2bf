"""Expressions of Data Factory pipelines, as far as the ones in `infra/data_factory` use them.

(Source: Microsoft Learn, "Expressions and functions in Azure Data Factory".) A text that begins with `@` is an
expression and keeps its type; `@{…}` inside of a text is put in as text; `@@` is an `@`. What is not known here is an
error, so that no pipeline relies on it untried.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?)|(?P<name>[A-Za-z_]\w*)|(?P<sign>\?\.|[.,()\[\]]))"
)
_WORDS: Final[Mapping[str, Any]] = {"true": True, "false": False, "null": None}

#: What a pipeline can ask for: `pipeline`, `activity`, `variables`, `linkedService`.
type Scope = Mapping[str, Callable[..., Any]]


class ExpressionError(Exception):
    """Data Factory would refuse it, or it is not known here."""


def evaluate(value: Any, scope: Scope) -> Any:
    """A value of a definition with all that it refers to put in, however deep."""
    if isinstance(value, Mapping):
        if value.keys() == {"value", "type"} and value["type"] == "Expression":
            return _text(value["value"], scope)
        return {name: evaluate(one, scope) for name, one in value.items()}
    if isinstance(value, list):
        return [evaluate(one, scope) for one in value]
    return _text(value, scope) if isinstance(value, str) else value


def _text(text: str, scope: Scope) -> Any:
    if text.startswith("@@"):
        return text[1:]
    if text.startswith("@") and not text.startswith("@{"):
        return _Reader(text[1:], scope).whole()
    return re.sub(r"@\{(.*?)\}", lambda found: as_text(_Reader(found[1], scope).whole()), text)


def as_text(value: Any) -> str:
    """A value inside of a text: objects as JSON, true and false with a capital."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, bool) else json.dumps(value)


class _Reader:
    def __init__(self, text: str, scope: Scope) -> None:
        self._text, self._scope, self._at = text, {**_FUNCTIONS, **scope}, 0

    def whole(self) -> Any:
        value = self._value()
        if self._text[self._at :].strip():
            raise ExpressionError(f"{self._text!r}: nothing may follow at {self._at}")
        return value

    def _value(self) -> Any:
        found = self._next()
        kind, token = str(found.lastgroup), found[str(found.lastgroup)]
        if kind == "text":
            value: Any = token[1:-1].replace("''", "'")
        elif kind == "number":
            value = float(token) if "." in token else int(token)
        elif kind == "name" and self._peek() == "(":
            value = self._call(token)
        elif token in _WORDS:
            value = _WORDS[token]
        else:
            raise ExpressionError(f"{self._text!r}: {token!r} cannot be read")
        return self._followed(value)

    def _call(self, name: str) -> Any:
        if name not in self._scope:
            raise ExpressionError(f"{self._text!r}: there is no function {name}")
        self._expect("(")
        given = []
        while self._peek() != ")":
            given.append(self._value())
            if self._peek() != ")":
                self._expect(",")
        self._expect(")")
        return self._scope[name](*given)

    def _followed(self, value: Any) -> Any:
        while (sign := self._peek()) in (".", "?.", "["):
            self._expect(sign)
            key = self._value() if sign == "[" else self._next()["name"]
            if sign == "[":
                self._expect("]")
            if sign == "?." and (value is None or key not in value):
                value = None
                continue
            try:
                value = value[key]
            except (KeyError, TypeError, IndexError) as error:
                raise ExpressionError(f"{self._text!r}: there is no {key!r} in {value!r:.200}") from error
        return value

    def _next(self) -> re.Match[str]:
        found = _TOKEN.match(self._text, self._at)
        if found is None:
            raise ExpressionError(f"{self._text!r} cannot be read at {self._at}")
        self._at = found.end()
        return found

    def _peek(self) -> str | None:
        found = _TOKEN.match(self._text, self._at)
        return found["sign"] if found is not None else None

    def _expect(self, sign: str) -> None:
        if self._next()["sign"] != sign:
            raise ExpressionError(f"{self._text!r}: {sign} is missing before {self._at}")


def _union(*given: Any) -> Any:
    if all(isinstance(one, Mapping) for one in given):
        return {name: value for one in given for name, value in one.items()}
    raise ExpressionError(f"union of {given!r:.200}")


def _contains(where: Any, what: Any) -> bool:
    return bool(what in where)


_FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {
    "concat": lambda *given: "".join(map(as_text, given)),
    "contains": _contains,
    "createArray": lambda *given: list(given),
    "equals": lambda one, other: type(one) is type(other) and one == other,
    "if": lambda condition, yes, no: yes if condition else no,
    "json": json.loads,
    "not": lambda condition: not condition,
    "replace": lambda text, old, new: text.replace(old, new),
    "string": as_text,
    "union": _union,
}
