"""Integers, numbers and money from text: exactly what the recipe says is a number, and nothing that only looks like it.

polars' casts take what the grammars here take, and besides exponents in decimals, `inf` and `nan`; the tests hold them
against it. So a plain number is cast, and a regular expression is met only by what has separators or a currency.
"""

import re
from dataclasses import dataclass, replace
from typing import Final, Self

import polars as pl

from shared.conditioning.recipe.columns import Column
from shared.conditioning.recipe.facts import decimal_of, thousands_of
from shared.conditioning.recipe.schema import Recipe
from shared.conditioning.units import CONVERTED_DECIMALS, conversion

#: What may stand for a separator: texts that are set with care have no-break spaces and a curly apostrophe.
_THOUSANDS: Final = {".": r"\.", ",": ",", " ": "[ \u00a0\u202f]", "'": "['’]"}
_BLANK: Final = "[ \u00a0\u202f]?"
_CENTS: Final = pl.Decimal(38, 2)


@dataclass(frozen=True)
class Notation:
    """How a column writes its amounts.

    Attributes:
        decimal: What stands before the fraction.
        thousands: What groups digits, three by three, or nothing.
        currency: What may stand before or after an amount.
    """

    decimal: str
    thousands: str | None
    currency: str | None

    @classmethod
    def of(cls, column: Column, recipe: Recipe) -> Self:
        """What the column says, or else the recipe; a separator that the column uses otherwise is not inherited."""
        decimal, thousands = decimal_of(column, recipe), thousands_of(column, recipe)
        return cls(decimal, None if thousands == decimal else thousands, column.currency)

    @property
    def digits(self) -> str:
        """Regular expression of the digits before a fraction."""
        if self.thousands is None:
            return "[0-9]+"
        return f"(?:[0-9]+|[0-9]{{1,3}}(?:{_THOUSANDS[self.thousands]}[0-9]{{3}})+)"

    def amount(self, *, cents: bool) -> str:
        """Regular expression of digits and fraction, without sign; `cents` allows no third digit but zeros."""
        point = re.escape(self.decimal)
        some, more = ("[0-9]{0,2}0*", "[0-9]{1,2}0*") if cents else ("[0-9]*", "[0-9]+")
        return f"(?:{self.digits}(?:{point}{some})?|{point}{more})"

    def signed(self, amount: str) -> str:
        """Regular expression of an amount with its sign and currency, where there are any.

        A negative amount has a minus before it, after it, or is in parentheses, as accountants write it; the currency
        stands before or after it, not both.
        """
        bare = [f"[+-]?{amount}", f"{amount}-", rf"\({amount}\)"]
        forms = list(bare)
        if self.currency is not None:
            code = re.escape(self.currency)
            before, after = f"{code}{_BLANK}", f"{_BLANK}{code}"
            forms += [f"{before}{form}" for form in bare] + [f"{form}{after}" for form in bare]
            forms += [f"[+-]{before}{amount}", rf"\({before}{amount}\)", rf"\({amount}{after}\)"]
        return f"^(?:{'|'.join(forms)})$"


def integer(value: pl.Expr, column: Column, recipe: Recipe) -> pl.Expr:
    """Int64 of a text; null where it is none, or one of more than 64 bits. With a unit it is a number, and rounded."""
    if column.unit is not None:
        return number(value, column, recipe).round().cast(pl.Int64, strict=False)
    notation = Notation.of(column, recipe)
    if notation.thousands is None:
        return value.cast(pl.Int64, strict=False)
    grouped = _without_thousands(value, notation).cast(pl.Int64, strict=False)
    return pl.when(value.str.contains(f"^[+-]?{notation.digits}$")).then(grouped)


def plain_integer(value: pl.Expr, column: Column, recipe: Recipe) -> pl.Expr:
    """The same of the commonest form, which is read much faster: without separators of thousands."""
    if column.unit is not None:
        return plain_number(value, column, recipe).round().cast(pl.Int64, strict=False)
    return value.cast(pl.Int64, strict=False)


def number(value: pl.Expr, column: Column, recipe: Recipe) -> pl.Expr:
    """Float64 of a text, converted to the column's unit; null where it is none, or not finite. Zero has no sign."""
    return _converted(_number(value, Notation.of(column, recipe)), column)


def plain_number(value: pl.Expr, column: Column, recipe: Recipe) -> pl.Expr:
    """The same of the commonest form, which is read much faster: without separators of thousands."""
    notation = Notation.of(column, recipe)
    if notation.currency is None and notation.decimal == ".":
        return _converted(value.cast(pl.Float64, strict=False), column)
    return number(value, column, recipe)


def _converted(read: pl.Expr, column: Column) -> pl.Expr:
    if column.unit is not None:
        factor, offset = conversion(column.unit.source, column.unit.target)
        read = (read * factor + offset).round(CONVERTED_DECIMALS)
    return pl.when(read == 0).then(0.0).when(read.is_finite()).then(read)  # minus zero is equal to zero


def money(value: pl.Expr, column: Column, recipe: Recipe) -> pl.Expr:
    """Int64 of a text: its cents, exactly; null where it is no amount, of parts of a cent, or of more than 64 bits."""
    notation = Notation.of(column, recipe)
    unsigned, negative = _unsigned(value, notation)
    cents = unsigned.cast(_CENTS, strict=False).to_physical().cast(pl.Int64, strict=False)
    signed = pl.when(negative).then(-cents).otherwise(cents)
    return pl.when(value.str.contains(notation.signed(notation.amount(cents=True)))).then(signed)


def plain_money(value: pl.Expr, column: Column, recipe: Recipe) -> pl.Expr:
    """The same of the commonest form, which is read much faster.

    It is unsigned, without separators of thousands, and the currency, if any, stands at once before it.
    """
    notation = replace(Notation.of(column, recipe), thousands=None)
    code, bare = "", value
    if notation.currency is not None:
        code, bare = f"(?:{re.escape(notation.currency)})?", value.str.strip_prefix(notation.currency)
    cents = _plain(bare, notation).cast(_CENTS, strict=False).to_physical().cast(pl.Int64, strict=False)
    return pl.when(value.str.contains(f"^{code}{notation.amount(cents=True)}$")).then(cents)


def _number(value: pl.Expr, notation: Notation) -> pl.Expr:
    if notation.currency is not None:
        unsigned, negative = _unsigned(value, notation)
        read = unsigned.cast(pl.Float64, strict=False)
        fits = value.str.contains(notation.signed(notation.amount(cents=False)))
        return pl.when(fits).then(pl.when(negative).then(-read).otherwise(read))
    if notation.thousands is None and notation.decimal == ".":
        return value.cast(pl.Float64, strict=False)
    fits = value.str.contains(f"^[+-]?{notation.amount(cents=False)}(?:[eE][+-]?[0-9]+)?$")
    return pl.when(fits).then(_plain(value, notation).cast(pl.Float64, strict=False))


def _unsigned(value: pl.Expr, notation: Notation) -> tuple[pl.Expr, pl.Expr]:
    """Digits and fraction of a text that is an amount, with a point; and whether it is negative."""
    bare = value
    if notation.currency is not None:
        bare = value.str.replace(notation.currency, "", literal=True)
    negative = bare.str.contains("[(-]")
    return _plain(bare.str.strip_chars("+-() \u00a0\u202f"), notation), negative


def _plain(value: pl.Expr, notation: Notation) -> pl.Expr:
    plain = _without_thousands(value, notation)
    return plain if notation.decimal == "." else plain.str.replace(notation.decimal, ".", literal=True)


def _without_thousands(value: pl.Expr, notation: Notation) -> pl.Expr:
    match notation.thousands:
        case None:
            return value
        case "." | "," as separator:
            return value.str.replace_all(separator, "", literal=True)
        case separator:
            return value.str.replace_all(_THOUSANDS[separator], "")
