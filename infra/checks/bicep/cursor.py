"""Where a parser stands in its tokens, and the few questions that it asks there."""

from collections.abc import Sequence
from typing import NoReturn

from infra.checks.bicep.tokens import SyntaxFault, Token


class Cursor:
    """A position in a sequence of tokens that ends with one of kind `end`."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._next = 0

    @property
    def token(self) -> Token:
        """The token that comes next."""
        return self._tokens[self._next]

    def advance(self) -> Token:
        """Take the next token, whatever it is."""
        token = self.token
        self._next = min(self._next + 1, len(self._tokens) - 1)
        return token

    @property
    def at_end(self) -> bool:
        """Whether all tokens are taken."""
        return self.token.kind == "end"

    def at_mark(self, *marks: str) -> bool:
        """Whether one of these marks comes next."""
        return self.token.kind == "mark" and self.token.value in marks

    def at_word(self, *words: str) -> bool:
        """Whether one of these words comes next."""
        return self.token.kind == "name" and self.token.value in words

    def take_mark(self, *marks: str) -> Token | None:
        """Take one of these marks, if it comes next."""
        return self.advance() if self.at_mark(*marks) else None

    def take_word(self, *words: str) -> Token | None:
        """Take one of these words, if it comes next."""
        return self.advance() if self.at_word(*words) else None

    def mark(self, mark: str, where: str) -> Token:
        """Take this mark; `SyntaxFault` if something else comes."""
        return self.take_mark(mark) or self.fail(f"{mark!r} {where}")

    def name(self, what: str) -> Token:
        """Take a name; `SyntaxFault` if something else comes."""
        return self.advance() if self.token.kind == "name" else self.fail(what)

    def skip_newlines(self) -> bool:
        """Take all line ends; whether there was one."""
        found = self.token.kind == "newline"
        while self.token.kind == "newline":
            self.advance()
        return found

    def continues_with(self, *marks: str) -> bool:
        """Whether one of these marks comes next, be it after line ends; if so, those are taken."""
        ahead = self._next
        while self._tokens[ahead].kind == "newline":
            ahead += 1
        found = self._tokens[ahead].kind == "mark" and self._tokens[ahead].value in marks
        if found:
            self._next = ahead
        return found

    def looks_like(self, *pattern: str) -> bool:
        """Whether the next tokens are these marks, where `name` stands for any name."""
        ahead = self._tokens[self._next : self._next + len(pattern)]
        return len(ahead) == len(pattern) and all(
            token.kind == "name" if wanted == "name" else token.kind == "mark" and token.value == wanted
            for token, wanted in zip(ahead, pattern, strict=True)
        )

    def fail(self, expected: str) -> NoReturn:
        """Refuse what comes next."""
        found = {"newline": "the end of the line", "end": "the end of the text", "text": "a string"}.get(
            self.token.kind, repr(self.token.value)
        )
        raise SyntaxFault(self.token.at, f"expected {expected}, found {found}")
