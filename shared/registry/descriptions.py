"""What Signalbox tells beside what people have written of a version: theirs stays, ours is replaced as a whole."""

import re
from collections.abc import Mapping
from typing import Final

from shared.contracts.registry import ROWS_TAG

#: Ours begins with the one line and ends with the other; people read both, and see where they may write.
_BEGINS: Final = "### Why (written by Signalbox)"
_ENDS: Final = "*End of what Signalbox has written; it is written anew, and what stands below stays.*"
_END_LINE: Final = re.compile(rf"^{re.escape(_ENDS)}[ \t\r]*$", re.MULTILINE)
#: Characters; MLflow's database takes 5,000 of a version's description, and a run's note takes more.
LIMIT: Final = 4900
#: Less of ours would say nothing: the link and how the version stands.
_LEAST: Final = 800


def described(before: str | None, text: str) -> str:
    """A description with what we tell now in place of what we told before.

    Args:
        before: The description as it is; of one where somebody has taken away the line that ends ours, all that
            follows our first line is ours.
        text: What we tell, Markdown, the most important first; lines at its end go where there is no room for them.

    Returns:
        What people wrote before and after ours, as they wrote it; the description as it is where they have left too
        little room.
    """
    was = before or ""
    above, below = _theirs(was)
    head = f"{above}\n\n{_BEGINS}\n\n" if above else f"{_BEGINS}\n\n"
    tail = f"\n\n{_ENDS}\n\n{below}" if below else f"\n\n{_ENDS}"
    room = LIMIT - len(head) - len(tail)
    if room < _LEAST:
        return was
    return head + _fitting(_END_LINE.sub("", text), room) + tail


def is_outdated(note: Mapping[str, str], found: Mapping[str, str]) -> bool:
    """Whether what is told now was made of fewer rows than what is told already: by a step that was kept waiting.

    Args:
        note: Tags of the note.
        found: Tags of the version as they are.
    """
    now, before = note.get(ROWS_TAG, ""), found.get(ROWS_TAG, "")
    return _is_number(now) and _is_number(before) and int(now) < int(before)


def _theirs(was: str) -> tuple[str, str]:
    """What stands before ours, and what stands after it."""
    above, _, rest = was.partition(_BEGINS)
    end = _END_LINE.search(rest)
    return above.rstrip(), "" if end is None else rest[end.end() :].strip()


def _fitting(text: str, room: int) -> str:
    """As many whole lines as there is room for; of a first line that is longer, as many words."""
    if len(text) <= room:
        return text
    cut = "\n\n…"
    lines = text[: room - len(cut) + 1].rpartition("\n")[0].rstrip()
    if lines:
        return lines + cut
    words = text[:room].rpartition(" ")[0].rstrip()
    return f"{words or text[: room - 1]}…"


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()
