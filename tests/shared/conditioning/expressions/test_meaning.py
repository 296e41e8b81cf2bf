"""What expressions are, row by row."""

from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.conditioning.expressions import VALUE_TYPES, parse
from shared.conditioning.expressions.to_polars import DATA_TYPES
from tests.shared.conditioning.expressions.reference import COLUMNS, ROWS, Row, expressions

_SCHEMA = {name: DATA_TYPES[type_] for name, type_ in COLUMNS.items()}
_ROW: Row = dict.fromkeys(COLUMNS)


def _computed(text: str, rows: list[Row]) -> list[Any]:
    expression = parse(text, COLUMNS)
    frame = pl.DataFrame(rows, schema=_SCHEMA, orient="row").with_columns(expression.polars().alias("*result"))
    assert frame.schema["*result"] == DATA_TYPES[expression.type]
    return frame["*result"].to_list()


@settings(max_examples=150)
@given(st.data(), st.sampled_from(VALUE_TYPES), st.lists(ROWS, min_size=1, max_size=4))
def test_any_expression_is_what_plain_python_makes_of_it(data: st.DataObject, type_: Any, rows: list[Row]) -> None:
    """For every well-typed expression and row, polars gives the value and the type that the reference gives."""
    text, reference = data.draw(expressions(type_))
    expression = parse(text, COLUMNS)
    assert expression.type == type_
    expected = [reference(row) for row in rows]
    computed = _computed(text, rows)
    assert (computed, list(map(str, computed))) == (expected, list(map(str, expected))), text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("7 - 2 - 1", 4),
        ("1 / 2", 0.5),
        ("1 / 0", None),
        ("0.0 / 0", None),
        ("5 % 0", None),
        ("-7 % 3", 2),
        ("9223372036854775807 + 1", None),
        ("-9223372036854775808 - 1", None),
        ("4611686018427387904 * 2", None),
        ("abs(-9223372036854775808)", None),
        ("1e308 * 10", None),
        ("1 / (1e308 * 10)", None),
        ("0 * -1.5", 0.0),
        ("integer(1e19)", None),
        ("integer(2.5)", 3),
        ("round(-2.5)", -3.0),
        ("round(1.005, 1)", 1.0),
        ("round(2.675, 2)", 2.68),
        ("round(1e300, 15)", 1e300),
        ("integer('9223372036854775808')", None),
        ("integer(' 1')", None),
        ("integer('1\n')", None),
        ("number('1e999')", None),
        ("number('nan')", None),
        ("number('1,5')", None),
        ("number('.5')", 0.5),
        ("not true or true", True),
        ("true or false and false", True),
        ("not 1 = 2", True),
        ("2 > 1 and 1 < 2", True),
        ("'a' < 'B'", False),
        ('\'it\'\'s\' + " ""x"""', 'it\'s "x"'),
        ("week(date'2027-01-03')", date(2026, 12, 28)),
        ("weekday(date'2027-01-03')", 7),
        ("add_days(date'9999-12-31', 1)", None),
        ("add_days(date'2024-02-28', 1)", date(2024, 2, 29)),
        ("days_between(date'2026-03-01', date(\"2026-02-01\"))", -28),
        ("date_of(timestamp'1969-12-31T23:59:59.5Z')", date(1969, 12, 31)),
        ("timestamp'2026-01-31T10:00:00Z'", datetime(2026, 1, 31, 10, tzinfo=UTC)),
        ("text(timestamp'2026-01-31T10:00:00.5Z')", "2026-01-31T10:00:00.500Z"),
        ("text(timestamp'2026-01-31T10:00:00Z')", "2026-01-31T10:00:00Z"),
        ("replace('a.b', '.', '$0')", "a$0b"),
        ("matches('ab', 'a|ab')", True),
        ("matches('ab\n', 'ab')", False),
        ("length('né')", 2),
        ("left('abc', 0)", ""),
        ("if(k, 1, 2)", 2),
        ("k and false", False),
        ("k or true", True),
        ("k and true", None),
        ("not k", None),
        ("i = i", None),
        ("i in [1]", None),
        ("i is null", True),
        ("t + 'a'", None),
        ("least(i, 3)", 3),
        ("i ?? j ?? 4", 4),
        ("if(true, if(false, null, null), 2.5)", None),
    ],
)
def test_well_known_values(text: str, expected: Any) -> None:
    """Precedence, three-valued logic, overflow to null, and no infinity, NaN or -0.0; of a row that has only nulls."""
    (computed,) = _computed(text, [_ROW])
    assert (computed, str(computed)) == (expected, str(expected))


@example(1e-7)
@example(-1e300)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_the_text_of_a_number_is_that_of_the_standard_csv(number: float) -> None:
    """The text of a number is what its column would be written as, and it spells the same number."""
    frame = pl.DataFrame({"x": [number]}, schema={"x": pl.Float64})
    spelled = frame.select(parse("text(x)", COLUMNS).polars()).item()
    assert spelled == frame.write_csv(include_header=False).strip()
    assert float(spelled) == number


@pytest.mark.parametrize("text", ["1 = if(k, i, 2)", "1 < (i ?? 2)", "if(k, 1, 2) = 1", "'a' = 'b'", "1 in [1]"])
def test_what_is_alike_in_all_rows_still_has_all_rows(text: str) -> None:
    """A constant beside an operand that happens to be constant gives as many rows as the table has."""
    assert len(_computed(text, [_ROW, _ROW, _ROW])) == 3


def test_deep_arithmetic_stays_small() -> None:
    """The polars expression grows with the text and is not doubled by each level that can be null."""
    text = "x"
    for _ in range(18):
        text = f"1 / ({text} + 1)"
    assert len(str(parse(text, COLUMNS).polars())) < 200 * len(text)
    assert _computed(text, [{**_ROW, "x": 1.0}])[0] == pytest.approx(0.618, abs=0.001)


def test_rows_are_computed_alike_by_every_engine() -> None:
    """The streaming engine gives what the in-memory one gives."""
    rows: list[Row] = [{**_ROW, "x": float(n), "i": n, "t": str(n)} for n in range(-3, 4)]
    frame = pl.DataFrame(rows, schema=_SCHEMA, orient="row").lazy()
    made = frame.select(
        a=parse("10 / x", COLUMNS).polars(),
        b=parse("i * 4611686018427387904", COLUMNS).polars(),
        c=parse("integer(t) + 1", COLUMNS).polars(),
    )
    assert made.collect(engine="streaming").equals(made.collect(engine="in-memory"))
