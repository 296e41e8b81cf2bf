"""Texts in CSV that people open in a spreadsheet: none of them is taken for a formula, and each can be read back.

A cell that begins with one of a few signs is calculated, blanks and quotes before them aside, and can start programs. A
text is one cell only where commas separate them; where a spreadsheet splits at semicolons or tabs, as it does in half
of the world, it is several, and a line end in it begins another row. So an apostrophe, which makes a cell a text, is
put before whatever could be calculated behind any of these. See https://owasp.org/www-community/attacks/CSV_Injection.
"""

import re
from collections.abc import Iterable
from typing import Final

_SIGNS: Final = frozenset("=+-@＝＋－＠")
_SEPARATORS: Final = ";\t\r\n"
#: All that is skipped before a cell's first sign, apostrophes that were put among it; read once, however long it is.
_BEGINNING: Final = re.compile(rf"(?:\A|[{_SEPARATORS}])[\s\0\"';]*+")
#: A sign behind something that is skipped, or at the beginning: without one, which is the rule, nothing is calculated.
_SIGNED: Final = re.compile(r"(?<![^\s\0\"';])[=+\-@＝＋－＠]")
_PUT: Final = str.maketrans({sign: f"{sign}'" for sign in _SEPARATORS})
_TAKEN: Final = re.compile(f"([{_SEPARATORS}])'")


def as_text(text: str) -> str:
    """A text of which no spreadsheet calculates anything."""
    return _BEGINNING.sub(_put, text) if _SIGNED.search(text) else text


def from_text(text: str) -> str:
    """What `as_text` was given."""
    return _BEGINNING.sub(_take, text) if _SIGNED.search(text) else text


def all_harmless(texts: Iterable[str]) -> bool:
    """Whether `as_text` would change none of many texts, as far as one look at all of them tells."""
    return not _SIGNED.search("\n".join(texts))


def _put(found: re.Match[str]) -> str:
    if not _calculated(found):
        return found[0]
    return ("" if found.start() else "'") + found[0].translate(_PUT)


def _take(found: re.Match[str]) -> str:
    if not _calculated(found):
        return found[0]
    skipped = found[0] if found.start() else found[0].removeprefix("'")
    return _TAKEN.sub(r"\1", skipped)


def _calculated(found: re.Match[str]) -> bool:
    return found.string[found.end() : found.end() + 1] in _SIGNS
