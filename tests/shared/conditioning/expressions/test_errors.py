"""Expressions that have no meaning, and what is said about them."""

import subprocess
import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.conditioning.expressions import FUNCTIONS, Expression, ExpressionError, functions_markdown, parse
from shared.conditioning.expressions.parser import MAX_DEPTH, MAX_LENGTH
from tests.shared.conditioning.expressions.reference import COLUMNS

_SIGNS = [*"()[],+-*/%<>=!?'\"`&|^.;\\$\0é½²٣ \n", "??", "==", "<=", "and", "or", "not", "in", "is", "null", "true"]
_LITERALS = ["date", "date'2026-01-31'", "timestamp", "1", "2.5", "1e999", "99999999999999999999", "'a'", "'(['"]
_PIECES = st.sampled_from([*COLUMNS, *FUNCTIONS, *_SIGNS, *_LITERALS])


def _outcome(text: str) -> Expression | ExpressionError:
    try:
        return parse(text, COLUMNS)
    except ExpressionError as error:
        return error


@example("(" * MAX_LENGTH)
@example("-" * MAX_LENGTH)
@example("not " * 250)
@example("[" * MAX_LENGTH)
@example("abs(" * 250)
@example("i+" * 400 + "i")
@example("i in [" + "1," * 480 + "1]")
@example("matches(t, '" + "(" * 900 + ")" * 80 + "')")
@example("matches(t, '[[a]--b]')")
@example("matches(t, 'a{99999999999}')")
@example("x" * (MAX_LENGTH + 1))
@settings(max_examples=300)
@given(
    st.text(max_size=40) | st.lists(_PIECES, max_size=25).map("".join) | st.lists(_PIECES, max_size=12).map(" ".join)
)
def test_any_text_gives_an_expression_or_an_error_with_its_place(text: str) -> None:
    """Whatever somebody writes, nothing else is raised, and the place is inside the text."""
    outcome = _outcome(text)
    if isinstance(outcome, ExpressionError):
        assert 0 <= outcome.position <= len(text)
        assert str(outcome).startswith(f"at character {outcome.position + 1}: ")


@pytest.mark.parametrize(
    ("text", "position", "said"),
    [
        ("i + price", 4, "there is no column `price`; known here: d, e, i,"),
        ("lowr(t)", 0, "there is no function `lowr`; did you mean `lower`?"),
        ("k AND l", 2, "did you mean `and`?"),
        ("t + i", 2, "texts are joined with texts: write text(…)"),
        ("d + 1", 2, "`+` takes numbers, and this is a date; write add_days(date, days)"),
        ("d - e", 2, "write days_between(first, last)"),
        ("s > date'2026-01-31'", 2, "these are a timestamp and a date; write date_of(…)"),
        ("t < 5", 2, "these are a text and an integer; write text(…)"),
        ("i and k", 0, "`and` needs true or false, and this is an integer; write a comparison such as … != 0"),
        ("k < l", 2, "true and false have no order; write = instead of <"),
        ("lower(i)", 6, "value 1 of lower(text) must be a text, and this is an integer; write text(…)"),
        ("if(k, 1)", 0, "`if` is written if(condition, then, else), and 2 values are given"),
        ("i = null", 4, "tested by `is null`"),
        ("if(k, null, null)", 0, "null cannot stand here"),
        ("1 < i < 3", 6, "write a < b and b < c"),
        ("x ?? 0 + 1", 2, "can be read in two ways; put parentheses around one of them"),
        ("i <> 1", 2, "write != for `is not equal`"),
        ("k && l", 2, "write and"),
        ("t = 'abc", 4, "a text ends with the quote that it begins with"),
        ("x % 2", 2, "`%` takes integers"),
        ("left(t, i)", 8, "`count` of left(text, count) must be written in the expression, such as 2"),
        ("round(x, 16)", 9, "is from 0 to 15, and this is 16"),
        ("i in [j]", 6, "a list after `in` has written values only"),
        ("date'2026-02-30'", 4, "`2026-02-30` is no date; write for example date'2026-01-31'"),
        ("date(t)", 0, "a column becomes a date by its type"),
        ("9223372036854775808", 0, "is above 9223372036854775807; write it as 1e19"),
        ("i.real", 1, "`.` cannot be read"),
        ("__import__('os')", 0, "there is no function `__import__`"),
        ("matches(t, 'a(')", 11, "is no regular expression"),
        ("(i", 2, "`)` is needed here, and the end follows"),
        ("", 0, "there is no expression"),
        ("(" * (MAX_DEPTH + 1), MAX_DEPTH, "nested more than"),
        ("i" * (MAX_LENGTH + 1), MAX_LENGTH, "at most 1000 characters"),
    ],
)
def test_errors_name_the_place_and_the_remedy(text: str, position: int, said: str) -> None:
    """The message says what was meant, or what would be right, and the position is where it is wrong."""
    with pytest.raises(ExpressionError) as caught:
        parse(text, COLUMNS)
    assert said in str(caught.value)
    assert caught.value.position == position


def test_a_pattern_that_only_python_knows_is_refused_when_it_is_compiled() -> None:
    """Look-ahead is no part of what polars matches, and the message says so at the pattern's place."""
    expression = parse("matches(t, 'a(?=b)')", COLUMNS)
    with pytest.raises(ExpressionError, match=r"at character 12: .*without look-around"):
        expression.polars()


def test_columns_are_named_in_backticks_where_their_names_are_no_words() -> None:
    """Any name can be written, a keyword too, and the expression says which columns it reads."""
    expression = parse("`Store No` + `and` + lower(`Store No`)", {"Store No": "text", "and": "text", "x": "text"})
    assert expression.columns == {"Store No", "and"}


def test_every_function_has_a_row_in_the_documentation() -> None:
    """The table for docs/recipes.md has the signature and the sentence of each function, and no cell is broken."""
    rows = functions_markdown().splitlines()[2:]
    assert len(rows) == len(FUNCTIONS)
    for row, function in zip(rows, FUNCTIONS.values(), strict=True):
        assert row.startswith(f"| `{function.signature}` | ")
        assert row.count("|") == 5


def test_reading_an_expression_loads_no_polars() -> None:
    """A trigger that checks a recipe does not pay for polars."""
    code = (
        "import sys; from shared.conditioning.expressions import parse;"
        "parse('i + 1 > 2', {'i': 'integer'}); print('polars' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "False"
