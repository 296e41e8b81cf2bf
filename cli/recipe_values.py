"""The values of a column, what they are taken for, and how both are said."""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from cli.printing import printable

#: Share of a column's values that may be none of its type: they are corrupt, and are rejected.
CORRUPT: Final = 0.05


@dataclass
class Guess:
    """What a column is taken for.

    Attributes:
        keys: Of the recipe's column, in the order in which they are written.
        comments: Why, and what is not certain.
        swapped: The other format of its dates, where nothing says which of day and month comes first.
    """

    keys: dict[str, Any] = field(default_factory=dict)
    comments: list[str] = field(default_factory=list)
    swapped: str | None = None


@dataclass(frozen=True)
class Values:
    """The values of a column.

    Attributes:
        name: Of the standard column.
        counts: How often each text occurs, without those that stand for no value.
        missing: Rows without a value.
    """

    name: str
    counts: Counter[str]
    missing: int

    @property
    def total(self) -> int:
        """Rows with a value."""
        return self.counts.total()

    def share(self, fits: Callable[[str], object]) -> float:
        """The share of values that fit."""
        return sum(count for text, count in self.counts.items() if fits(text)) / self.total

    def mostly(self, fits: Callable[[str], object]) -> bool:
        """Whether all fit that are not corrupt."""
        return bool(self.total) and self.share(fits) >= 1 - CORRUPT


def say_corrupt(made: Guess, values: Values, fitting: Iterable[str]) -> None:
    """Note the values that are none of the type."""
    taken = set(fitting)
    corrupt = [text for text in values.counts if text not in taken]
    if corrupt:
        count = sum(values.counts[text] for text in corrupt)
        shown = ", ".join(f"`{short(text)}`" for text in corrupt[:3])
        made.comments.append(f"{count:,} of {values.total:,} values do not fit and are rejected: {shown}")


def yaml_text(text: str) -> str:
    """A text as YAML: in quotes unless everybody takes it for a text."""
    plain = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_ ()/%°.-]*", text) and not text.endswith(" ")
    words = ("y", "n", "yes", "no", "on", "off", "true", "false", "null", "none")
    if plain and text.lower() not in words:
        return text
    escaped = "".join(one if one.isprintable() else f"\\U{ord(one):08X}" for one in text.replace("\\", "\\\\"))
    return '"' + escaped.replace('"', '\\"') + '"'


def short(text: str) -> str:
    """A text that is shown."""
    return printable(text if len(text) <= 30 else text[:29] + "…")
