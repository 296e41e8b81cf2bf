"""The commands that the documentation shows, page by page, and the lines of output that it shows with them.

They stand in blocks marked `console` or `sh`, behind a prompt; in a block without any prompt, every line is one.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
_PROMPT: Final = "$ "
_SHELLS: Final = ("console", "sh", "bash")


@dataclass(frozen=True)
class Command:
    """A command as a page shows it.

    Attributes:
        page: Relative to the repository.
        line: Where it stands.
        text: Without prompt and remark; of several lines as they are.
        shown: Lines of output below it; `…` stands for any text.
    """

    page: str
    line: int
    text: str
    shown: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        """For messages."""
        return f"{self.page}:{self.line}"


def pages() -> list[str]:
    """Every page that a reader may come to."""
    found = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [str(path.relative_to(ROOT)) for path in found]


def commands_of(page: str) -> list[Command]:
    """The commands of a page, in order."""
    found: list[Command] = []
    for block in _blocks((ROOT / page).read_text()):
        prompted = any(line.startswith(_PROMPT) for _, line in block)
        for number, line in block:
            if found and found[-1].text.endswith("\\"):
                found[-1] = _changed(found[-1], text=f"{found[-1].text}\n{_plain(line)}")
            elif line.strip() and (line.startswith(_PROMPT) or not prompted):
                found.append(Command(page, number, _plain(line.removeprefix(_PROMPT))))
            elif line.strip() and found:
                found[-1] = _changed(found[-1], shown=line.rstrip())
    return found


def _changed(command: Command, *, text: str | None = None, shown: str | None = None) -> Command:
    more = (*command.shown, shown) if shown else command.shown
    return Command(command.page, command.line, text or command.text, more)


def _blocks(text: str) -> Iterator[list[tuple[int, str]]]:
    """Blocks of commands: lines with their numbers, without the indent of a block in a list."""
    block: list[tuple[int, str]] | None = None
    indent, inside = "", False
    for number, line in enumerate(text.splitlines(), 1):
        fence = re.fullmatch(r"([ \t]*)```(\w*)", line.rstrip())
        if fence and not inside:
            inside, indent = True, fence[1]
            block = [] if fence[2] in _SHELLS else None
        elif fence:
            if block is not None:
                yield block
            inside, block = False, None
        elif block is not None:
            block.append((number, line.removeprefix(indent)))


def _plain(line: str) -> str:
    """A command without the remark behind it: two blanks, or more, and a hash."""
    return re.sub(r"\s{2,}#\s.*$", "", line).rstrip()
