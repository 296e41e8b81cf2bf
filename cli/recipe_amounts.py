"""Numbers and money: how a column writes them, and whether they can be read in another way as well."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from typing import Final

from cli.recipe_values import CORRUPT, Guess, Values, say_corrupt
from shared.conditioning.rows.amounts import Notation

type Written = tuple[str, str | None]

#: Decimal sign and what groups digits, the more usual first.
_NOTATIONS: Final[tuple[Written, ...]] = (
    (".", None), (".", ","), (",", None), (",", "."), (",", " "), (".", " "), (".", "'"), (",", "'"),
)  # fmt: skip
_CODES: Final = ("AUD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "HUF", "INR", "JPY", "MXN", "NOK",
                 "NZD", "PLN", "SEK", "SGD", "TRY", "USD", "ZAR", "kr", "zł", "Fr.", "US$", "R$")  # fmt: skip
_GROUPED_OR_FRACTION: Final = re.compile(r"[0-9][.,][0-9]{3}$")


def notations(values: Values) -> list[Written]:
    """Decimal sign and what groups digits, where values can be read as numbers; the more usual first, or none."""
    shares = {one: values.share(_number(Notation(*one, None)).match) for one in _NOTATIONS}
    best = max(shares.values())
    return [one for one, share in shares.items() if share == best] if best >= 1 - CORRUPT else []


def writes_comma(columns: Iterable[Values], delimiter: str) -> bool:
    """Whether a decimal comma is what the file's numbers are read with: some can be read with nothing else."""
    fitting = [[decimal for decimal, _ in notations(values)] for values in columns if values.total]
    comma = any(found and "." not in found for found in fitting)
    point = any(found and "," not in found for found in fitting)
    return comma or (delimiter == ";" and not point)


def guess_amount(values: Values, *, comma: bool) -> Guess | None:
    """An integer or a number, if values can be read so."""
    fitting_notations = notations(values)
    if not fitting_notations:
        return None
    if values.share(lambda text: re.match(r"[+-]?0[0-9]", text)) > CORRUPT:
        return Guess({}, ["zeros at the front: a code rather than a number, so it stays a text"])
    decimal, thousands = next((one for one in fitting_notations if (one[0] == ",") == comma), fitting_notations[0])
    notation = Notation(decimal, thousands, None)
    whole = re.compile(f"^[+-]?{notation.digits}$")
    fitting = {text for text in values.counts if _number(notation).match(text)}
    integer = all(whole.match(text) for text in fitting)
    if integer and any(abs(_as_integer(text)) >= 2**63 for text in fitting):
        return Guess({}, ["more digits than an integer can have, so it stays a text"])
    made = Guess({"type": "integer" if integer else "number", **_signs(decimal, thousands, comma=comma, whole=integer)})
    say_corrupt(made, values, fitting)
    unclear = next((text for text in values.counts if text in fitting and _GROUPED_OR_FRACTION.search(text)), None)
    if unclear is not None and len({_reads(unclear, *one) for one in fitting_notations}) > 1:
        made.comments.append(f"AMBIGUOUS: `{unclear}` may have a fraction or grouped digits; ask the sender")
    return made


def guess_money(values: Values, *, comma: bool) -> Guess | None:
    """Amounts with a currency, if values are such."""
    signs = Counter(sign for text in values.counts for sign in [_currency(text)] if sign)
    if not signs:
        return None
    currency = signs.most_common(1)[0][0]
    if values.share(lambda text: currency in text) < 1 - CORRUPT:
        return None
    for cents in (True, False):
        shares = {}
        for decimal, thousands in _NOTATIONS:
            notation = Notation(decimal, thousands, currency)
            shares[decimal, thousands] = values.share(re.compile(notation.signed(notation.amount(cents=cents))).match)
        best = max(shares.values())
        if best >= 1 - CORRUPT:
            fitting = [one for one, share in shares.items() if share == best]
            decimal, thousands = next((one for one in fitting if (one[0] == ",") == comma), fitting[0])
            notation = Notation(decimal, thousands, currency)
            pattern = re.compile(notation.signed(notation.amount(cents=cents)))
            keys = {"type": "money" if cents else "number", "currency": currency}
            made = Guess(keys | _signs(decimal, thousands, comma=comma, whole=False))
            say_corrupt(made, values, {text for text in values.counts if pattern.match(text)})
            return made
    return None


def _signs(decimal: str, thousands: str | None, *, comma: bool, whole: bool) -> dict[str, str]:
    """The keys by which a column says how its numbers are written, beside the recipe's `decimal`."""
    usual = "," if comma else "."
    keys = {} if decimal == usual or (whole and thousands is None) else {"decimal": decimal}
    return keys | ({"thousands": thousands} if thousands is not None else {})


def _number(notation: Notation) -> re.Pattern[str]:
    grouped = f"(?![+-]?0{re.escape(notation.thousands)})" if notation.thousands else ""  # nobody groups 0.123
    return re.compile(f"^{grouped}[+-]?{notation.amount(cents=False)}(?:[eE][+-]?[0-9]+)?$")


def _as_integer(text: str) -> int:
    return int(re.sub("[^0-9]", "", text) or "0")


def _reads(text: str, decimal: str, thousands: str | None) -> str:
    return text.replace(thousands or "", "").replace(decimal, ".") if thousands else text.replace(decimal, ".")


def _currency(text: str) -> str | None:
    sign = next((one for one in text if unicodedata.category(one) == "Sc"), None)
    bare = re.sub(r"[0-9.,+\-()'’\s]", "", text)
    return bare if bare in _CODES else sign if sign is not None and bare == sign else None
