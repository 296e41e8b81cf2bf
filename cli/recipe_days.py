"""Dates and times: which format fits a column's values, and whether another one fits as well."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Literal

import polars as pl

from cli.recipe_values import CORRUPT, Guess, Values, say_corrupt
from shared.conditioning.rows import times
from shared.conditioning.rows.column_rules import FIRST_DAY, LAST_DAY

_DATES: Final = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d %b %Y",
    "%d-%b-%Y", "%b %d %Y", "%b %d, %Y", "%d %B %Y", "%B %d %Y", "%B %d, %Y", "%d. %B %Y",
)  # fmt: skip
_COMPACT: Final = "%Y%m%d"
_TIMES: Final = ("%H:%M:%S", "%H:%M", "%H:%M:%S.%f", "%H:%M:%S,%f")
_ZONES: Final = ("", "%z", " %z")
_DATED: Final = re.compile(r"(?:^|_)(?:date|day|dt|datum|tag|fecha|jour)(?:_|$)")

Reading = Literal["day first", "month first"]


def guess_date(values: Values, days: Reading | None) -> Guess | None:
    """A date, if a format fits; `days` says how other dates of the file are written."""
    formats = [*_DATES, *([_COMPACT] if _DATED.search(values.name) else [])]
    read = _fitting(values, formats, times.date)
    if not read:
        return None
    text, parsed = _preferred(read, days)
    made = Guess({"type": "date", **({"format": text} if text != "%Y-%m-%d" else {})})
    _say_order(made, text, read, days)
    say_corrupt(made, values, {one for one, value in parsed.items() if value is not None})
    within = [value for value in parsed.values() if value is not None]
    if min(within) < FIRST_DAY:
        made.keys["min"] = min(within)
        made.comments.append("dates before 1900 are rejected unless `min` says otherwise")
    if max(within) > LAST_DAY:
        made.keys["max"] = max(within)
        made.comments.append("dates after 2199 are rejected unless `max` says otherwise; one may stand for no date")
    return made


def guess_time(values: Values, days: Reading | None) -> Guess | None:
    """A timestamp, if a format fits; `days` says how other dates of the file are written."""
    if not values.mostly(lambda text: ":" in text or "T" in text):
        return None
    formats = [f"{day}{between}{clock}{zone}" for day in _DATES for between in (" ", "T", ", ")
               for clock in _TIMES for zone in _ZONES]  # fmt: skip
    read = _fitting(values, formats, lambda text, form: times.timestamp(text, form, None if "%z" in form else "UTC"))
    if not read:
        return None
    text, parsed = _preferred(read, days)
    made = Guess({"type": "timestamp", "format": text})
    if "%z" not in text:
        made.keys["timezone"] = "UTC"
        made.comments.append("NOBODY CAN TELL from the file in which time zone these are; UTC is only assumed")
    _say_order(made, text, read, days)
    say_corrupt(made, values, {one for one, value in parsed.items() if value is not None})
    return made


def reading_of(text: str | None) -> Reading | None:
    """Which of day and month comes first in a format of digits that could be either."""
    if text is None or "%m" not in text or text.startswith("%Y"):
        return None
    return "day first" if text.index("%d") < text.index("%m") else "month first"


def _fitting(
    values: Values, formats: Iterable[str], read: Callable[[pl.Expr, str], pl.Expr]
) -> dict[str, dict[str, Any]]:
    """The formats that fit best, and what each makes of the texts; the engine itself reads them."""
    texts = list(values.counts)
    shown = texts[:50]
    found: dict[str, dict[str, Any]] = {}
    shares: dict[str, float] = {}
    for form in formats:
        pattern = re.compile(times.regex(form))
        if not any(pattern.match(text) for text in shown):
            continue
        parsed = pl.DataFrame({"text": texts}).select(read(pl.col("text"), form)).to_series().to_list()
        found[form] = dict(zip(texts, parsed, strict=True))
        readable = {text for text, value in found[form].items() if value is not None}
        shares[form] = values.share(readable.__contains__)
    best = max(shares.values(), default=0.0)
    return {form: made for form, made in found.items() if shares[form] == best} if best >= 1 - CORRUPT else {}


def _preferred(read: Mapping[str, dict[str, Any]], days: Reading | None) -> tuple[str, dict[str, Any]]:
    agreeing = next((form for form in read if days is not None and reading_of(form) == days), None)
    form = agreeing or next(iter(read))
    return form, read[form]


def _say_order(made: Guess, text: str, read: Mapping[str, dict[str, Any]], days: Reading | None) -> None:
    other = next((form for form in read if {reading_of(form), reading_of(text)} == {"day first", "month first"}), None)
    if other is None:
        return
    made.swapped = other
    why = f"{days}, as other dates of the file" if reading_of(text) == days else "only assumed"
    made.comments.append(f"AMBIGUOUS: every date also fits {other}, so which is the day is {why}; ask the sender")
