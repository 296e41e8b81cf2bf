"""Reads records of 100 MB in a process of its own, whose memory then tells what that takes; a test runs it."""

import json
import resource
from dataclasses import dataclass
from typing import Any

from tests.shared.conditioning.engine.corpus import A_LINE, B_LINE, HEADER, sales
from tests.shared.conditioning.engine.joined import in_ranges, one_pass, recipe_of

_MB = 10**6
_RANGE = 16 << 20


@dataclass(frozen=True)
class Long:
    """A file that is nowhere as a whole; a `RangeSource`.

    Attributes:
        head: Its beginning.
        filling: What is repeated behind it.
        length: Bytes of that.
        tail: Its end.
    """

    head: bytes
    filling: bytes
    length: int
    tail: bytes

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.head) + self.length + len(self.tail)

    @property
    def etag(self) -> str:
        """There is one version."""
        return "1"

    def read(self, offset: int, length: int) -> bytes:
        """Some of its bytes."""
        end = min(offset + length, self.size)
        begin = max(offset - len(self.head), 0)
        behind = min(max(end - len(self.head), begin), self.length)
        skipped = begin - begin % len(self.filling)
        filled = (self.filling * ((behind - skipped) // len(self.filling) + 1))[begin - skipped : behind - skipped]
        tail = max(offset - len(self.head) - self.length, 0)
        last = max(end - len(self.head) - self.length, 0)
        return self.head[offset:end] + filled + self.tail[tail:last]


HEAD, TAIL = f"{HEADER}{A_LINE}\n".encode(), f"\n{B_LINE}\n".encode()
FILES = {
    "one line": (Long(HEAD, b"x", 100 * _MB, TAIL), sales(max_record=1 << 20)),
    "one quoted value": (Long(HEAD + b'"', b"x" * 99_999 + b"\n", 100 * _MB, b'"' + TAIL), sales(max_record=1 << 20)),
    "quotes": (Long(HEAD, b'"', 100 * _MB, TAIL), sales(max_record=1 << 20)),
    "one object": (Long(b'{"store":"a","day":"', b"x", 100 * _MB, b'"}\n'), sales(format="jsonl", max_record=1 << 20)),
    "the shortest lines": (Long(b"a\n", b"1\n", 8 * _MB, b""), recipe_of(columns={"a": {"type": "integer"}})),
}
#: Which of them are read in ranges too.
IN_RANGES = ("one line", "one quoted value")


def main() -> None:
    """Print what became of each file, and by how many MiB memory grew."""
    became: dict[str, list[Any]] = {}
    one_pass(HEAD, sales())  # all that is loaded at first use
    before = _mebibytes()
    for name, (file, recipe) in FILES.items():
        made = [one_pass(file, recipe), *([in_ranges(file, recipe, _RANGE)] if name in IN_RANGES else ())]
        became[name] = [[one.counts["rows_out"], one.counts["reasons"]] for one in made]
    print(json.dumps({"became": became, "grown": _mebibytes() - before}))  # noqa: T201 - read by the test


def _mebibytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
