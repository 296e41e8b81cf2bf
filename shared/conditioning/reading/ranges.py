"""Where the first record of a range begins: a guess, which is checked where the ranges are joined."""

from shared.conditioning.reading.decoding import decode
from shared.conditioning.reading.line_ends import end_of_line
from shared.conditioning.reading.stretch import Layout
from shared.conditioning.recipe.schema import Recipe


def find_start(window: bytes, recipe: Recipe, layout: Layout) -> int:
    """Guess where the first record begins in a range.

    The range may begin inside a quoted value or outside of one. Both are tried, until they agree on where a record
    begins; taken is the one with which more of the records before have the right number of values, and no quotes where
    they would be mere text.

    A range owns the records that begin in it. When the guess is wrong, its first record does not begin where the last
    one of the range before ends, and the range is read again from there.

    Args:
        window: Bytes of the file from the one before the range on; 64 KiB of them suffice.
        recipe: How the file is written.
        layout: Its columns.

    Returns:
        Offset in the window, from 1 on, of the first line that begins in the range and in no quoted value; the window's
        length when none does.
    """
    if layout.encoding.startswith("utf-16"):  # half a character is before the range, so what is there is not known
        decoded = decode(window[1:], layout.encoding)
        return 1 + decoded.offset(_start(b" " + decoded.content, recipe, layout) - 1)
    decoded = decode(window, layout.encoding)
    return decoded.offset(_start(decoded.content, recipe, layout))


def _start(window: bytes, recipe: Recipe, layout: Layout) -> int:
    quote = recipe.quote.encode()
    if recipe.format == "jsonl" or recipe.quote == "none" or quote not in window:
        return end_of_line(window) or len(window)
    import numpy as np  # noqa: PLC0415 - loaded at first use

    outside, inside = _Tried(window, recipe, layout), _Tried(quote + window, recipe, layout)
    common = np.intersect1d(outside.starts, inside.starts - 1)
    agreed = int(common[0]) if len(common) else len(window)  # from there on both read the same
    return inside.second - 1 if inside.share_right(agreed + 1) > outside.share_right(agreed) else outside.second


class _Tried:
    """A text, read as if it began with a record.

    Attributes:
        second: Where its second line begins.
        starts: Where its records begin.
    """

    def __init__(self, text: bytes, recipe: Recipe, layout: Layout) -> None:
        import numpy as np  # noqa: PLC0415 - loaded at first use

        from shared.conditioning.reading.csv_quotes import Marks  # noqa: PLC0415
        from shared.conditioning.reading.csv_tokens import tokenize  # noqa: PLC0415

        tokens = tokenize(text, Marks.of(recipe), stop=len(text), final=False)
        self.starts = tokens.starts
        begun = len(tokens.starts) > 0 and tokens.starts[0] == 0
        self.second = int(tokens.nexts[0]) if begun else end_of_line(text) or len(text)
        self._right = tokens.values == len(layout.names)
        self._right[: int(begun)] = True  # a part of a record
        self._right[list(tokens.rejected)] = False
        literals = tokens.literals[0]
        literals = literals[literals < tokens.consumed]
        self._right[np.searchsorted(tokens.starts, literals, side="right") - 1] = False

    def share_right(self, end: int) -> float:
        """Share of the records before an offset that look right."""
        right = self._right[self.starts < end]
        return float(right.mean()) if len(right) else 1.0
