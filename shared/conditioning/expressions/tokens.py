"""An expression's text as words, numbers, texts and signs."""

import re
from dataclasses import dataclass
from typing import Final, Literal

from shared.conditioning.expressions.values import ExpressionError

_TOKEN: Final = re.compile(
    r"""(?P<blank>\s+)
    | (?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)
    | (?P<word>[^\W\d]\w*)
    | `(?P<column>[^`]+)`
    | '(?P<single>(?:[^']|'')*)'
    | "(?P<double>(?:[^"]|"")*)"
    | (?P<sign>\?\?|==|!=|<=|>=|[-+*/%=<>()\[\],])""",
    re.VERBOSE,
)
#: What other languages write, and what is written here.
_FOREIGN: Final = {
    "<>": "write != for `is not equal`",
    "&&": "write and",
    "||": "write or; texts are joined by +",
    "**": "there is no power; multiply",
    "&": "write and",
    "|": "write or",
    "!": "write not",
    "^": "there is no power; multiply",
    ".": "a number has digits on both sides of its point, and nothing else has a point; write 0.5, or a name in `…`",
    "'": "a text ends with the quote that it begins with; write a quote inside a text twice",
    '"': "a text ends with the quote that it begins with; write a quote inside a text twice",
    "`": "a column's name in ` ends with `",
}

Kind = Literal["number", "word", "column", "text", "sign", "end"]


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of an expression.

    Attributes:
        kind: What it is; the last one is `end`.
        text: Its content, without quotes.
        position: Where it begins.
    """

    kind: Kind
    text: str
    position: int

    def is_one_of(self, *texts: str) -> bool:
        """Whether it is one of these signs or words."""
        return self.kind in ("sign", "word") and self.text in texts

    @property
    def shown(self) -> str:
        """For messages."""
        return "the end" if self.kind == "end" else f"`{self.text}`"


def tokens(text: str) -> list[Token]:
    """Cut an expression up.

    Raises:
        ExpressionError: A character that means nothing, a text without end, or a number that runs into a word.
    """
    found: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        foreign = next((sign for sign in _FOREIGN if text.startswith(sign, at)), None)
        if match is None or foreign in {"<>", "**"}:
            remedy = _FOREIGN[foreign] if foreign else "this character means nothing here; texts stand in quotes"
            raise ExpressionError(f"`{foreign or text[at]}` cannot be read; {remedy}", at)
        _refuse_joined(text, match)
        token = _token(match)
        if token is not None:
            found.append(token)
        at = match.end()
    return [*found, Token("end", "", len(text))]


def _refuse_joined(text: str, match: re.Match[str]) -> None:
    """A number that runs into a word or a second point is neither of both."""
    following = text[match.end() : match.end() + 1]
    if match.lastgroup == "number" and (following == "." or re.match(r"\w", following)):
        written = re.match(r"[\w.]+", text[match.start() :])
        shown = written[0] if written else match[0]
        raise ExpressionError(
            f"`{shown}` is no number; write for example 1000 or 0.5, and a column whose name begins with a digit "
            "in `…`",
            match.start(),
        )


def _token(match: re.Match[str]) -> Token | None:
    content = match[match.lastgroup or 0]
    match match.lastgroup:
        case "blank":
            return None
        case "single" | "double":
            quote = match[0][0]
            return Token("text", content.replace(quote * 2, quote), match.start())
        case "number" | "word" | "column" | "sign" as kind:
            return Token(kind, content, match.start())
        case other:
            raise AssertionError(other)
