"""What was probably meant by a word that nobody knows."""

import difflib
from collections.abc import Iterable
from itertools import islice
from typing import Final

#: Names that one is compared with, and letters of it that are: comparing takes the square of them.
_COMPARED: Final = 2000
_LETTERS: Final = 100


def similar(word: str, known: Iterable[str], likeness: float = 0.6) -> str | None:
    """The known word that is most like this one, whatever its case; `likeness` is 1 for the very same word."""
    by_lower = {name.lower(): name for name in sorted(known)}
    found = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=likeness)
    return by_lower[found[0]] if found else None


def meant(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant: one like it, or else the only one that contains it."""
    names = sorted(known)
    longer = [name for name in names if len(word) > 2 and word.lower() in name.lower()]
    return similar(word, names) or (longer[0] if len(longer) == 1 else None)


def several(word: str, known: Iterable[str], at_most: int = 3) -> list[str]:
    """Known names that resemble one that is not known, the nearest first; it takes milliseconds for a thousand."""
    names = {name[:_LETTERS].lower(): name for name in islice(known, _COMPARED)}
    return [names[found] for found in difflib.get_close_matches(word[:_LETTERS].lower(), names, at_most, cutoff=0.4)]


def nearest(word: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown word: the known one that is most like it, or else all of them."""
    names = sorted(set(known))
    if like := similar(word, names):
        return f"did you mean `{like}`?"
    return f"known here: {', '.join(names)}" if names else "none are known here"


def did_you_mean(word: str, known: Iterable[str], otherwise: str) -> str:
    """The end of a message about an unknown word, where there is something better to say than all the known ones."""
    found = meant(word, known)
    return f"did you mean `{found}`?" if found else otherwise
