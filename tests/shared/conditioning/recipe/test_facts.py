"""What follows from a recipe: types by stage, names of rules, what is personal, what needs the whole table."""

from typing import Any

import pytest

from shared.conditioning.recipe.facts import (
    decimal_of,
    needs_whole,
    order_keys,
    output_columns,
    personal_columns,
    personal_outputs,
    reference_files,
    row_columns,
    rule_names,
    source_of,
    step_files,
    table_columns,
    thousands_of,
)
from shared.conditioning.recipe.schema import Recipe


def recipe(**more: Any) -> Recipe:
    """A recipe of sales with some keys more."""
    columns: dict[str, Any] = {
        "date": {"from": "Day", "type": "date"},
        "store": {},
        "units": {"type": "integer"},
        "price": {"type": "money", "decimal": ","},
        "open": {"type": "present"},
        "email": {"personal": True},
    }
    join = {"stores": {"file": "ref/s.csv", "on": {"store": "id"}, "take": {"region": "r"}}}
    derive = {"week": "week(date)", "revenue": "units * price", "domain": "right(email, 3)"}
    return Recipe.model_validate({"columns": columns, "join": join, "derive": derive} | more)


AGGREGATE = {
    "by": ["store", "week"],
    "values": {
        "units": "sum(units)",
        "mean_price": "mean(price)",
        "top": "max(price)",
        "buyers": "count_distinct(email)",
        "someone": "first(domain)",
        "n": "count()",
    },
}


def test_types_follow_the_steps() -> None:
    """Money is cents, what is joined is text, what is derived has the type of its expression."""
    rows = row_columns(recipe())
    assert list(rows.items())[:6] == [
        ("date", "date"),
        ("store", "text"),
        ("units", "integer"),
        ("price", "integer"),
        ("open", "boolean"),
        ("email", "text"),
    ]
    assert list(rows.items())[6:] == [("region", "text"), ("week", "date"), ("revenue", "integer"), ("domain", "text")]
    assert table_columns(recipe()) == rows


def test_an_aggregate_leaves_its_key_and_its_values() -> None:
    """In their order, key first."""
    made = recipe(aggregate=AGGREGATE, drop=["n"])
    assert list(output_columns(made).items()) == [
        ("store", "text"),
        ("week", "date"),
        ("units", "integer"),
        ("mean_price", "number"),
        ("top", "integer"),
        ("buyers", "integer"),
        ("someone", "text"),
    ]
    assert order_keys(made) == (("store", False), ("week", False))


def test_what_comes_from_personal_data_is_personal() -> None:
    """Derived, joined by it or chosen from it; how many there are is not."""
    assert personal_columns(recipe()) == {"email", "domain"}
    joined = {"people": {"file": "p.csv", "on": {"email": "mail"}, "take": {"region": "r"}}}
    assert personal_columns(recipe(join=joined)) == {"email", "domain", "region"}
    assert personal_outputs(recipe(drop=["email"])) == {"domain"}
    assert personal_outputs(recipe(aggregate=AGGREGATE)) == {"someone"}


RULES: list[dict[str, Any]] = [
    {"check": "units  >=\n 0"},
    {"not_null": ["store", "units"]},
    {"range": {"units": {"min": 1}}},
    {"set": {"store": ["a"]}},
    {"pattern": {"store": "[a-z]"}},
    {"unique": ["store", "date"]},
    {"range": {"units": {"max": 9}}, "else": "warn"},
    {"monotonic": "date"},
    {"rows_vs_last": "20%"},
    {"fresh": {"column": "date", "within": "36h"}},
    {"name": "mine", "check": "units > 1"},
]


def test_every_rule_has_a_name_of_its_own() -> None:
    """Made of what it says; counted where two would have the same."""
    assert rule_names(recipe(rules=RULES)) == (
        "check: units >= 0",
        "not_null: store, units",
        "range: units",
        "set: store",
        "pattern: store",
        "unique: store, date",
        "range: units (2)",
        "monotonic: date",
        "rows_vs_last",
        "fresh: date",
        "mine",
    )


def test_rules_of_which_no_row_is_at_fault_fail_the_dataset() -> None:
    """The others reject the row, unless said otherwise."""
    severities = [rule.severity for rule in recipe(rules=RULES).rules]
    assert severities == [*["reject"] * 6, "warn", "fail", "fail", "fail", "reject"]


@pytest.mark.parametrize(
    ("more", "whole"),
    [
        ({}, False),
        ({"rules": RULES[:5], "filter": "units > 0", "drop": ["store"]}, False),
        ({"rules": RULES[8:10]}, False),
        ({"rules": RULES[5:6]}, True),
        ({"rules": RULES[7:8]}, True),
        ({"order": ["-date"]}, True),
        ({"deduplicate": {"by": ["store"]}}, True),
        ({"aggregate": AGGREGATE}, True),
    ],
)
def test_only_some_steps_need_the_whole_table(more: dict[str, Any], whole: bool) -> None:
    """All up to the filter is done row by row, and counts and ages come from what every part reports."""
    assert needs_whole(recipe(**more)) is whole


def test_columns_take_from_the_recipe_what_they_do_not_say() -> None:
    """Names in the raw file, and the signs in numbers."""
    made = recipe(decimal=".", thousands=" ", order=["-date", "store"])
    assert [source_of(name, column) for name, column in made.columns.items()][:2] == ["Day", "store"]
    assert [decimal_of(made.columns[name], made) for name in ("units", "price")] == [".", ","]
    assert thousands_of(made.columns["price"], made) == " "
    assert order_keys(made) == (("date", True), ("store", False))


def test_files_are_named_once() -> None:
    """However often they are used."""
    columns = {name: {"lookup": {"file": "ref/s.csv", "key": "a", "value": "b"}} for name in ("store", "city")}
    steps = [{"step": name, "from": "steps.py"} for name in ("a", "b")]
    made = recipe(columns=columns, derive={}, custom=steps)
    assert (reference_files(made), step_files(made)) == (("ref/s.csv",), ("steps.py",))
