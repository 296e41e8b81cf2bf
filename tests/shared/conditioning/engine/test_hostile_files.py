"""Hostile files: each becomes the right rows and rejections, however it is cut, or is refused with a reason."""

import csv
import gzip
import io
import json
import subprocess
import sys
from dataclasses import replace
from functools import cache

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shared.conditioning.engine.verdict import check_file
from shared.conditioning.reading.unpacking import is_gzip
from shared.contracts.conditioning import Counted
from shared.errors import PermanentError
from tests.shared.conditioning.engine import corpus
from tests.shared.conditioning.engine.corpus import Hostile, Refused
from tests.shared.conditioning.engine.joined import FILE, Made, in_ranges, one_pass

HOSTILE = [*corpus.RAGGED, *corpus.QUOTES, *corpus.LINES, *corpus.BYTES, *corpus.WIDE, *corpus.VALUES, *corpus.JSON]


CUT = [(file, step) for file in HOSTILE if not is_gzip(file.content) for step in file.steps]


@pytest.mark.parametrize("file", HOSTILE, ids=lambda file: file.name)
def test_a_hostile_file_gives_what_can_be_used(file: Hostile) -> None:
    """Exactly these rows and rejections, at once and in small pieces, and the counts say so."""
    made = _made(file)
    assert _rows(made) == file.table
    assert [(row.row, row.line, row.rule) for row in made.quarantine] == file.rejected
    assert all(row.reason for row in made.quarantine)
    assert (made.counts["rows_out"], made.counts["rejected"]) == (len(file.table), len(file.rejected))
    assert one_pass(file.content, file.recipe, 1000) == made


@pytest.mark.parametrize(("file", "step"), CUT, ids=lambda one: getattr(one, "name", str(one)))
def test_ranges_give_the_same(file: Hostile, step: int) -> None:
    """Whatever is cut, in quotes, characters and line ends."""
    assert replace(in_ranges(file.content, file.recipe, step), wrong_guesses=0) == _made(file)


@pytest.mark.parametrize("file", corpus.REFUSED, ids=lambda file: file.name)
@pytest.mark.parametrize("piece", [1 << 24, 700])
def test_a_file_that_cannot_be_used_is_refused(file: Refused, piece: int) -> None:
    """By a code, with what is wrong and what would be right, whether it comes at once or in pieces."""
    with pytest.raises(PermanentError) as refused:
        check_file(Counted(**one_pass(file.content, file.recipe, piece).counts), file.recipe, FILE, "q.csv")
    assert refused.value.code == file.code
    assert [word for word in (FILE, *file.words) if word not in refused.value.message] == []


@cache
def _made(file: Hostile) -> Made:
    return one_pass(file.content, file.recipe)


def _rows(made: Made) -> list[list[str]]:
    return list(csv.reader(io.StringIO(made.table.decode(), newline=""), strict=True))


def _can_be(file: Hostile, codec: str) -> bool:
    try:
        file.content.decode().encode(codec)
    except UnicodeEncodeError:
        return False
    return True


def _unplaced(made: Made) -> Made:
    return replace(made, quarantine=[row._replace(offset=0) for row in made.quarantine])


ENCODED = [
    (file, encoding, codec, mark)
    for file in HOSTILE
    if file.encodings
    for encoding, codec, mark in corpus.ENCODINGS
    if _can_be(file, codec)
]


@pytest.mark.parametrize(
    ("file", "encoding", "codec", "mark"),
    ENCODED,
    ids=[f"{file.name}-{codec}{'-marked' * bool(mark)}" for file, _, codec, mark in ENCODED],
)
def test_another_encoding_changes_nothing(file: Hostile, encoding: str, codec: str, mark: bytes) -> None:
    """The same rows and rejections, with the places of the file as it is; packed, and in ranges."""
    recipe = file.recipe.model_copy(update={"encoding": encoding})
    content = mark + file.content.decode().encode(codec)
    made = one_pass(gzip.compress(content), recipe, 500)
    assert _unplaced(made) == _unplaced(_made(file))
    assert replace(in_ranges(content, recipe, 256), wrong_guesses=0) == made
    for row in made.quarantine:
        assert content[row.offset :].decode(codec).startswith(row.raw)


@pytest.mark.parametrize("file", corpus.VALUES, ids=lambda file: file.name)
def test_values_become_the_same_from_any_format(file: Hostile) -> None:
    """Texts in JSON Lines and in Parquet are read like those of CSV; only the header's line is not there."""
    _, *rows = csv.reader(io.StringIO(file.content.decode(), newline=""))
    lines = "\n".join(json.dumps({"n": number, "v": value}) for number, value in rows)
    table = io.BytesIO()
    pq.write_table(pa.table({"n": [row[0] for row in rows], "v": [row[1] for row in rows]}), table)
    for content, form in ((lines.encode(), "jsonl"), (table.getvalue(), "parquet")):
        made = one_pass(content, file.recipe.model_copy(update={"format": form}))
        assert _rows(made) == file.table
        assert [(row.row, row.line, row.rule) for row in made.quarantine] == [
            (row, line - 1, rule) for row, line, rule in file.rejected
        ]


def test_records_of_100_mb_take_no_memory_and_nobody_with_them() -> None:
    """They are rejected, the rows around them are kept, and memory is that of a piece: in one pass and in ranges."""
    told = subprocess.run(
        [sys.executable, "-m", "tests.shared.conditioning.engine.long_records"],
        check=True,
        capture_output=True,
        text=True,
        timeout=300,
    )
    found = json.loads(told.stdout)
    assert found["became"] == {
        "one line": [[2, {"record_too_long": 1}]] * 2,
        "one quoted value": [[2, {"field_count": 999, "unclosed_quote": 2}]] * 2,
        "quotes": [[2, {"record_too_long": 1}]],
        "one object": [[0, {"record_too_long": 1}]],
        "the shortest lines": [[4_000_000, {}]],
    }
    assert found["grown"] < 256
