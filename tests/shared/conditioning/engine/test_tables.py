"""Standard CSV cut into pieces of whole records."""

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from shared.conditioning.engine.tables import record_pieces

_ROWS = st.lists(st.lists(st.text('a",\n é', max_size=6), min_size=2, max_size=2), min_size=1, max_size=12)


@given(_ROWS, st.integers(1, 40))
def test_pieces_hold_whole_records(rows: list[list[str]], size: int) -> None:
    """Whatever the cuts, each piece is read by itself, and together they are the table."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    content = text.getvalue().encode()
    pieces = list(record_pieces(content[at : at + size] for at in range(0, len(content), size)))
    assert b"".join(pieces) == content
    read = [row for piece in pieces for row in csv.reader(io.StringIO(piece.decode(), newline=""), strict=True)]
    assert read == rows
