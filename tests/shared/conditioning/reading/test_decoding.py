"""Text of any encoding as UTF-8, and the way back to the file's offsets."""

from typing import get_args

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.conditioning.reading import decoding
from shared.conditioning.reading.decoding import decode, read_decoded, text_encoding
from shared.conditioning.reading.stretch import Layout, Malformed, Stretch, TextEncoding
from shared.conditioning.recipe.dialect import Encoding
from shared.conditioning.recipe.schema import Recipe
from shared.errors import PermanentError

ENCODINGS = get_args(TextEncoding.__value__)
RECIPE = Recipe.model_validate({"columns": {"line": {}}})
LAYOUT = Layout(("line",), {"line": 0}, 0, 1)

encodings = st.sampled_from(ENCODINGS)


@st.composite
def texts(draw: st.DrawFn) -> tuple[str, TextEncoding]:
    """A text, and an encoding that has its characters."""
    encoding = draw(encodings)
    return draw(st.text(st.characters(codec=encoding, categories=None), max_size=40)), encoding


@pytest.fixture(autouse=True, params=[4, 1 << 18])
def _block(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Offsets are found block by block: with blocks of 4 bytes each text has many."""
    monkeypatch.setattr(decoding, "_BLOCK", request.param)


@given(texts())
def test_any_text_becomes_utf8_with_the_way_back(written: tuple[str, TextEncoding]) -> None:
    """The offset of each character, and of the end, is found in both directions."""
    text, encoding = written
    decoded = decode(text.encode(encoding), encoding, final=True)
    assert decoded.content == text.encode()
    ends = range(len(text) + 1)
    utf8 = [len(text[:end].encode()) for end in ends]
    file = [len(text[:end].encode(encoding)) for end in ends]
    assert decoded.offsets(np.array(utf8)).tolist() == file
    assert [decoded.utf8_offset(offset) for offset in file] == utf8
    assert decoded.consumed == file[-1]


@given(texts(), st.data())
def test_an_offset_inside_a_character_leads_to_the_next_one(
    written: tuple[str, TextEncoding], data: st.DataObject
) -> None:
    """So that a record begins before a stop in the UTF-8 exactly when it does in the file."""
    text, encoding = written
    content = text.encode(encoding)
    decoded = decode(content, encoding, final=True)
    stop = data.draw(st.integers(0, len(content) + 3))
    begun = [end for end in range(len(text) + 1) if len(text[:end].encode(encoding)) < stop]
    if encoding != "utf-8":  # where both are the same bytes
        assert begun == [end for end in range(len(text) + 1) if len(text[:end].encode()) < decoded.utf8_offset(stop)]


@given(st.binary(max_size=40), encodings, st.integers(1, 8))
def test_any_bytes_are_read_however_they_are_cut(content: bytes, encoding: TextEncoding, size: int) -> None:
    """Half a character waits for the rest, and one that never is whole spoils no other."""
    whole = decode(content, encoding, final=True)
    assert whole.consumed == len(content)
    size = 2 * size if encoding.startswith("utf-16") else size
    utf8, start = b"", 0
    while start < len(content):
        end = start + size
        part = decode(content[start:end], encoding, final=end >= len(content))
        size, start = (size, start + part.consumed) if part.consumed else (size + 2, start)
        utf8 += part.content
    assert utf8 == whole.content


@given(texts())
def test_half_a_character_is_no_utf8(written: tuple[str, TextEncoding]) -> None:
    """Lone surrogates and an odd byte at the end stay visible as errors, in their place."""
    text, _ = written
    half = "\udc00" + text.encode("utf-8", "ignore").decode()
    for encoding in ("utf-16-le", "utf-16-be"):
        decoded = decode(half.encode(encoding, "surrogatepass") + b"\n", encoding, final=True)
        assert decoded.content[:3] == b"\xed\xb0\x80"
        assert decoded.content.endswith(b"\xff")
        assert decoded.content[3:-1].decode() == half[1:]
        assert (
            decoded.offset(len(decoded.content))
            == decoded.consumed
            == 2 * len(half.encode(encoding, "replace")) // 2 + 1
        )
        with pytest.raises(UnicodeDecodeError):
            decoded.content[:3].decode()


def _read_lines(
    content: bytes, recipe: Recipe, layout: Layout, *, stop: int | None = None, final: bool = False
) -> Stretch:
    """A reader whose records are lines; those that are no UTF-8 are malformed."""
    lines = content.splitlines(keepends=True)
    lines = lines if final or not lines or lines[-1].endswith(b"\n") else lines[:-1]
    starts = [sum(map(len, lines[:place])) for place in range(len(lines))]
    kept = [line for line, start in zip(lines, starts, strict=True) if stop is None or start < stop]
    spoiled = [place for place, line in enumerate(kept) if line != line.decode("utf-8", "ignore").encode()]
    good = [place for place in range(len(kept)) if place not in spoiled]
    return Stretch(
        frame=pl.DataFrame({"line": [kept[place].decode().strip() for place in good]}, schema={"line": pl.String}),
        records=np.array(good, np.int64),
        starts=np.array(starts[: len(kept)], np.int64),
        lines=np.arange(len(kept)),
        malformed=tuple(Malformed(place, "not_utf8", "the byte 0xed is no UTF-8") for place in spoiled),
        consumed=sum(map(len, kept)),
        lines_consumed=len(kept),
        raw=lambda record: kept[record].decode("utf-8", "replace"),
    )


def test_records_of_utf16_have_the_files_offsets() -> None:
    """What is half a character rejects its record by name, and a stop counts in the file's bytes."""
    text = "é1\n\ud800x\n😀\nlast"
    content = text.encode("utf-16-le", "surrogatepass")
    stretch = read_decoded(_read_lines, content, "utf-16-le", RECIPE, LAYOUT)
    assert stretch.frame["line"].to_list() == ["é1", "😀"]
    assert stretch.starts.tolist() == [0, 6, 12]
    assert [(fault.record, fault.rule) for fault in stretch.malformed] == [(1, "not_utf16")]
    assert (stretch.consumed, stretch.lines_consumed) == (18, 3)
    for stop, count in ((6, 1), (7, 2), (12, 2), (13, 3), (18, 3), (19, 4)):
        assert read_decoded(_read_lines, content, "utf-16-le", RECIPE, LAYOUT, stop=stop, final=True).count == count


def test_a_layout_is_told_in_the_files_offsets() -> None:
    """The byte order mark, which stays as that of UTF-8, included."""
    decoded = decode("\ufeffdäy\n1\n".encode("utf-16-be"), "utf-16-be")
    assert decoded.content == "\ufeffdäy\n1\n".encode()
    assert decoded.restored_layout(Layout(("däy",), {"day": 0}, 8, 2)).body == 10


@pytest.mark.parametrize(
    ("head", "said", "found"),
    [
        (b"\xef\xbb\xbfday\n", "utf-8", "utf-8"),
        (b"day\n", "utf-8", "utf-8"),
        (b"d\xe4y\n", "latin-1", "latin-1"),
        (b"\xff\xfed\0", "utf-16", "utf-16-le"),
        (b"\xfe\xff\0d", "utf-16", "utf-16-be"),
        (b"d\0a\0y\0", "utf-16", "utf-16-le"),
        (b"", "utf-16", "utf-16-le"),
        (b"a\0", "utf-8", "utf-8"),
    ],
)
def test_the_mark_says_the_order_of_bytes(head: bytes, said: Encoding, found: TextEncoding) -> None:
    """Without one, UTF-16 has the lower byte first."""
    assert text_encoding(head, said, "a.csv") == found


@pytest.mark.parametrize(
    ("head", "said", "right"),
    [
        (b"\xff\xfed\0", "utf-8", "encoding: utf-16"),
        (b"\xfe\xff\0d", "latin-1", "encoding: utf-16"),
        (b"\xef\xbb\xbfday", "utf-16", "encoding: utf-8"),
        (b"\xef\xbb\xbfday", "latin-1", "encoding: utf-8"),
        (b"d\0a\0y\0", "utf-8", "encoding: utf-16"),
        (b"\0d\0a\0y", "utf-16", "deliver it with the mark"),
        (b"day,store\n", "utf-16", "encoding: utf-8"),
    ],
)
def test_a_recipe_with_another_encoding_is_told_the_right_one(head: bytes, said: Encoding, right: str) -> None:
    """Instead of columns that are missing."""
    with pytest.raises(PermanentError, match=right) as caught:
        text_encoding(head, said, "a.csv")
    assert caught.value.code == "WrongEncoding"
