"""The types of an expression's values, and the one error about what somebody wrote."""

from typing import Final, Literal

#: Money is an integer, of cents.
ValueType = Literal["text", "integer", "number", "date", "timestamp", "boolean"]

#: Blanks that `trim` cuts off, of recipes and of expressions: ASCII's, and the no-break space of spreadsheets.
BLANKS: Final = " \t\r\n\v\f\u00a0"

VALUE_TYPES: Final[tuple[ValueType, ...]] = ("text", "integer", "number", "date", "timestamp", "boolean")

_IN_WORDS: Final[dict[ValueType, str]] = {
    "text": "a text",
    "integer": "an integer",
    "number": "a number",
    "date": "a date",
    "timestamp": "a timestamp",
    "boolean": "true or false",
}


class ExpressionError(ValueError):
    """An expression that has no meaning.

    Args:
        message: What is wrong and what would be right.
        position: Where, as an index into the expression's text; the message shown counts from 1.
    """

    def __init__(self, message: str, position: int) -> None:
        super().__init__(f"at character {position + 1}: {message}")
        self.message = message
        self.position = position


def in_words(*types: ValueType) -> str:
    """Types as a message names them: `an integer or a number`."""
    words = [_IN_WORDS[type_] for type_ in types]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
