# ruff: noqa: ISC004 - messages are compared whole
"""A raw file from its bytes to its verdict: what is kept, what is rejected and where it was, and what is refused."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.conditioning.engine.counts import added, reconcile
from shared.conditioning.engine.quarantine import HEADER, QuarantinedRow, moved, quarantine_csv, read_quarantine
from shared.conditioning.engine.verdict import check_file, check_table
from shared.contracts.conditioning import Counted
from shared.errors import PermanentError
from tests.shared.conditioning.engine.joined import FILE, in_ranges, one_pass, recipe_of

LIMITED = recipe_of(columns={"a": {}}, max_rejected=0.1)


def test_a_rejected_row_is_kept_with_its_place_its_rule_and_its_own_text() -> None:
    """Who mends the source finds the row, and can deliver it again."""
    raw = b'day,miles\n2/30/2013,7\n"2/3/2013","1,2"\n\n2/3/2013,\n2/3/2013,9\n'
    recipe = recipe_of(columns={"day": {"type": "date", "format": "%m/%d/%Y"}, "miles": {"type": "integer"}})
    made = one_pass(raw, recipe)
    assert made.table == b"2013-02-03,9\n"
    assert made.quarantine == [
        QuarantinedRow(
            FILE, 1, 2, 10, "day.not_a_date", 'day: "2/30/2013" is not a date of format %m/%d/%Y', "2/30/2013,7"
        ),
        QuarantinedRow(FILE, 2, 3, 22, "miles.not_an_integer", 'miles: "1,2" is not an integer', '"2/3/2013","1,2"'),
        QuarantinedRow(FILE, 3, 5, 40, "miles.missing", 'miles: has no value (""), and one is required', "2/3/2013,"),
    ]
    assert made.counts["reasons"] == {"day.not_a_date": 1, "miles.missing": 1, "miles.not_an_integer": 1}


def test_a_decimal_comma_is_said_in_the_recipe() -> None:
    """Then a point is no part of a number: 1.250 may be a thousand and a quarter of it, and nobody can tell."""
    commas = recipe_of(
        delimiter=";",
        decimal=",",
        columns={
            "number": {"from": "a", "type": "number"},
            "miles": {"from": "b", "type": "integer", "unit": {"from": "nmi", "to": "mi"}, "min": 1},
        },
    )
    made = one_pass(b"a;b\n1,5;173,8\n2;100\n1.250;9\n1,2,3;9\n7;0,2\n7;1.0\n", commas)
    assert made.table == b"1.5,200\n2.0,115\n"
    assert [(row.line, row.reason) for row in made.quarantine] == [
        (4, 'number: "1.250" is not a number'),
        (5, 'number: "1,2,3" is not a number'),
        (6, 'miles: "0,2" nmi is below 1 mi'),
        (7, 'miles: "1.0" is not a number'),
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_line_ends_and_byte_order_marks_change_nothing(end: str, bom: bytes) -> None:
    """Files from other systems give the same bytes; extra columns and the order of columns do not matter."""
    raw = bom + end.join(["x; b ;a", "0;2;1", "0;4;3", ""]).encode()
    assert one_pass(raw, recipe_of(delimiter=";", columns={"a": {}, "b": {}})).table == b"1,2\n3,4\n"


@given(st.binary(max_size=60), st.integers(64, 100))
def test_any_bytes_are_conditioned_or_refused(content: bytes, step: int) -> None:
    """No content ends in a traceback: rows are kept or rejected, or the file is refused for good."""
    recipe = recipe_of(columns={"a": {}, "b": {"required": False}})
    for raw in (content, b"a,b\n" + content):
        try:
            made = one_pass(raw, recipe)
        except PermanentError:
            continue
        assert made.counts["rows_in"] == made.counts["rows_out"] + made.counts["rejected"]
        assert in_ranges(raw, recipe, step).table == made.table


@pytest.mark.parametrize(
    ("counts", "code", "message"),
    [
        ({}, "NoRows", f"{FILE} has a header but no rows; deliver it again with its rows"),
        (
            {"rows_in": 2, "rejected": 2, "reasons": {"a.missing": 2}},
            "NothingAccepted",
            f"{FILE}: all 2 rows were rejected (2 x a.missing). Compare it with its recipe. "
            "Look at them: signalbox quarantine show q.csv",
        ),
        (
            {"rows_in": 9, "rows_out": 8, "rejected": 1, "reasons": {"a.missing": 1}},
            "TooManyRejected",
            f"{FILE}: 1 of 9 rows (11.111%) were rejected (1 x a.missing), and the recipe allows 10.000%. "
            "Look at them: signalbox quarantine show q.csv",
        ),
        (
            {"rows_in": 9, "rows_out": 9, "failed": {f"r{number}": 9 - number for number in range(7)}},
            "RuleFailed",
            f"{FILE}: rules that must hold are broken (9 x r0, 8 x r1, 7 x r2, 6 x r3, 5 x r4, and 2 more rules).",
        ),
        ({"rows_in": 9, "rows_out": 8}, "CountsDoNotReconcile", "rows were lost or counted twice"),
        (
            {"rows_in": 9, "rows_out": 8, "rejected": 1, "reasons": {"x": 2}},
            "CountsDoNotReconcile",
            "rejected 1, filtered 0, deduplicated 0, aggregated 0, custom 0, reasons {'x': 2}; report this",
        ),
    ],
)
def test_a_file_of_which_too_little_is_left_is_refused(counts: dict[str, object], code: str, message: str) -> None:
    """For good, and where rows were rejected it is said where they can be looked at."""
    with pytest.raises(PermanentError) as caught:
        check_file(Counted.model_validate(counts), LIMITED, FILE, "q.csv" if counts.get("rejected") else None)
    assert caught.value.code == code
    assert message in caught.value.message


def test_a_share_that_the_recipe_allows_passes() -> None:
    """Exactly as much as it says, too; without a word any share does."""
    counts = Counted(rows_in=10, rows_out=9, rejected=1, reasons={"a.missing": 1}, warned={"w": 3})
    check_file(counts, LIMITED, FILE, "q.csv")
    check_table(counts, LIMITED, "flights", {}, "q.csv")
    most = counts.model_copy(update={"rows_out": 1, "rejected": 9, "reasons": {"a.missing": 9}})
    check_file(most, recipe_of(columns={"a": {}}), FILE, "q.csv")


def test_what_breaks_a_rule_of_the_whole_table_is_said() -> None:
    """The first row of each rule, as it was found."""
    counts = Counted(rows_in=10, rows_out=10, failed={"once": 2})
    with pytest.raises(PermanentError) as caught:
        check_table(counts, LIMITED, "flights", {"once": "A is there twice", "w": "unimportant"}, None)
    told = "flights: rules that must hold are broken (2 x once): once: A is there twice"
    assert (caught.value.code, caught.value.message) == ("RuleFailed", told)


_COUNTS = st.dictionaries(st.sampled_from("abc"), st.integers(0, 9), max_size=3)


@given(st.lists(st.builds(Counted, rows_in=st.integers(0, 9), reasons=_COUNTS, warned=_COUNTS), max_size=5))
def test_counts_add_up_in_any_order(every: list[Counted]) -> None:
    """Of ranges, files and tables: every figure, and every rule."""
    total = added(every)
    assert total == added(every[::-1])
    assert total["rows_in"] == sum(one.rows_in for one in every)
    assert sum(total["warned"].values()) == sum(sum(one.warned.values()) for one in every)
    if every:
        assert added([Counted.model_validate(added(every[:1])), *every[1:]]) == total


def test_all_that_a_row_can_become_is_counted() -> None:
    """Custom steps may add rows."""
    became = {"rows_out": 4, "rejected": 1, "filtered": 2, "deduplicated": 3, "aggregated": 5, "custom": -2}
    reconcile({**Counted(rows_in=13, reasons={"x": 1}).to_wire(), **became}, "flights")


_TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
_ROWS = st.lists(
    st.builds(QuarantinedRow, _TEXT, st.integers(1, 99), st.integers(1, 99), st.integers(0), _TEXT, _TEXT, _TEXT),
    max_size=4,
)


@given(_ROWS, st.integers(0, 99), st.integers(0, 99))
def test_quarantine_is_read_back_as_it_was_written(rows: list[QuarantinedRow], before: int, lines: int) -> None:
    """With or without its header; a range's rows are counted on from those before it."""
    content = quarantine_csv(rows)
    assert list(read_quarantine(content)) == list(read_quarantine(HEADER + content)) == rows
    there = list(read_quarantine(b"".join(moved(content, before, lines))))
    assert [(one.row, one.line) for one in there] == [
        ((row.row or 0) + before, (row.line or 0) + lines) for row in rows
    ]
    assert all(len(row) == len(next(csv.reader(io.StringIO(HEADER.decode())))) for row in csv.reader(
        io.StringIO(content.decode(), newline="")
    ))  # fmt: skip
