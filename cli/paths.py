"""Paths of the app: every word that somebody gave is a segment of its own, or it is refused."""

from typing import Final
from urllib.parse import quote

from cli.failures import MISUSED, CommandError

#: What clients and gateways leave out of a path, so that another one would be asked than was meant.
_FOLDERS: Final = (".", "..")


def api_path(*words: str) -> str:
    """The path of what these words name: `/api/models/demand%2Fnorth/why`.

    Raises:
        CommandError: One of them cannot be a segment of a path.
    """
    for word in words:
        if word in _FOLDERS or not word:
            told = f"{word!r} names a folder, and nothing of the app" if word else "an empty name names nothing"
            raise CommandError("usage", told, "give the name as signalbox lists it", exit_code=MISUSED)
    return "/".join(("", "api", *(quote(word, safe="") for word in words)))
