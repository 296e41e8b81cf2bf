"""Text to tokens: names, numbers, strings with their interpolated parts, punctuation and line ends."""

import re
from dataclasses import dataclass
from typing import Literal

from infra.checks.bicep.tree import Place

type Kind = Literal["name", "number", "text", "mark", "newline", "end"]
#: A string is its literal stretches and, between them, the tokens of what is interpolated.
type Part = str | tuple[Token, ...]

_SKIPPED = re.compile(r"[ \t]+|//[^\n]*|/\*.*?\*/|#(?:disable|restore)-[^\n]*", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_]\w*")
_NUMBER = re.compile(r"\d+")
_MARK = re.compile(r"\.\.\.|=>|==|!=|=~|!~|>=|<=|&&|\|\||\?\?|::|\.\?|\[\?|[{}\[\]()=:,.@?!<>+\-*/%|;]")
_NEWLINE = re.compile(r"\r?\n")
_LITERAL = re.compile(r"(?:[^'\\$\r\n]|\$(?!\{))+")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", "'": "'", "$": "$"}
_CODE_POINT = re.compile(r"u\{([0-9a-fA-F]{1,6})\}")


class SyntaxFault(Exception):  # noqa: N818 - a fault of the text that is read, not of this program
    """The text is not Bicep; where, and what would be right.

    Args:
        at: Line and column, both from 1.
        message: What is wrong and what was expected.
    """

    def __init__(self, at: Place, message: str) -> None:
        super().__init__(f"{at.line}:{at.column}: {message}")
        self.at = at
        self.message = message


@dataclass(frozen=True, slots=True)
class Token:
    """One token.

    Attributes:
        kind: What it is.
        value: Its text; empty for a string.
        at: Where it starts.
        parts: Of a string.
    """

    kind: Kind
    value: str
    at: Place
    parts: tuple[Part, ...] = ()


def tokenize(text: str) -> tuple[Token, ...]:
    """All tokens of a file, with one of kind `end` as the last.

    Raises:
        SyntaxFault: A character or a string that Bicep does not have.
    """
    return _Lexer(text).run()


class _Lexer:
    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.line = 1
        self.line_start = 0

    def run(self, *, until_brace: bool = False) -> tuple[Token, ...]:
        """Tokens up to the end, or up to the brace that closes an interpolation."""
        tokens: list[Token] = []
        depth = 0
        while token := self._next():
            if until_brace and token.kind == "mark":
                depth += {"{": 1, "}": -1}.get(token.value, 0)
                if depth < 0:
                    return (*tokens, Token("end", "", token.at))
            tokens.append(token)
        if until_brace:
            raise SyntaxFault(self._here(), "the text ends inside ${…}; the brace that closes it is missing")
        return (*tokens, Token("end", "", self._here()))

    def _here(self) -> Place:
        return Place(self.line, self.position - self.line_start + 1)

    def _take(self, pattern: re.Pattern[str]) -> str | None:
        match = pattern.match(self.text, self.position)
        if match is None:
            return None
        self._move(match.end())
        return match.group()

    def _move(self, end: int) -> None:
        newlines = self.text.count("\n", self.position, end)
        if newlines:
            self.line += newlines
            self.line_start = self.text.rindex("\n", self.position, end) + 1
        self.position = end

    def _next(self) -> Token | None:
        while self._take(_SKIPPED):
            pass
        if self.position >= len(self.text):
            return None
        at = self._here()
        if self.text.startswith("'''", self.position):
            return self._raw_text(at)
        if self.text[self.position] == "'":
            return self._text(at)
        kinds: tuple[tuple[Kind, re.Pattern[str]], ...] = (
            ("newline", _NEWLINE), ("name", _NAME), ("number", _NUMBER), ("mark", _MARK)
        )  # fmt: skip
        for kind, pattern in kinds:
            if (value := self._take(pattern)) is not None:
                return Token(kind, value, at)
        raise SyntaxFault(at, f"{self.text[self.position]!r} is no character of Bicep")

    def _raw_text(self, at: Place) -> Token:
        end = self.text.find("'''", self.position + 3)
        if end < 0:
            raise SyntaxFault(at, "the string that starts here with ''' is not closed")
        content = self.text[self.position + 3 : end]
        self._move(end + 3)
        return Token("text", "", at, (re.sub(r"^\r?\n", "", content),))

    def _text(self, at: Place) -> Token:
        parts: list[Part] = []
        literal = ""
        self.position += 1
        while not self.text.startswith("'", self.position):
            if self.text.startswith("${", self.position):
                parts.append(literal)
                literal = ""
                self.position += 2
                parts.append(self.run(until_brace=True))
            elif (stretch := self._take(_LITERAL)) is not None:
                literal += stretch
            elif self.text.startswith("\\", self.position):
                literal += self._escape()
            else:
                raise SyntaxFault(at, "the string that starts here is not closed on its line")
        self.position += 1
        return Token("text", "", at, (*parts, literal))

    def _escape(self) -> str:
        at = self._here()
        self.position += 1
        if (code := _CODE_POINT.match(self.text, self.position)) is not None:
            self.position = code.end()
            return chr(int(code.group(1), 16))
        letter = self.text[self.position : self.position + 1]
        if letter not in _ESCAPES:
            raise SyntaxFault(at, f"\\{letter} is no escape; Bicep has \\\\ \\' \\n \\r \\t \\$ and \\u{{…}}")
        self.position += 1
        return _ESCAPES[letter]
