"""A recipe as far as it is well formed, and the words that all of its checks use."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from shared.conditioning.expressions import Expression, ExpressionError, parse
from shared.conditioning.expressions.values import ValueType, in_words
from shared.conditioning.recipe.schema import Recipe
from shared.conditioning.recipe.value_types import STANDARD_NAME
from shared.located_yaml import Place
from shared.near_names import nearest

#: What is wrong and what would be right, at a place of the recipe.
type Fault = tuple[Place, str]
#: Columns and the types of their values; `None` where that is not known, since what makes them is wrong itself.
type Known = Mapping[str, ValueType | None]

_WORD: Final = re.compile(r"\w+")
#: The function that takes a regular expression.
_REGEX: Final = "matches"


@dataclass(frozen=True)
class Draft:
    """A recipe of which parts may be left out, since something is wrong with them.

    Attributes:
        recipe: The well-formed parts.
        unknown: Columns that are wrong themselves: their names are known, and nothing else.
        rules: Positions of rules that are wrong themselves; something harmless stands there.
        lost: Keys of the first level that are left out.
    """

    recipe: Recipe
    unknown: frozenset[str] = frozenset()
    rules: frozenset[int] = frozenset()
    lost: frozenset[str] = frozenset()


def name_fault(name: str) -> str | None:
    """What is wrong with the name of a standard column."""
    if re.fullmatch(STANDARD_NAME, name):
        return None
    return f"`{name}` is no name for a standard column; use a-z, 0-9 and _, a-z first"


def column_faults(place: Place, name: str, known: Iterable[str], what: str = "") -> Iterator[Fault]:
    """Whether a column is there; `what` says why it may not be."""
    known = list(known)
    if name not in known:
        yield place, f"there is no column `{name}`{what}; {nearest(name, known)}"


def list_faults(place: Place, names: list[str], known: Iterable[str], what: str = "") -> Iterator[Fault]:
    """Whether all columns of a list are there, each once."""
    known = list(known)
    for index, name in enumerate(names):
        if name in names[:index]:
            yield (*place, index), f"`{name}` is listed twice; keep one of them"
        else:
            yield from column_faults((*place, index), name, known, what)


def parsed(text: str, columns: Known) -> Expression | str | None:
    """An expression, or what is wrong with it, or `None` where a column that it may use is wrong itself."""
    if any(columns.get(word, "text") is None for word in _WORD.findall(text)):
        return None
    try:
        expression = parse(text, {name: type_ or "text" for name, type_ in columns.items()})  # named to be meant only
        if _REGEX in text:
            expression.polars()  # its regular expressions are less than Python's
        return expression
    except ExpressionError as error:
        return f"`{text}`, character {error.position + 1}: {error.message}"


def condition_faults(place: Place, text: str, columns: Known) -> Iterator[Fault]:
    """Whether an expression can be asked of a row: it is true or false, and looks at the row."""
    expression = parsed(text, columns)
    if isinstance(expression, str):
        yield place, expression
    elif expression is not None and expression.type != "boolean":
        example = f"({text}) > 0" if expression.type in ("integer", "number") else "units > 0"
        yield (
            place,
            f"`{text}` is {in_words(expression.type)}, and must be true or false; write for example `{example}`",
        )
    elif expression is not None and not expression.columns:
        yield place, f"`{text}` looks at no column, so it says the same of every row; remove it"
