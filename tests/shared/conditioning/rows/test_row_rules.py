"""Lookups, joins, derived columns, rules of rows and filters: what becomes of rows, and how they are counted."""

from datetime import date
from typing import Any

import polars as pl
import pytest

from shared.conditioning.custom import Step
from shared.conditioning.rows.standard import standard_schema, whole_steps
from shared.conditioning.rows.steps import RowSteps
from shared.errors import PermanentError
from tests.shared.conditioning.rows.rows_of import frame, reasons, recipe, run

REGIONS = b"code,region\nTX, Texas \nCA,California\nXX,\n"
STORES = b"\xef\xbb\xbfstore_id,opened,city\n1,2020-01-01,Austin\n2,2020-01-01,\n1,2021-01-01,Waco\n"


@pytest.mark.parametrize(
    ("missing", "became"),
    [
        ("reject", ["Texas", "v.not_in_lookup", "v.missing"]),
        ("keep", ["Texas", "OR", "v.missing"]),
        ("null", ["Texas", "v.missing", "v.missing"]),
    ],
)
def test_a_lookup_replaces_a_value(missing: str, became: list[str]) -> None:
    """A value without counterpart is rejected, kept or null; a counterpart without text is null, and then required."""
    spec = {"case": "upper", "lookup": {"file": "r.csv", "key": "code", "value": "region", "missing": missing}}
    checked = run({"v": spec}, {"v": ["tx", "or", "xx"]}, {"r.csv": REGIONS})
    values = dict(zip(checked.rows.tolist(), checked.kept["v"], strict=True))
    assert [values.get(row) or checked.rejected[row - 3].rule for row in range(3)] == became
    if missing == "reject":
        assert checked.rejected[0].reason == 'v: "or" is not among the code of r.csv'


def test_a_join_takes_columns_by_equal_keys() -> None:
    """Keys are compared as they stand in the standard CSV; a row without counterpart is rejected by name."""
    columns = {"store": {"type": "integer", "required": False}, "day": {"type": "date"}}
    join = {"stores": {"file": "s.csv", "on": {"store": "store_id", "day": "opened"}, "take": {"town": "city"}}}
    values = {
        "store": ["01", "1", "2", "1", ""],
        "day": ["2020-1-1", "2021-01-01", "2020-01-01", "2022-01-01", "2020-01-01"],
    }
    checked = run(columns, values, {"s.csv": STORES}, join=join)
    assert checked.kept["town"].to_list() == ["Austin", "Waco", None]
    assert reasons(checked) == [
        (3, "join stores.missing", 'stores: s.csv has no row with store_id "1", opened "2022-01-01"'),
        (4, "join stores.missing", 'stores: s.csv has no row with store_id null, opened "2020-01-01"'),
    ]
    join["stores"]["missing"] = "null"
    assert run(columns, values, {"s.csv": STORES}, join=join).kept["town"].to_list() == ["Austin", "Waco", *[None] * 3]


@pytest.mark.parametrize(
    ("references", "code", "message"),
    [
        ({}, "ReferenceMissing", "the recipe refers to r.csv, which is not here; known: none"),
        (
            {"r.csv": b"code,region\nTX,a\nTX,b\n"},
            "ReferenceUnusable",
            "r.csv: line 3: `TX` has other values in line 2",
        ),
        ({"r.csv": b"code\nTX\n"}, "ReferenceUnusable", "r.csv: it has no column `region`"),
    ],
)
def test_a_reference_that_cannot_be_used_is_refused(references: dict[str, bytes], code: str, message: str) -> None:
    """Before any row is read: a wrong reference is wrong in every row."""
    column = {"v": {"lookup": {"file": "r.csv", "key": "code", "value": "region"}}}
    with pytest.raises(PermanentError) as caught:
        RowSteps(recipe(column), references)
    assert caught.value.code == code
    assert caught.value.message.startswith(message)


SALES = {
    "shipped": {"type": "integer", "required": False},
    "sold": {"type": "integer", "required": False},
    "price": {"type": "money", "required": False},
    "size": {"required": False},
    "day": {"type": "date", "required": False},
}


def sales(rows: list[tuple[str, ...]], **more: Any) -> Any:
    """Rows of sales through a recipe; values that are not given are null."""
    values = {name: [(*row, *[""] * len(SALES))[place] for row in rows] for place, name in enumerate(SALES)}
    return run(SALES, values, **more)


def test_rules_of_rows_reject_by_name_and_reason() -> None:
    """Each kind of rule rejects what breaks it; without a value only `not_null` and `check` are broken."""
    rules = [
        {"check": "sold <= shipped", "name": "sold_at_most_shipped"},
        {"not_null": ["price", "size"]},
        {"range": {"shipped": {"min": 0}, "price": {"max": 5.5}, "day": {"min": date(2020, 1, 1)}}},
        {"set": {"size": ["S", "M"]}},
        {"pattern": {"size": "[A-Z]"}},
    ]
    checked = sales(
        [
            ("3", "4", "1", "S"),
            ("3", "", "1", "S"),
            ("3", "1", "", "S"),
            ("3", "1", "1", ""),
            ("-3", "-3", "1", "S"),
            ("3", "1", "5.51", "S"),
            ("3", "1", "5.50", "S", "2019-12-31"),
            ("3", "1", "5.50", "XL"),
            ("3", "1", "5.50", "S", "2020-01-01"),
        ],
        rules=rules,
    )
    assert checked.rows.tolist() == [8]
    assert reasons(checked) == [
        (0, "sold_at_most_shipped", 'sold <= shipped is not true of shipped "3", sold "4"'),
        (1, "sold_at_most_shipped", 'sold <= shipped is not true of shipped "3", sold null'),
        (2, "not_null: price, size", "price has no value"),
        (3, "not_null: price, size", "size has no value"),
        (4, "range: shipped, price, day", 'shipped: "-3" is below 0'),
        (5, "range: shipped, price, day", 'price: "551" is above 5.5'),
        (6, "range: shipped, price, day", 'day: "2019-12-31" is below 2020-01-01'),
        (7, "set: size", 'size: "XL" is not one of S, M'),
    ]


def test_a_pattern_rule_matches_whole_texts() -> None:
    """As the pattern of a column does."""
    checked = sales([("", "", "", "AB"), ("", "", "", "A"), ()], rules=[{"pattern": {"size": "[A-Z]"}}])
    assert checked.rows.tolist() == [1, 2]
    assert reasons(checked) == [(0, "pattern: size", 'size: "AB" does not match [A-Z]')]


def test_a_row_is_rejected_by_the_first_rule_in_the_order_of_the_recipe() -> None:
    """Columns come before rules, whatever the order in which they are found out."""
    checked = run(
        {"a": {"type": "integer"}, "b": {"type": "date"}},
        {"a": ["x", "1", "1"], "b": ["y", "y", "2020-01-01"]},
        rules=[{"check": "a > 1", "name": "more"}, {"check": "a > 2", "name": "much_more"}],
    )
    assert [rule for _, rule, _ in checked.rejected] == ["a.not_an_integer", "b.not_a_date", "more"]


def test_rules_that_warn_or_fail_only_count() -> None:
    """Rows that are rejected anyway are not counted; those that the filter leaves out are."""
    rules = [
        {"check": "sold < 3", "name": "much", "else": "warn"},
        {"check": "sold < 4", "name": "too_much", "else": "fail"},
        {"check": "sold < 9", "name": "never", "else": "fail"},
        {"not_null": ["shipped"], "name": "given"},
    ]
    checked = sales([("1", "3"), ("1", "4"), ("", "4"), ("1", "1")], rules=rules, filter="sold < 4")
    assert (checked.warned, checked.failed) == ({"much": 2}, {"too_much": 1})
    assert (checked.rows.tolist(), checked.filtered, len(checked.rejected)) == ([0, 3], 1, 1)


def test_derived_columns_see_those_before_them_and_the_filter_sees_all() -> None:
    """A filter that is null leaves a row out; dropped columns are not written."""
    checked = sales(
        [("3", "1"), ("3", "3"), ("3", ""), ("x", "1")],
        derive={"left": "shipped - sold", "twice": "left * 2"},
        filter="twice > 0",
        drop=["price", "size", "day"],
    )
    assert checked.kept.to_dicts() == [{"shipped": 3, "sold": 1, "left": 2, "twice": 4}]
    assert (checked.filtered, [rule for _, rule, _ in checked.rejected]) == (2, ["shipped.not_an_integer"])


def test_steps_over_the_whole_table_get_the_columns_that_they_read() -> None:
    """A dropped column is written while something later needs it; before an aggregate only such columns are."""
    plain = {"drop": ["day", "size"], "order": ["-day"]}
    grouped = {"aggregate": {"by": ["size"], "values": {"n": "count()", "sold": "sum(sold)"}}, "order": ["n"]}
    assert list(standard_schema(recipe(SALES, **plain), {})) == ["shipped", "sold", "price", "day"]
    assert standard_schema(recipe(SALES, **grouped), {}) == {"sold": pl.Int64(), "size": pl.String()}
    assert standard_schema(recipe(SALES, drop=["size", "day", "sold", "shipped"]), {}) == {"price": pl.Int64()}


def stepped(*functions: Any, row_wise: bool = True) -> dict[str, Step]:
    """Custom steps by name."""
    return {function.__name__: Step(function.__name__, row_wise, function) for function in functions}


def test_a_row_wise_custom_step_gets_sound_rows_and_the_filter_sees_what_it_makes() -> None:
    """Its columns are written after those of the recipe; rows keep their places."""

    def weigh(rows: pl.LazyFrame) -> pl.LazyFrame:
        return rows.with_columns(weight=pl.col("n") * 2.0)

    def label(rows: pl.LazyFrame) -> pl.LazyFrame:
        return rows.with_columns(label=pl.col("weight").cast(pl.String))

    made = recipe(
        {"n": {"type": "integer"}},
        custom=[{"step": "weigh", "from": "s.py"}, {"step": "label", "from": "s.py"}],
        filter="weight != 4",
        drop=["n"],
    )
    checked = RowSteps(made, {}, stepped(weigh, label)).run(frame(n=["1", "x", "2", "3"]))
    assert checked.kept.to_dict(as_series=False) == {"weight": [2.0, 6.0], "label": ["2.0", "6.0"]}
    assert (checked.rows.tolist(), checked.filtered, checked.rejected[0].row) == ([0, 3], 1, 1)
    with pytest.raises(PermanentError, match="the recipe has the step `label`, which is not here; known: weigh"):
        RowSteps(made, {}, stepped(weigh))


def test_custom_steps_from_the_first_that_sees_the_whole_table_are_left_to_it() -> None:
    """They get every column of the rows, those that are dropped in the end included."""

    def rank(rows: pl.LazyFrame) -> pl.LazyFrame:
        raise AssertionError("a step over the whole table is not run here")

    made = recipe({"n": {}, "m": {}}, custom=[{"step": "rank", "from": "s.py"}], drop=["n"])
    steps = stepped(rank, row_wise=False)
    assert RowSteps(made, {}, steps).run(frame(n=["1"], m=["2"])).kept.columns == ["n", "m"]
    assert [step.name for step in whole_steps(made, steps)] == ["rank"]


def test_personal_values_are_in_no_reason() -> None:
    """Neither as they came nor in a rule; what shares their raw column or is made of them is personal, too."""
    columns = {
        "mail": {"personal": True, "pattern": ".+@.+"},
        "seen": {"from": "mail", "one_of": ["a@b", "secret@x"]},
        "age": {"type": "integer", "personal": True, "required": False},
    }
    checked = run(
        columns,
        {
            "mail": ["secret", "a@b", "secret@x", "NA"],
            "seen": ["a@b", "secret", "a@b", "a@b"],
            "age": ["7", "7", "77", "7"],
        },
        nulls=["NA"],
        derive={"old": "age * 2"},
        rules=[{"check": "old < 20", "name": "young"}],
    )
    assert reasons(checked) == [
        (0, "mail.not_like_pattern", "mail: a value does not match .+@.+"),
        (1, "seen.not_one_of", "seen: a value is not one of a@b, secret@x"),
        (2, "young", "old < 20 is not true of old a value"),
        (3, "mail.missing", "mail: has no value, and one is required"),
    ]
    steps = RowSteps(recipe(columns | {"city": {}}), {})
    assert steps.personal == {"mail", "seen", "age"}
    assert steps.masked({"mail": "x", "city": "y"}) == {"mail": "***", "city": "y"}


def test_references_without_rows_have_no_counterparts() -> None:
    """A header alone is a table, too."""
    lookup = {"file": "r.csv", "key": "code", "value": "region"}
    join = {"stores": {"file": "r.csv", "on": {"v": "code"}, "take": {"region": "region"}, "missing": "null"}}
    empty = {"r.csv": b"code,region\n"}
    assert run({"v": {"lookup": lookup}}, {"v": ["TX"]}, empty).rejected[0].rule == "v.not_in_lookup"
    kept = run({"v": {"lookup": lookup | {"missing": "keep"}}}, {"v": ["TX", "CA"]}, empty, join=join).kept
    assert kept.rows() == [("TX", None), ("CA", None)]


def test_expressions_that_name_no_column_hold_of_all_rows() -> None:
    """In a rule, a filter and a derived column."""
    columns, values = {"v": {"type": "present"}}, {"v": ["x", "y", ""]}
    rejected = run(columns, values, rules=[{"check": "1 > 2", "name": "never"}]).rejected
    assert [tuple(one) for one in rejected] == [(row, "never", "1 > 2 is not true") for row in range(3)]
    checked = run(columns, values, derive={"one": "1"}, filter="2 > 1")
    assert (checked.kept["one"].to_list(), checked.rows.tolist()) == ([1, 1, 1], [0, 1, 2])


def test_a_frame_without_rows_has_the_columns_of_the_standard_table() -> None:
    """With their types, so that nothing depends on where a file is cut."""
    made = recipe(SALES, derive={"share": "sold / shipped"}, filter="sold > 0")
    checked = RowSteps(made, {}).run(frame(**{name: [] for name in SALES}))
    assert (checked.kept.schema, checked.rows.size, checked.rejected) == (standard_schema(made, {}), 0, [])


def test_many_columns_are_no_deep_query() -> None:
    """A table of 500 columns is typed and checked like one of seven."""
    names = [f"c{place}" for place in range(500)]
    checked = run({name: {"type": "integer", "min": 0} for name in names}, {name: ["1", "-1"] for name in names})
    assert (checked.rows.tolist(), checked.rejected[0].rule) == ([0], "c0.below_min")
