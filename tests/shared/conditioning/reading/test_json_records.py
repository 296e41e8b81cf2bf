"""JSON Lines as records: each value as it was written, each bad line alone in quarantine."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.conditioning.reading.header import read_layout
from shared.conditioning.reading.json_records import read_json_layout, read_json_stretch
from shared.conditioning.reading.line_ends import end_of_line
from shared.conditioning.reading.records import read_stretch
from shared.conditioning.reading.stretch import Layout, Stretch
from shared.conditioning.recipe.schema import Recipe
from shared.errors import PermanentError

RECIPE = Recipe.model_validate(
    {"max_record": 200, "columns": {"a": {}, "b": {"from": "B"}, "id": {"from": "store.id"}, "again": {"from": "B"}}}
)


def _layout(recipe: Recipe) -> Layout:
    layout = read_json_layout(b"{}\n", recipe, "a.jsonl", final=True)
    assert layout
    return layout


LAYOUT = _layout(RECIPE)


def _read(content: bytes, recipe: Recipe = RECIPE, **options: Any) -> Stretch:
    return read_json_stretch(content, recipe, _layout(recipe), **{"final": True, **options})


def _values(line: str, recipe: Recipe = RECIPE) -> list[str | None]:
    stretch = _read(line.encode(), recipe)
    assert not stretch.malformed
    return list(stretch.frame.row(0))


def _fault(line: bytes) -> tuple[str, str]:
    stretch = _read(b'{"a": 1}\n' + line + b'\n{"a": 2}')
    assert stretch.frame["a"].to_list() == ["1", "2"]
    assert stretch.records is not None
    assert stretch.records.tolist() == [0, 2]
    (fault,) = stretch.malformed
    assert fault.record == 1
    return fault.rule, fault.reason


def test_values_are_texts_as_they_were_written() -> None:
    """Numbers with all their digits, and what is nested as JSON without blanks."""
    assert _values('{"a": 12345678901234567890.10, "B": -0.0e+5}') == [
        "12345678901234567890.10",
        "-0.0e+5",
        None,
        "-0.0e+5",
    ]
    assert _values('{"a": true, "B": null}') == ["true", None, None, None]
    assert _values('{"a": " x\\n\\"é\\ud83d\\ude00", "B": ""}')[:2] == [' x\n"é😀', ""]
    nested = '{"a": [1.0, "1.0", {"k": null, "\\n": [true, {}]}], "B": {"é": 1e3}}'
    assert _values(nested)[:2] == ['[1.0,"1.0",{"k":null,"\\n":[true,{}]}]', '{"é":1e3}']


def test_a_dotted_name_leads_into_objects() -> None:
    """Unless there is a key of that very name."""
    assert _values('{"store": {"id": 7}}')[2] == "7"
    assert _values('{"store": {"id": 7}, "store.id": null}')[2] is None
    assert _values('{"store": {"id": {"x": 1}}}')[2] == '{"x":1}'
    assert _values('{"store": 1}')[2] is None


def test_numbers_take_the_columns_decimal_sign() -> None:
    """Texts stay as they are: those are read by the recipe's rules already."""
    recipe = Recipe.model_validate({"decimal": ",", "columns": {"a": {"type": "number"}, "b": {"type": "text"}}})
    assert _values('{"a": 1.5, "b": 1.5}', recipe) == ["1,5", "1.5"]
    assert _values('{"a": "1,5", "b": "1.5"}', recipe) == ["1,5", "1.5"]
    assert _values('{"a": [1.5], "b": [1.5]}', recipe) == ["[1.5]", "[1.5]"]


@pytest.mark.parametrize(
    ("line", "rule", "reason"),
    [
        (b'{"a": 1', "malformed_json", "at character 8 of the line"),
        (b'{"a": 1} {"a": 2}', "malformed_json", "at character 9 of the line"),
        (b"[1]", "malformed_json", "it is an array, not an object"),
        (b"1", "malformed_json", "it is a single value, not an object"),
        (b'{"a": NaN}', "malformed_json", "NaN is no JSON; write null"),
        (b'{"a": -Infinity}', "malformed_json", "-Infinity is no JSON"),
        (b'{"a": 1, "a": 1}', "malformed_json", 'the key "a" twice'),
        (b'{"x": {"a": 1, "a": 1}}', "malformed_json", 'the key "a" twice'),
        (b'{"a": 01}', "malformed_json", "at character 8 of the line"),
        (b'{"a": "\t"}', "malformed_json", "Invalid control character at character 8"),
        (b'{"a": "\\ud800"}', "malformed_json", "half a character"),
        (b'{"a":' + b"[" * 100, "malformed_json", "at character 106"),
        (b'{"a": "\0"}', "nul_byte", "character 8 of the line"),
        (b'{"a": "\\u0000"}', "nul_byte", "NUL"),
        (b'{"a": "\xff"}', "not_utf8", "byte 8 of the line, 0xff"),
        (b'{"a": "' + b"x" * 192 + b'"}', "record_too_long", "longer than 200 bytes"),
    ],
)
def test_a_bad_line_is_rejected_alone(line: bytes, rule: str, reason: str) -> None:
    """With its place where there is one."""
    found = _fault(line)
    assert found[0] == rule
    assert reason in found[1]


def test_deep_nesting_is_a_bad_line() -> None:
    """Not a crash, whether the value is wanted or not."""
    recipe = RECIPE.model_copy(update={"max_record": 1 << 20})
    for key in ("a", "x"):
        for depth in (2000, 200_000):
            line = f'{{"{key}": {"[" * depth}{"]" * depth}}}'.encode()
            malformed = _read(line, recipe).malformed
            assert [fault.reason for fault in malformed] in ([], ["objects or arrays are nested too deeply in it"])
    assert malformed


def test_the_longest_line_is_kept() -> None:
    """Its end is no part of it."""
    line = b'{"a": "' + b"x" * 191 + b'"}'
    assert len(line) == 200
    for end in (b"", b"\n", b"\r\n", b"\r"):
        assert not _read(line + end).malformed
        assert _read(b"x" + line + end).malformed[0].rule == "record_too_long"


GOOD = st.fixed_dictionaries({"a": st.text(max_size=5) | st.integers().map(str), "B": st.none() | st.text(max_size=3)})
LINES = st.lists(
    st.one_of(
        GOOD.map(lambda record: json.dumps(record).encode()),
        GOOD.map(lambda record: json.dumps(record, ensure_ascii=False).encode("utf-8", "replace")),
        st.sampled_from([b"", b" \t", b"{", b'{"a": "\xff"}', b"x" * 201, b'"' + b"y" * 700]),
        st.text('[]{}",:01.eE+-atrufls\\ \0', max_size=10).map(str.encode),
    ),
    max_size=8,
)
ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])


@st.composite
def contents(draw: st.DrawFn) -> bytes:
    """Lines of all kinds, with any ends; the last one may lack its own."""
    lines = [line + draw(ENDS) for line in draw(LINES)]
    return b"".join(lines) + draw(st.sampled_from([b"", b'{"a": 1}', b"{"]))


type Records = list[tuple[int, int, Any]]


def _records(stretch: Stretch, base: int, line: int) -> Records:
    """Start, line, and values or rule of each record."""
    found: dict[int, Any] = {stretch.record_of(row): stretch.frame.row(row) for row in range(stretch.frame.height)}
    found |= {fault.record: fault.rule for fault in stretch.malformed}
    assert sorted(found) == list(range(stretch.count))
    return [
        (base + int(stretch.starts[index]), line + int(stretch.lines[index]), found[index])
        for index in range(stretch.count)
    ]


def _in_pieces(content: bytes, size: int, start: int = 0, stop: int | None = None) -> tuple[Records, int]:
    """The records that begin in a range, read in pieces, and where the last one ends."""
    records: Records = []
    line, inside, length = 0, False, size
    while start < len(content) and (stop is None or start < stop or inside):
        end = min(start + length, len(content))
        left = None if stop is None else stop - start
        stretch = read_json_stretch(
            content[start:end], RECIPE, LAYOUT, stop=left, final=end == len(content), inside=inside
        )
        records += _records(stretch, start, line)
        line, inside = line + stretch.lines_consumed, stretch.inside
        length = size if stretch.consumed else length + size
        assert length <= RECIPE.max_record + 2 * size + 2  # never more is held than one record needs
        start += stretch.consumed
    return records, start


@settings(max_examples=60)
@given(contents(), st.integers(7, 300))
def test_any_cutting_gives_the_same_records(content: bytes, size: int) -> None:
    """As does Python's json, line by line; no byte is left over."""
    whole = _read(content)
    assert (whole.consumed, whole.inside) == (len(content), False)
    records = _records(whole, 0, 0)
    assert _in_pieces(content, size) == (records, len(content))
    lines = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    assert [(line, raw) for _, line, _ in records for raw in [lines[line]]] == [
        (number, line) for number, line in enumerate(lines) if line.strip(b" \t")
    ]
    for record, (_, line, values) in enumerate(records):
        assert whole.raw(record) == lines[line][: RECIPE.max_record].decode("utf-8", "replace")
        if isinstance(values, tuple):
            assert values[0] == json.loads(lines[line], parse_int=str, parse_float=str).get("a")


@settings(max_examples=60)
@given(contents(), st.integers(7, 300), st.data())
def test_ranges_own_the_lines_that_begin_in_them(content: bytes, size: int, data: st.DataObject) -> None:
    """Each begins where the one before ends, and that is found from its own bytes alone."""
    cut = data.draw(st.integers(1, len(content) or 1))
    first, end = _in_pieces(content, size, 0, cut)
    second, _ = _in_pieces(content, size, end)
    starts = [start for start, _, _ in _records(_read(content), 0, 0)]
    assert [start for start, _, _ in first + second] == starts
    assert all(start < cut for start, _, _ in first)
    assert all(start >= cut for start, _, _ in second)
    found = end_of_line(content, cut - 1)
    assert (end if found is None else found) == end


def test_a_bom_is_no_part_of_the_first_line() -> None:
    """The first record begins behind it."""
    layout = read_json_layout(b'\xef\xbb\xbf{"a": 1}\n', RECIPE, "a.jsonl", final=False)
    assert layout == Layout(("a", "B", "store.id"), {"a": 0, "b": 1, "id": 2, "again": 1}, 3, 1)


@pytest.mark.parametrize("head", [b"", b"\n \r\n", b'{"a": 1', b"x" * 200])
def test_a_layout_waits_for_the_first_line(head: bytes) -> None:
    """Unless the line is too long."""
    assert read_json_layout(head, RECIPE, "a.jsonl", final=False) is None
    assert read_json_layout(b"x" * 201, RECIPE, "a.jsonl", final=False)


@pytest.mark.parametrize(
    ("head", "code"),
    [(b"", "EmptyFile"), (b" \n", "EmptyFile"), (b'\n[{"a": 1}]', "NotJsonLines"), (b'{\r\n"a": 1}', "NotJsonLines")],
)
def test_what_is_no_json_lines_file_is_told_at_once(head: bytes, code: str) -> None:
    """Instead of every line being rejected."""
    with pytest.raises(PermanentError, match=r"^a\.jsonl is .*; ") as caught:
        read_json_layout(head, RECIPE, "a.jsonl", final=True)
    assert caught.value.code == code


PARTS = ['{"a":', '"B":', "1", "1.5", '"x', '"', "[", "]", "{", "}", ",", "-Infinity", "null", '"\\u002dInfinity"', " "]


@given(st.lists(st.lists(st.sampled_from(PARTS), max_size=6).map("".join) | st.just('{"a":1}'), max_size=5))
def test_lines_that_complete_each_other_are_still_bad(lines: list[str]) -> None:
    """Lines parsed at once give what each gives alone."""
    content = "\n".join(lines).encode()
    alone: Records = []
    for number, line in enumerate(lines):
        start = sum(len(before) + 1 for before in lines[:number])
        alone += [(start, number, values) for _, _, values in _records(_read(line.encode()), 0, 0)]
    assert _records(_read(content), 0, 0) == alone


def test_one_bad_line_does_not_disturb_the_blocks_around() -> None:
    """Rows stay in order over blocks that are parsed at once and such that are not."""
    lines = [b'{"a": %d, "B": [%d.0]}' % (n, n) if n % 700 < 300 else b'{"a": %d}' % n for n in range(10_000)]
    lines[5000] = b'{"a": 5000'
    stretch = _read(b"\n".join(lines))
    assert stretch.frame["a"].to_list() == [str(n) for n in range(10_000) if n != 5000]
    assert stretch.frame["b"].drop_nulls().to_list() == [
        f"[{n}.0]" for n in range(10_000) if n % 700 < 300 and n != 5000
    ]
    assert [fault.record for fault in stretch.malformed] == [5000]
    assert [stretch.record_of(row) for row in (4999, 5000, 9998)] == [4999, 5001, 9999]


def test_utf16_is_read_like_utf8() -> None:
    """With the file's own offsets; half a character rejects its line."""
    content = '\ufeff{"a": "é😀"}\n{"a": "\ud800"}\n{"a": 2}'.encode("utf-16-le", "surrogatepass")
    recipe = RECIPE.model_copy(update={"format": "jsonl", "encoding": "utf-16"})
    layout = read_layout(content, recipe, "a.jsonl", final=True)
    assert layout
    assert layout.body == 2
    stretch = read_stretch(content[layout.body :], recipe, layout, final=True)
    assert stretch.frame["a"].to_list() == ["é😀", "2"]
    assert [(fault.record, fault.rule) for fault in stretch.malformed] == [(1, "not_utf16")]
    assert stretch.starts.tolist() == [0, 26, 48]
