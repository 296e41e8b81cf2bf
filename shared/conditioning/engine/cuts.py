"""Where a file is cut into ranges, and what is read of each at first."""

from typing import Final

#: Bytes of a range, by default: two at once and all that Python needs stay below 512 MiB.
RANGE_BYTES: Final = 16 << 20
#: Bytes read beyond a range at first, for its last record; more of them only where that is longer.
LOOK_AHEAD: Final = 64 << 10


def first_read(begin: int, stop: int) -> tuple[int, int]:
    """Offset and length of what a range reads at first, and mostly all of it: it can be read before its turn."""
    base = max(0, begin - 1)  # the byte before a range tells whether a record begins with it
    return base, stop - base + LOOK_AHEAD
