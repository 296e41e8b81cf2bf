"""How much of a file is conditioned at once: of one that has very short lines, fewer bytes than of others."""

from typing import Final

import numpy as np

from shared.conditioning.reading.csv_quotes import CR, LF

#: Lines of a portion: more than a few MiB of a common file have, and still few enough to be held as rejected rows.
LINES: Final = 1 << 18
#: Bytes whose lines are counted at once.
COUNTED_BYTES: Final = 1 << 16


def portion_end(content: bytes, stop: int) -> int:
    """Up to where the records of some bytes are conditioned at once.

    Args:
        content: Bytes of the file.
        stop: Records that begin here or later are not wanted.

    Returns:
        The stop, or an offset before it up to which there are about `LINES` lines.
    """
    lines, values = 0, np.frombuffer(content, np.uint8)  # numpy counts what is frequent several times as fast as bytes
    for end in range(COUNTED_BYTES, min(stop, len(content)), COUNTED_BYTES):
        counted = values[end - COUNTED_BYTES : end]
        lines += int(np.count_nonzero(counted == LF)) or int(np.count_nonzero(counted == CR))
        if lines >= LINES:
            return end
    return stop
