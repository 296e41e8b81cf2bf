"""Words of a line as bash hands them over for completion: cut at each `=`, `:` and `@`, which stand within ours."""

import io
import os
from collections.abc import Callable, Mapping, MutableMapping
from contextlib import redirect_stdout
from typing import Final, NamedTuple

#: Of `COMP_WORDBREAKS`, those of `--select origin=JFK`, `--app http://localhost:7071` and `why MODEL@3`.
_BREAKS: Final = frozenset("=:@")
#: What readline replaces together with the part behind it.
_REPLACED: Final = "@"
_WORDS: Final = "COMP_WORDS"
_CURRENT: Final = "COMP_CWORD"


class Line(NamedTuple):
    """A line with its words put together again.

    Attributes:
        words: Up to the one that is completed, which may be empty.
        typed: What stands of that before the part that bash replaces.
    """

    words: tuple[str, ...]
    typed: str


def read_line(environment: Mapping[str, str]) -> Line:
    """The line that bash tells of, which puts each of its words on a line of its own."""
    words: list[str] = []
    typed, after_break = "", False
    for word in environment[_WORDS].split("\n")[: int(environment[_CURRENT]) + 1]:
        is_break = bool(word) and set(word) <= _BREAKS
        if words and (is_break or after_break):
            typed = words[-1] + word if is_break else words[-1]
            words[-1] += word
        else:
            typed = ""
            words.append(word)
        after_break = is_break
    option, equals, value = typed.removesuffix(_REPLACED).partition("=")
    return Line(tuple(words), value if equals and option.startswith("-") else option + equals + value)


def completing[T](complete: Callable[[], T], environment: MutableMapping[str, str] = os.environ) -> T:
    """Let the command line complete whole words, and print the parts that bash puts in."""
    line = read_line(environment)
    environment[_WORDS], environment[_CURRENT] = "\n".join(line.words), str(len(line.words) - 1)
    told = io.StringIO()
    try:
        with redirect_stdout(told):
            return complete()
    finally:
        for word in told.getvalue().splitlines():
            print(word.removeprefix(line.typed))  # noqa: T201 - it is what bash reads
