"""One door to the records of text files: each format by its own reader, in each encoding."""

from shared.conditioning.reading.header import read_layout
from shared.conditioning.reading.records import read_stretch
from shared.conditioning.reading.stretch import Stretch
from shared.conditioning.recipe.schema import Recipe


def read(content: bytes, **dialect: object) -> Stretch:
    """All records of a whole file with the columns `a` and `b`."""
    recipe = Recipe.model_validate({"columns": {"a": {}, "b": {}}, **dialect})
    layout = read_layout(content, recipe, "raw", final=True)
    assert layout is not None
    return read_stretch(content[layout.body :], recipe, layout, final=True)


def test_csv_and_json_lines_in_each_encoding() -> None:
    """What a recipe says of a file is all that is needed to read it."""
    rows = [("1", "é"), ("2", 'x "y"')]
    text = 'a,b\n1,é\n2,"x ""y"""\n'
    lines = '{"a": 1, "b": "é"}\n{"b": "x \\"y\\"", "a": 2}\n'
    assert read(text.encode("utf-8-sig")).frame.rows() == rows
    assert read(text.encode("utf-16"), encoding="utf-16").frame.rows() == rows
    assert read(text.encode("latin-1"), encoding="latin-1").frame.rows() == rows
    assert read(lines.encode("utf-16"), encoding="utf-16", format="jsonl").frame.rows() == rows


def test_offsets_are_those_of_the_file() -> None:
    """Two bytes per character in UTF-16, from the first record on."""
    stretch = read("a,b\n1,é\n\n2,x\n".encode("utf-16"), encoding="utf-16")
    assert (stretch.starts.tolist(), stretch.lines.tolist(), stretch.consumed) == ([0, 10], [0, 2], 18)


def test_a_line_that_is_too_long_goes_on_in_the_next_stretch() -> None:
    """In both formats: it is rejected once, and its rest is passed."""
    for dialect, rest in (({}, b"x\n1,2\n"), ({"format": "jsonl"}, b'x\n{"a": 1, "b": 2}\n')):
        recipe = Recipe.model_validate(
            {"columns": {"a": {}, "b": {}}, "max_record": 64, "header": ["a", "b"], **dialect}
        )
        layout = read_layout(rest, recipe, "raw", final=True)
        assert layout is not None
        first = read_stretch(b"x" * 65, recipe, layout)
        assert (first.consumed, first.inside, [one.rule for one in first.malformed]) == (65, True, ["record_too_long"])
        second = read_stretch(rest, recipe, layout, final=True, inside=first.inside)
        assert (second.frame.rows(), second.inside) == ([("1", "2")], False)
