"""Dates and timestamps from text, by format.

polars alone is too lenient: it skips blanks, reads signs and the 60th second, and guesses where digits run together.
So a value must first look like its format, and only then is it converted.
"""

import re
from typing import Final

import polars as pl

from shared.conditioning.recipe.formats import DATE_DIRECTIVES, TIME_DIRECTIVES

UTC: Final = pl.Datetime("us", "UTC")

_MONTHS: Final = (
    "january|february|march|april|may|june|july|august|september|october|november|december"  # in full: %b has the short
)
_TAKES: Final = {
    **DATE_DIRECTIVES,
    **TIME_DIRECTIVES,
    "%B": f"(?i:{_MONTHS})",
    "%S": "[0-5][0-9]",
    "%z": "(?:Z|[+-](?:0[0-9]|1[0-4]):?[0-5][0-9])",
}
#: Directives of one digit or two; where the next one follows at once, they take two.
_SHORT: Final = {"%m", "%d", "%H"}
_DIGITS: Final = {"%Y", "%M", "%S", "%f", *_SHORT}


def date(value: pl.Expr, text: str) -> pl.Expr:
    """Date of a text in a format; null where it has another, or the day does not exist."""
    named = "%b" in text or "%B" in text  # names are slow to read, and days repeat; digits are faster than a cache
    return pl.when(value.str.contains(regex(text))).then(value.str.to_date(text, strict=False, cache=named))


def timestamp(value: pl.Expr, text: str, timezone: str | None) -> pl.Expr:
    """Datetime in UTC of a text in a format; null where it is none, or the clock of its zone skips or repeats it."""
    if timezone is None:
        return pl.when(value.str.contains(regex(text))).then(_read(value, text, "UTC"))
    local = local_time(value, text)
    return local.dt.replace_time_zone(timezone, ambiguous="null", non_existent="null").dt.convert_time_zone("UTC")


def local_time(value: pl.Expr, text: str) -> pl.Expr:
    """Datetime without zone of a text in a format that has none."""
    return pl.when(value.str.contains(regex(text))).then(_read(value, text, None))


def is_repeated(local: pl.Expr, timezone: str) -> pl.Expr:
    """Whether a clock change makes a local time happen twice."""
    first = local.dt.replace_time_zone(timezone, ambiguous="earliest", non_existent="null")
    only = local.dt.replace_time_zone(timezone, ambiguous="null", non_existent="null")
    return first.is_not_null() & only.is_null()


def is_skipped(local: pl.Expr, timezone: str) -> pl.Expr:
    """Whether a clock change leaves a local time out."""
    return (
        local.is_not_null() & local.dt.replace_time_zone(timezone, ambiguous="earliest", non_existent="null").is_null()
    )


def regex(text: str) -> str:
    """Regular expression that a whole value in a format matches."""
    return "^" + "".join(_takes(*around) for around in _neighbours(text)) + "$"


def _neighbours(text: str) -> list[tuple[str, str, str]]:
    parts = [part for part in re.split("(%.)", text) if part]
    return list(zip(["", *parts], parts, [*parts[1:], ""], strict=False))


def _takes(before: str, part: str, after: str) -> str:
    if part in _SHORT and (before in _DIGITS or after in _DIGITS):
        return "[0-9]{2}"
    return _TAKES.get(part) or re.escape(part)


def _read(value: pl.Expr, text: str, zone: str | None) -> pl.Expr:
    """Read what looks like the format; a Z, a fraction and missing minutes are put as polars reads them."""
    if "%z" in text:
        value = _replaced(value, text, "%z", "Z", "+00:00")
    if "%f" in text:  # polars counts nanoseconds in it; its %.f is a fraction, and begins with the point
        if ".%f" not in text:
            value = _replaced(value, text, "%f", "([0-9]+)", ".${2}")
        text = text.replace(".%f", "%.f").replace("%f", "%.f")
    if "%M" not in text:
        value, text = value + "|00", text + "|%M"
    return value.str.to_datetime(text, time_unit="us", time_zone=zone, strict=False)


def _replaced(value: pl.Expr, text: str, directive: str, taken: str, put: str) -> pl.Expr:
    """Replace what a directive of the format has taken, where it is `taken`."""
    around = _neighbours(text)
    place = next(place for place, (_, part, _) in enumerate(around) if part == directive)
    head, tail = ("".join(_takes(*one) for one in some) for some in (around[:place], around[place + 1 :]))
    if not tail:
        return value.str.replace(f"{taken}$", put.replace("${2}", "${1}"))
    return value.str.replace(f"^({head}){taken}({tail})$", "${1}" + put + "${" + str(2 + taken.count("(")) + "}")
