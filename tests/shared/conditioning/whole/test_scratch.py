"""Frames in scratch space."""

from datetime import UTC, date, datetime

import polars as pl

from shared.conditioning.whole.scratch import MemoryScratch, Spill


def test_frames_come_back_as_they_were_and_leave_nothing() -> None:
    """Columns of one type lie in one stack, beside others, with and without values, and return to their places."""
    at = datetime(2026, 1, 31, 10, 0, 0, 1, tzinfo=UTC)
    frame = pl.DataFrame(
        {
            "a": ["x", None, ""],
            "n": [1, None, -(2**63)],
            "b": [None, "y" * 99, "\U0001f682"],
            "f": [0.1, None, float("nan")],
            "m": [3, 4, 5],
            "day": [date(2026, 1, 31), None, date(1, 1, 1)],
            "at": [at, None, at],
            "open": [True, None, False],
            "terms": [[0.1, 0.2], [], None],
            "big": pl.Series([2**100, None, 0], dtype=pl.Int128),
        }
    )
    scratch = MemoryScratch()
    spill = Spill(scratch, "sort", segment_bytes=20_000)
    runs = []
    for _ in range(2):
        runs.append([spill.put(part) for _ in range(5) for part in frame.iter_slices(2)])
        spill.close()
    for run in runs:
        back = list(spill.taken(run, ahead=12_000))
        assert [one.height for one in back] == [2, 1] * 5
        assert pl.concat(back).equals(pl.concat([frame] * 5))
    assert scratch.held == 0
    assert scratch.writes < scratch.reads < 20, "several frames lie in a segment, and are read at once"


def test_thousands_of_columns_take_little_more_than_their_values() -> None:
    """The names and headers of 2,000 columns are not written again with every few rows."""
    frame = pl.DataFrame({f"c{number}": [number * 7919, number] for number in range(2000)})
    scratch = MemoryScratch()
    spill = Spill(scratch, "sort")
    run = [spill.put(frame) for _ in range(3)]
    spill.close()
    assert scratch.written < 3 * 2 * 2000 * 8
    assert scratch.writes == 1
    assert all(back.equals(frame) for back in spill.taken(run, ahead=1))
