"""What a column is, guessed from some of its values; whatever else it could be is said."""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

from cli.recipe_amounts import guess_amount, guess_money, notations
from cli.recipe_days import Reading, guess_date, guess_time
from cli.recipe_values import Guess, Values, yaml_text

#: Different texts that are listed.
_FEW: Final = 12
#: What stands for no value wherever it occurs, and what does so where the others are numbers, dates or times.
_NULLS: Final = ("NA", "N/A", "n/a", "na", "NULL", "null", "Null", "None", "NaN", "nan", "#N/A", "\\N", "-", "--", "?")
_NULLS_OF_TYPED: Final = (".", "M", "none", "missing", "unknown", "#REF!", "#VALUE!", "#DIV/0!")
_BOOLEANS: Final = ({"true", "false"}, {"yes", "no"}, {"t", "f"}, {"y", "n"})
_PERSONAL: Final = re.compile(
    r"(?:^|_)(?:e_?mail|phone|mobile|birth\w*|ssn|iban|first_name|last_name|full_name|surname|address|passport)(?:_|$)"
)


def null_markers(columns: Iterable[Counter[str]]) -> list[str]:
    """The texts among columns' values that stand for no value, as they occur."""
    found: set[str] = set()
    for counts in columns:
        found.update(marker for marker in _NULLS if counts[marker])
        rest = Counter({text: count for text, count in counts.items() if text not in (*_NULLS, *_NULLS_OF_TYPED, "")})
        if any(counts[marker] for marker in _NULLS_OF_TYPED) and rest and _is_typed(Values("", rest, 0)):
            found.update(marker for marker in _NULLS_OF_TYPED if counts[marker])
    return ["", *(marker for marker in (*_NULLS, *_NULLS_OF_TYPED) if marker in found)]


def guess(values: Values, *, comma: bool, days: Reading | None) -> Guess:
    """What a column is.

    Args:
        values: Its values.
        comma: Whether the file's numbers have a decimal comma.
        days: How other dates of the file are written.
    """
    if not values.total:
        return Guess({"required": False}, ["it has no value here, so its type is not known"])
    found = (
        _boolean(values) or guess_time(values, days) or guess_date(values, days) or guess_amount(values, comma=comma)
        or guess_money(values, comma=comma) or _text(values)
    )  # fmt: skip
    if values.missing:
        found.keys["required"] = False
        found.comments.append(f"{values.missing:,} of {values.missing + values.total:,} rows have no value")
    if _PERSONAL.search(values.name):
        found.comments.append("perhaps personal data: then add `personal: true`")
    return found


def _is_typed(values: Values) -> bool:
    return bool(notations(values) or guess_time(values, None) or guess_date(values, None))


def _boolean(values: Values) -> Guess | None:
    words = {text.lower() for text in values.counts}
    if len(words) == 2 and words in _BOOLEANS:
        return Guess({"type": "boolean"})
    return None


def _text(values: Values) -> Guess:
    made = Guess()
    few = sorted(values.counts)
    if len(few) <= _FEW and values.total >= 10 * len(few):
        listed = ", ".join(yaml_text(text) for text in few)
        made.comments.append(f"few different texts; to reject all others: one_of: [{listed}]")
    if values.mostly(re.compile(r".*[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{2}$").match):
        made.comments.append("dates of two-digit years? Nobody can tell of which century, so it stays a text")
    elif values.mostly(re.compile(r".*[0-9] ?[AaPp]\.?[Mm]\.?$").match):
        made.comments.append("times with AM and PM are not read; it stays a text")
    elif values.mostly(re.compile(r"[+-]?[0-9.,]+ ?[^\s0-9.,]{1,4}$").match):
        made.comments.append("a number and its unit? Only a number without it can be read as one")
    return made
