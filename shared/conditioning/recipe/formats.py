"""Formats of dates and times, and the regular expressions of columns: what each may be."""

import re
from collections.abc import Mapping
from typing import Final

#: Directives of a date format and what each of them takes; a year has four digits, so that 19 is not the year 19.
DATE_DIRECTIVES: Final = {
    "%Y": "[1-9][0-9]{3}",
    "%m": "[0-9]{1,2}",
    "%d": "[0-9]{1,2}",
    "%b": "[A-Za-z]{3}",
    "%B": "[A-Za-z]{3,9}",
}
#: The further ones of a timestamp; a zone is Z or an offset from UTC.
TIME_DIRECTIVES: Final = {
    "%H": "[0-9]{1,2}",
    "%M": "[0-9]{2}",
    "%S": "[0-9]{2}",
    "%f": "[0-9]{1,6}",
    "%z": "(?:Z|[+-][0-9]{2}:?[0-9]{2})",
}
_MONTHS: Final = ("%m", "%b", "%B")
#: What others write, and why it is not taken.
_FOREIGN: Final = {
    "%y": "a year has four digits, %Y: nobody can tell of which century 07 is",
    "%I": "hours are read from 0 to 23, %H",
    "%p": "hours are read from 0 to 23, %H",
    "%Z": "a zone's letters are ambiguous; read an offset with %z, or say `timezone`",
    "%T": "write %H:%M:%S",
    "%F": "write %Y-%m-%d",
    "%D": "write %m/%d/%Y",
    "%e": "write %d, which also takes one digit",
}
_LETTERS: Final = {"YYYY": "%Y", "yyyy": "%Y", "MM": "%m", "DD": "%d", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}


def format_fault(text: str) -> str | None:
    """What is wrong with a format, whether it is that of a date or of a timestamp; `None` when nothing is."""
    known = DATE_DIRECTIVES | TIME_DIRECTIVES
    used = directives(text)
    if not used and any(letters in text for letters in _LETTERS):
        return f"`{text}` has no directives; write `{_directed(text)}`"
    unknown = next((one for one in used if one not in known), None)
    if unknown is not None:
        return f"`{unknown}` in `{text}` is not supported; {_FOREIGN.get(unknown, f'use {", ".join(known)}')}"
    if [used.count("%Y"), sum(map(used.count, _MONTHS)), used.count("%d")] != [1, 1, 1]:
        return f"`{text}` must say year, month and day once each, such as %m/%d/%Y"
    return next((f"`{one}` is twice in `{text}`; keep one of them" for one in used if used.count(one) > 1), None)


def date_fault(text: str) -> str | None:
    """What is wrong with a right format as that of a date."""
    time = next((one for one in directives(text) if one in TIME_DIRECTIVES), None)
    return time and f"`{time}` is of a time, and a date has none; write `type: timestamp`, or leave it out"


def time_fault(text: str, timezone: str | None) -> str | None:
    """What is wrong with a right format as that of a timestamp."""
    used = directives(text)
    if "%H" not in used:
        return f"a timestamp says its hour, and `{text}` does not; add %H, or write `type: date`"
    for finer, coarser in (("%S", "%M"), ("%f", "%S")):
        if finer in used and coarser not in used:
            return f"`{text}` has {finer} and no {coarser}; add {coarser}"
    if "%z" in used and timezone is not None:
        return "`timezone` is of times that do not say their zone, and %z reads it; remove one of them"
    if "%z" not in used and timezone is None:
        return "nobody can tell in which zone these times are; add for example `timezone: America/Chicago`, or %z"
    return None


def pattern_fault(text: str) -> str | None:
    """Why a regular expression cannot be used; `None` when it can.

    Values are matched by polars, whose syntax is that of Rust's `regex`: that of Python without look-around and back
    references, so that every match takes linear time.
    """
    import polars as pl  # noqa: PLC0415 - loaded at first use, and few recipes need it

    try:
        pl.Series([""]).str.contains(text)
    except pl.exceptions.ComputeError as error:
        said = re.search(r"error: (?!regex parse error)(.+)", str(error).replace("regex error: Compiled", "error: the"))
        what = said[1].rstrip(".") if said else "it cannot be read"
        return f"`{text}` is no regular expression: {what}; {_pattern_remedy(what)}"
    return None


def directives(text: str) -> list[str]:
    """The directives of a format, in order."""
    return re.findall("%.?", text)


def _directed(text: str) -> str:
    for letters, directive in _replacements(text).items():
        text = text.replace(letters, directive)
    return text


def _replacements(text: str) -> Mapping[str, str]:
    return {letters: directive for letters, directive in _LETTERS.items() if letters in text}


def _pattern_remedy(what: str) -> str:
    if "look-around" in what:
        return "say it as a rule with `check`"
    if "backreference" in what:
        return "say it without \\1 and the like"
    if "size limit" in what:
        return "repeat fewer times"
    return "put \\ before a character that is meant as it stands, and close each bracket"
