"""Whether a text is an NCRONTAB schedule, as timer triggers take it: told at the start, and not by a timer that fails.

Six fields from second to day of week, or five without the second (https://github.com/atifaziz/NCrontab). The other form
that the timer's binding knows, a time span, works on an App Service plan only and is refused.
"""

import calendar
import re
from collections.abc import Mapping
from typing import Final, NamedTuple

EXPECTED: Final = "six fields: second minute hour day month day-of-week, such as `0 */5 * * * *` for every five minutes"


class _Field(NamedTuple):
    name: str
    low: int
    high: int
    names: Mapping[str, int]


def _named(words: list[str], first: int) -> dict[str, int]:
    """Whole names and their three letters."""
    numbers = {word.lower(): number for number, word in enumerate(words, first) if word}
    return numbers | {word[:3]: number for word, number in numbers.items()}


_MONTHS: Final = _named(list(calendar.month_name)[1:], 1)
_DAYS: Final = _named([calendar.day_name[6], *list(calendar.day_name)[:6]], 0)
_FIELDS: Final = (
    _Field("second", 0, 59, {}),
    _Field("minute", 0, 59, {}),
    _Field("hour", 0, 23, {}),
    _Field("day", 1, 31, {}),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of week", 0, 6, _DAYS),
)
_ITEM: Final = re.compile(r"(?P<first>\*|\w{1,9})(-(?P<last>\w{1,9}))?(/(?P<step>[0-9]{1,3}))?", re.ASCII)


def problem_of(text: str) -> str | None:
    """What is wrong with a schedule; `None` where it is one."""
    parts = text.split()
    if len(parts) not in (5, 6):
        return f"{text!r} has {len(parts)} field{'' if len(parts) == 1 else 's'}; it needs {EXPECTED}"
    for field, part in zip(_FIELDS[6 - len(parts) :], parts, strict=True):
        for item in part.split(","):
            if not _is_item(item, field):
                return f"{item!r} is no {field.name} of a schedule ({field.low} to {field.high}); it needs {EXPECTED}"
    return None


def _is_item(item: str, field: _Field) -> bool:
    found = _ITEM.fullmatch(item)
    if found is None or (found["step"] is not None and not 1 <= int(found["step"]) <= field.high):
        return False
    if found["first"] == "*":
        return found["last"] is None
    first = _number(found["first"], field)
    last = first if found["last"] is None else _number(found["last"], field)
    return first is not None and last is not None and first <= last


def _number(word: str, field: _Field) -> int | None:
    if word.lower() in field.names:
        return field.names[word.lower()]
    return int(word) if word.isdecimal() and field.low <= int(word) <= field.high else None
