"""Type expressions: `string`, `'a' | 'b'`, `int[]`, `{ key: type }`, `string?`."""

from infra.checks.bicep.cursor import Cursor
from infra.checks.bicep.declarations import (
    ArrayType,
    LiteralType,
    NamedType,
    NullableType,
    ObjectType,
    TypeExpression,
    UnionType,
)


def parse_type(cursor: Cursor) -> TypeExpression:
    """One type, at the next token."""
    at = cursor.token.at
    cursor.take_mark("|")
    members = [_suffixed(cursor)]
    while cursor.continues_with("|"):
        cursor.advance()
        members.append(_suffixed(cursor))
    return members[0] if len(members) == 1 else UnionType(tuple(members), at)


def _suffixed(cursor: Cursor) -> TypeExpression:
    base = _single(cursor)
    while True:
        if cursor.looks_like("[", "]"):
            cursor.advance()
            cursor.advance()
            base = ArrayType(base, base.at)
        elif cursor.take_mark("?"):
            base = NullableType(base, base.at)
        else:
            return base


def _single(cursor: Cursor) -> TypeExpression:
    token = cursor.token
    if cursor.take_mark("("):
        inside = parse_type(cursor)
        cursor.mark(")", "after a type in brackets")
        return inside
    if cursor.at_mark("{"):
        return _object(cursor)
    if token.kind == "number":
        return LiteralType(int(cursor.advance().value), token.at)
    if token.kind == "text" and all(isinstance(part, str) for part in token.parts):
        cursor.advance()
        return LiteralType("".join(str(part) for part in token.parts), token.at)
    if cursor.at_word("true", "false"):
        return LiteralType(cursor.advance().value == "true", token.at)
    return NamedType(cursor.name("a type").value, token.at)


def _object(cursor: Cursor) -> ObjectType:
    at = cursor.advance().at
    properties: list[tuple[str, TypeExpression]] = []
    extra: TypeExpression | None = None
    cursor.skip_newlines()
    while not cursor.take_mark("}"):
        _skip_decorators(cursor)
        if cursor.take_mark("*"):
            cursor.mark(":", "after '*'")
            extra = parse_type(cursor)
        else:
            name = cursor.name("the name of a property").value
            cursor.mark(":", "after a property's name")
            properties.append((name, parse_type(cursor)))
        cursor.take_mark(",")
        cursor.skip_newlines()
    return ObjectType(tuple(properties), extra, at)


def _skip_decorators(cursor: Cursor) -> None:
    """What decorators say of a property (a description, bounds) is not checked here."""
    while cursor.take_mark("@"):
        while cursor.token.kind not in {"newline", "end"}:
            cursor.advance()
        cursor.skip_newlines()
