"""Rules as expressions: when a row breaks one, and what is said of it then."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Final

import polars as pl

from shared.conditioning.recipe.value_types import ColumnType

#: Characters of a value that a reason shows.
SHOWN: Final = 80
#: Characters of a list of allowed texts that a reason shows.
_LISTED: Final = 400
#: Beyond every 64-bit integer, and still one that polars compares them with.
_FAR: Final = 2**100


@dataclass(frozen=True)
class Rule:
    """What must hold of a row.

    Attributes:
        name: How it is counted: `units.below_min`, `join stores.missing`, or a rule's own name.
        broken: Whether a row breaks it; null counts as not.
        reason: Makes the sentence for a person, of a row that breaks it.
        implied: Whether a later rule rejects these rows as well, so that this one only says it better.
    """

    name: str
    broken: pl.Expr
    reason: Callable[[], pl.Expr]
    implied: bool = False


def shown(value: pl.Expr, *, personal: bool = False) -> pl.Expr:
    """A text in quotes, cut; personal data is never shown."""
    if personal:
        return pl.lit("a value")
    cut = pl.when(value.str.len_chars() > SHOWN).then(value.str.head(SHOWN - 1) + "…").otherwise(value)
    return pl.concat_str(pl.lit('"'), cut.fill_null(""), pl.lit('"'))


def said(*parts: pl.Expr | str) -> pl.Expr:
    """A sentence of texts and expressions."""
    return pl.concat_str([pl.lit(part) if isinstance(part, str) else part for part in parts])


def listed(texts: list[str]) -> str:
    """What is allowed, cut: every rejected row has its reason, and there may be thousands of texts."""
    text = ", ".join(texts)
    return text if len(text) <= _LISTED else f"{text[: _LISTED - 1]}… ({len(texts):,} in all)"


def below(value: pl.Expr, limit: float | date, of: ColumnType) -> pl.Expr:
    """Whether values of a type are below the smallest one that is kept."""
    if isinstance(limit, date):
        return _day(value, of) < pl.lit(limit)
    if of == "money":
        return value < _integer(-(-_cents(limit) // 1))
    return value < (_integer(limit) if isinstance(limit, int) and of == "integer" else pl.lit(float(limit)))


def above(value: pl.Expr, limit: float | date, of: ColumnType) -> pl.Expr:
    """Whether values of a type are above the largest one that is kept; the whole day of a date is kept."""
    if isinstance(limit, date):
        return _day(value, of) > pl.lit(limit)
    if of == "money":
        return value > _integer(_cents(limit) // 1)
    return value > (_integer(limit) if isinstance(limit, int) and of == "integer" else pl.lit(float(limit)))


def matches(value: pl.Expr, pattern: str) -> pl.Expr:
    """Whether the whole of a text matches a regular expression."""
    return value.str.contains(rf"\A(?:{pattern})\z")


def _day(value: pl.Expr, of: ColumnType) -> pl.Expr:
    return value.dt.date() if of == "timestamp" else value


def _integer(limit: int) -> pl.Expr:
    small = abs(limit) < 2**63
    return pl.lit(limit if small else max(-_FAR, min(limit, _FAR)), pl.Int64 if small else pl.Int128)


def _cents(limit: float | date) -> Fraction:
    return Fraction(Decimal(str(limit))) * 100
