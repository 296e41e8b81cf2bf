"""The functions of expressions as data: what messages, checks and docs/recipes.md know of them."""

from dataclasses import dataclass
from typing import Final, Literal

from shared.conditioning.expressions.values import VALUE_TYPES, ValueType

#: The highest number of characters that `slice`, `left` and `right` can be told.
_MOST_CHARACTERS: Final = 1_000_000


@dataclass(frozen=True)
class Parameter:
    """What a function takes at one place.

    Attributes:
        name: As the signature shows it.
        types: What fits; an integer also fits where only a number is taken.
        written: Whether it must stand in the expression itself, instead of being computed for each row.
        most: Of a written integer: the highest one; the lowest is 0.
        may_be_null: Whether the word `null` may stand there.
    """

    name: str
    types: tuple[ValueType, ...]
    written: bool = False
    most: int = _MOST_CHARACTERS
    may_be_null: bool = False


@dataclass(frozen=True)
class Function:
    """A function of the expression language.

    Attributes:
        name: As it is written.
        parameters: What it takes, in order.
        result: Its type; `same` is the common type of those parameters that take several types.
        explanation: One sentence, in Markdown.
        optional: How many parameters at the end may be left out.
        repeated: Whether the last parameter may be given again and again.
    """

    name: str
    parameters: tuple[Parameter, ...]
    result: ValueType | Literal["same"]
    explanation: str
    optional: int = 0
    repeated: bool = False

    @property
    def signature(self) -> str:
        """How it is written: `round(value[, digits])`."""
        names = [parameter.name for parameter in self.parameters]
        needed = len(names) - self.optional
        left_out = "".join(f"[, {name}]" for name in names[needed:])
        return f"{self.name}({', '.join(names[:needed])}{left_out}{', …' if self.repeated else ''})"

    @property
    def fewest(self) -> int:
        """How many values it takes at least."""
        return len(self.parameters) - self.optional

    def accepts(self, count: int) -> bool:
        """Whether it takes so many values."""
        return self.fewest <= count and (self.repeated or count <= len(self.parameters))

    def parameter(self, index: int) -> Parameter:
        """What it takes at an index."""
        return self.parameters[min(index, len(self.parameters) - 1)]


_QUANTITY: Final = Parameter("value", ("integer", "number"))
_NUMBER: Final = Parameter("value", ("number",))
_TEXT: Final = Parameter("text", ("text",))
_DAY: Final = Parameter("date", ("date", "timestamp"))
_COUNT: Final = Parameter("count", ("integer",), written=True)


def _ordered(name: str) -> Parameter:
    return Parameter(name, ("integer", "number", "text", "date", "timestamp"))


def _any(name: str, *, may_be_null: bool = False) -> Parameter:
    return Parameter(name, VALUE_TYPES, may_be_null=may_be_null)


_ALL: Final = (
    Function(
        "if",
        (
            Parameter("condition", ("boolean",)),
            _any("then", may_be_null=True),
            _any("else", may_be_null=True),
        ),
        "same",
        "`then` where the condition is true, `else` where it is false or null.",
    ),
    Function(
        "coalesce", (_any("value"), _any("value")), "same", "The first value that is not null; `a ?? b`.", repeated=True
    ),
    Function(
        "least",
        (_ordered("value"), _ordered("value")),
        "same",
        "The smallest value; nulls are left aside.",
        repeated=True,
    ),
    Function(
        "greatest",
        (_ordered("value"), _ordered("value")),
        "same",
        "The largest value; nulls are left aside.",
        repeated=True,
    ),
    Function("abs", (_QUANTITY,), "same", "The value without its sign."),
    Function(
        "round",
        (_NUMBER, Parameter("digits", ("integer",), written=True, most=15)),
        "number",
        "Rounded to so many digits after the point, to none unless said; halves go away from zero.",
        optional=1,
    ),
    Function("floor", (_QUANTITY,), "integer", "The next integer below."),
    Function("ceil", (_QUANTITY,), "integer", "The next integer above."),
    Function(
        "integer",
        (Parameter("value", ("text", "integer", "number")),),
        "integer",
        "The integer that a text spells (digits and a sign), or a number rounded, halves away from zero; else null.",
    ),
    Function("number", (_TEXT,), "number", "The number that a text spells, such as `-1.5` or `2e3`; else null."),
    Function(
        "text",
        (_any("value"),),
        "text",
        "The value as the standard CSV writes it: `2026-01-31`, `2026-01-31T10:00:00Z`, `true`.",
    ),
    Function("lower", (_TEXT,), "text", "In small letters."),
    Function("upper", (_TEXT,), "text", "In capital letters."),
    Function("trim", (_TEXT,), "text", "Without blanks, tabs and line ends at both ends."),
    Function("length", (_TEXT,), "integer", "How many characters."),
    Function("starts_with", (_TEXT, Parameter("start", ("text",))), "boolean", "Whether it begins so."),
    Function("ends_with", (_TEXT, Parameter("end", ("text",))), "boolean", "Whether it ends so."),
    Function(
        "contains", (_TEXT, Parameter("part", ("text",))), "boolean", "Whether the part is in it, letter by letter."
    ),
    Function(
        "matches",
        (_TEXT, Parameter("pattern", ("text",), written=True)),
        "boolean",
        "Whether the whole text fits a written regular expression, without look-around and back-references.",
    ),
    Function(
        "replace",
        (_TEXT, Parameter("old", ("text",), written=True), Parameter("new", ("text",), written=True)),
        "text",
        "Every `old` replaced by `new`, both written texts.",
    ),
    Function(
        "slice",
        (_TEXT, Parameter("start", ("integer",), written=True), _COUNT),
        "text",
        "So many characters from a place on; the first character is at 0. Both are written integers.",
    ),
    Function("left", (_TEXT, _COUNT), "text", "So many characters from the beginning, a written integer."),
    Function("right", (_TEXT, _COUNT), "text", "So many characters at the end, a written integer."),
    Function(
        "concat", (_TEXT, _TEXT), "text", "The texts one after the other, as `+` does; null if one is.", repeated=True
    ),
    Function("year", (_DAY,), "integer", "The year, of a timestamp in UTC."),
    Function("month", (_DAY,), "integer", "The month, 1 to 12."),
    Function("day", (_DAY,), "integer", "The day of the month, 1 to 31."),
    Function("weekday", (_DAY,), "integer", "1 for Monday to 7 for Sunday."),
    Function("week", (Parameter("date", ("date",)),), "date", "The Monday of its ISO week."),
    Function("month_start", (Parameter("date", ("date",)),), "date", "The first day of its month."),
    Function(
        "days_between",
        (Parameter("first", ("date",)), Parameter("last", ("date",))),
        "integer",
        "Days from the first to the last; negative where the last is earlier.",
    ),
    Function(
        "add_days",
        (Parameter("date", ("date",)), Parameter("days", ("integer",))),
        "date",
        "So many days later, or earlier where negative; null outside the years 1 to 9999.",
    ),
    Function("date_of", (Parameter("timestamp", ("timestamp",)),), "date", "The date in UTC."),
    Function("hour", (Parameter("timestamp", ("timestamp",)),), "integer", "The hour in UTC, 0 to 23."),
)

#: Every function by its name.
FUNCTIONS: Final = {function.name: function for function in _ALL}


def functions_markdown() -> str:
    """The table of functions for docs/recipes.md: a head, and one row per function."""
    rows = ["| function | takes | gives | what it is |", "|---|---|---|---|"]
    for function in _ALL:
        takes = "; ".join(
            "any" if parameter.types == VALUE_TYPES else " or ".join(parameter.types)
            for parameter in dict.fromkeys(function.parameters)
        )
        gives = "the same" if function.result == "same" else function.result
        rows.append(f"| `{function.signature}` | {takes} | {gives} | {function.explanation} |")
    return "\n".join(rows) + "\n"
