"""YAML with lines: the fast parser and the one with good messages say the same."""

import tempfile
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.located_yaml import Document, read_document
from tests.shared.fleet.files import DEMAND

TYPED = st.sampled_from(
    ["", "{", "}", "[", "]", ":", "- ", "'", '"', "\t", "#", "? ", "|\n", ">-\n", "\n\n", ", ", "é", "~"]
)


def both(text: str) -> tuple[Document, Document]:
    """A document as it is read with libyaml, and without it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "any.yaml"
        path.write_text(text)
        fast = read_document(path)
        with pytest.MonkeyPatch.context() as without:
            without.delattr(yaml, "CSafeLoader")
            slow = read_document(path)
    return fast, slow


def test_libyaml_is_there() -> None:
    """Else the tests below would compare a parser with itself."""
    assert hasattr(yaml, "CSafeLoader")


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(DEMAND)), st.integers(0, 12), TYPED), max_size=2))
@example([])
def test_both_parsers_read_the_same_values_at_the_same_lines(edits: list[tuple[int, int, str]]) -> None:
    """Whatever is typed into a file: where libyaml refuses, the other has the word."""
    text = DEMAND
    for place, length, new in edits:
        text = text[:place] + new + text[place + length :]
    fast, slow = both(text)
    if not slow.problems:
        assert (fast.value, fast.lines, fast.problems) == (slow.value, slow.lines, slow.problems)


@pytest.mark.parametrize("text", ["[" * 5000, "[" * 5000 + "]" * 5000, "{a: " * 500 + "}" * 500, "- " * 3000])
def test_nesting_without_end_is_refused_by_both(text: str) -> None:
    """The composer of libyaml would end the process."""
    for document in both(text):
        assert [problem.text for problem in document.problems] == ["nested too deeply; close brackets earlier"]
