"""Row steps against a plain Python reading of the same recipe, on random values and in any pieces."""

import random
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from shared.conditioning.expressions.values import BLANKS
from shared.conditioning.recipe.schema import Recipe
from shared.conditioning.rows import column_rules, steps, values
from shared.conditioning.rows.standard import standard_schema
from shared.conditioning.rows.steps import Checked, RowSteps
from shared.conditioning.rows.writing import write_rows
from tests.shared.conditioning.rows.rows_of import frame

RECIPE = Recipe.model_validate(
    {
        "nulls": ["", "NA"],
        "columns": {
            "name": {"case": "lower", "one_of": ["a", "b c", 'd"e', "f\ng"]},
            "count": {"type": "integer", "thousands": ",", "min": -5, "required": False},
            "plain": {"type": "integer", "required": False},
            "size": {"type": "number", "max": 1000, "required": False},
            "weight": {"type": "number", "decimal": ",", "thousands": ".", "required": False},
            "price": {"type": "money", "currency": "$", "thousands": ",", "required": False},
            "day": {"type": "date", "format": "%m/%d/%Y", "max": date(2013, 6, 30)},
            "seen": {"type": "timestamp", "format": "%Y-%m-%d %H:%M", "timezone": "America/Chicago", "required": False},
            "flag": {"type": "boolean", "required": False},
            "code": {"lookup": {"file": "c.csv", "key": "k", "value": "v"}, "pattern": "[A-Z]+", "required": False},
            "any": {"type": "present"},
        },
        "join": {"places": {"file": "p.csv", "on": {"plain": "n"}, "take": {"place": "p"}, "missing": "null"}},
        "derive": {"double": "plain + plain"},
        "rules": [
            {"check": "plain is null or plain != 3", "name": "not_three"},
            {"range": {"price": {"min": 0}}, "name": "dear", "else": "warn"},
            {"not_null": ["flag"], "name": "flagged", "else": "fail"},
        ],
        "filter": "double is null or double != 4",
    }
)
REFERENCES = {"c.csv": b"k,v\nx,X\ny,yes\nz,\n", "p.csv": b"n,p\n1,one\n2,\n"}
CODES = {"x": "X", "y": "yes", "z": None}
PLACES = {1: "one", 2: None}
STEPS = RowSteps(RECIPE, REFERENCES)
QUICK = RowSteps(RECIPE, REFERENCES, quick_from=0)

ANYTHING = st.text(st.characters(codec="utf-8"), max_size=6)
DIGITS = st.lists(st.sampled_from([*"0123456789,.-+()$eE ٣_\u00a0’", "000", ",000", "$ "]), max_size=9).map("".join)
AMOUNTS = st.one_of(
    st.decimals(-(10**6), 10**6, places=2).map(lambda amount: f"{amount:,}"),
    st.decimals(0, 10**4, places=2).map(lambda amount: f"(${amount:,})"),
    st.decimals(0, 10**4, places=3).map(lambda amount: f"{amount}-"),
    st.sampled_from(["92233720368547758.07", "92,233,720,368,547,758.08", "NA", "$", "1.10000"]),
    DIGITS,
)
HOURS = st.one_of(  # around both changes of the clock
    st.datetimes(datetime(2013, 3, 8), datetime(2013, 3, 12)),  # noqa: DTZ001 - local times
    st.datetimes(datetime(2013, 11, 1), datetime(2013, 11, 5)),  # noqa: DTZ001 - local times
)
VALUES: dict[str, st.SearchStrategy[str]] = {
    "name": st.one_of(st.sampled_from(["A", "B c", 'd"e', "f\ng", "NA"]), ANYTHING),
    "count": st.one_of(st.integers(-9, 10**7).map(lambda count: f"{count:,}"), DIGITS),
    "plain": st.one_of(
        st.integers(0, 4).map(str), st.sampled_from(["9223372036854775808", "-9223372036854775808", "+3"]), DIGITS
    ),
    "size": st.one_of(st.floats().map(repr), st.sampled_from(["1e5", ".5", "7", "1 2", "-0", "infinity"]), DIGITS),
    "weight": st.one_of(st.sampled_from(["1.234,5", "1,5e3", "1.23,4", ",5", "NaN"]), DIGITS),
    "price": AMOUNTS,
    "day": st.one_of(
        st.dates(date(1880, 1, 1), date(2210, 1, 1)).map(lambda day: f"{day.month}/{day.day:02}/{day.year}"),
        st.sampled_from(["2/30/2013", "02/28/2013", "1/2/13", " 1/2/2013", "1/ 2/2013", "1/+2/2013"]),
        ANYTHING,
    ),
    "seen": st.one_of(HOURS.map("{:%Y-%m-%d %H:%M}".format), st.sampled_from(["2013-03-10 24:00", "2013-1-1 1:00"])),
    "flag": st.one_of(st.sampled_from(["TRUE", "no", "1", "", "maybe"]), ANYTHING),
    "code": st.sampled_from(["x", "y", "z", "w", "", " x"]),
    "any": st.one_of(st.sampled_from(["", "NA", "5"]), ANYTHING),
}
SIGNS = [("", ""), ("+", ""), ("-", ""), ("", "-"), ("(", ")")]
CODES_BEFORE, CODES_AFTER = (["$", "$ ", "$\u00a0", "$\u202f"], ["$", " $", "\u00a0$", "\u202f$"])
#: What may stand before and after the digits of an amount in dollars.
WRITTEN_AROUND = [
    *SIGNS,
    *((code + before, after) for code in CODES_BEFORE for before, after in SIGNS),
    *((before, after + code) for code in CODES_AFTER for before, after in SIGNS),
    *((sign + code, "") for code in CODES_BEFORE for sign in "+-"),
    *(("(" + code, ")") for code in CODES_BEFORE),
    *(("(", code + ")") for code in CODES_AFTER),
]
GOOD = dict.fromkeys(VALUES, "") | {"name": "a", "day": "1/2/2013"}
PADDED = st.sampled_from(["", "", " ", "\t", "\u00a0 "])


@st.composite
def rows(draw: st.DrawFn) -> dict[str, str]:
    """A row that is mostly good, so that every rule is met alone."""
    row = dict(GOOD)
    for name in draw(st.lists(st.sampled_from(sorted(VALUES)), max_size=4)):
        row[name] = draw(PADDED) + draw(VALUES[name]) + draw(PADDED)
    return row


def expected(row: dict[str, str]) -> dict[str, Any] | str:
    """What the recipe says of a row, read without polars: the row kept, the rule that it breaks, or `filtered`."""
    texts = {name: row[name].strip(BLANKS) for name in VALUES}
    given = {name: None if text in ("", "NA") else text for name, text in texts.items()}
    kept: dict[str, Any] = {}
    for name, text in given.items():
        value = None if text is None else READERS[name](text)
        if name == "any":
            value = text is not None
        elif rule := broken(name, text, value):
            return f"{name}.{rule}"
        kept[name] = value.value if isinstance(value, Looked) else value
    plain = kept["plain"]
    kept["place"] = PLACES.get(plain)
    kept["double"] = None if plain is None or abs(2 * plain) >= 2**63 else 2 * plain
    if plain == 3:
        return "not_three"
    return "filtered" if kept["double"] == 4 else kept


class Looked:
    """A counterpart in a lookup, which may be empty."""

    def __init__(self, value: str | None) -> None:
        self.value = value


def broken(name: str, text: str | None, value: Any) -> str | None:
    """The first rule that a value breaks."""
    if text is None:
        return "missing" if name in ("name", "day") else None
    if isinstance(value, str) and name not in ("name",):
        return value
    if name == "code" and value.value is not None and not re.fullmatch("[A-Z]+", value.value):
        return "not_like_pattern"
    rules = {
        "below_min": (name == "count" and value < -5) or (name == "day" and value < date(1900, 1, 1)),
        "above_max": (name == "size" and value > 1000) or (name == "day" and value > date(2013, 6, 30)),
        "not_one_of": name == "name" and value not in ("a", "b c", 'd"e', "f\ng"),
    }
    return next((rule for rule, holds in rules.items() if holds), None)


def _integer(text: str) -> int | str:
    fits = re.fullmatch("[+-]?[0-9]+", text)
    return int(text) if fits and -(2**63) <= int(text) < 2**63 else "not_an_integer"


def _count(text: str) -> int | str:
    fits = re.fullmatch("[+-]?([0-9]+|[0-9]{1,3}(,[0-9]{3})+)", text)
    return _integer(text.replace(",", "")) if fits else "not_an_integer"


def _number(text: str) -> float | str:
    fits = re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", text)
    return float(text) if fits and abs(float(text)) != float("inf") else "not_a_number"


def _weight(text: str) -> float | str:
    fits = re.fullmatch(r"[+-]?(([0-9]+|[0-9]{1,3}(\.[0-9]{3})+)(,[0-9]*)?|,[0-9]+)([eE][+-]?[0-9]+)?", text)
    return _number(text.replace(".", "").replace(",", ".")) if fits else "not_a_number"


def _price(text: str) -> int | str:
    for before, after in WRITTEN_AROUND:
        if len(before) + len(after) > len(text) or not (text.startswith(before) and text.endswith(after)):
            continue
        body = text[len(before) : len(text) - len(after)]
        fits = re.fullmatch(r"([0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)?(?:\.([0-9]{0,2})0*)?", body)
        if fits and (fits[1] or fits[2]):
            cents = int((fits[1] or "0").replace(",", "") + (fits[2] or "").ljust(2, "0"))
            return "not_money" if cents >= 2**63 else -cents if set(before + after) & {"-", "("} else cents
    return "not_money"


def _day(text: str) -> date | str:
    fits = re.fullmatch("([0-9]{1,2})/([0-9]{1,2})/([1-9][0-9]{3})", text)
    try:
        return date(int(fits[3]), int(fits[1]), int(fits[2])) if fits else "not_a_date"
    except ValueError:
        return "not_a_date"


def _seen(text: str) -> datetime | str:
    try:
        local = datetime.strptime(text, "%Y-%m-%d %H:%M")  # noqa: DTZ007 - its zone follows
    except ValueError:
        return "not_a_timestamp"
    zone = ZoneInfo("America/Chicago")
    first, second = (local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first == second:
        return first
    return "ambiguous_time" if first < second else "nonexistent_time"


def _flag(text: str) -> bool | str:
    words = dict.fromkeys(("true", "yes", "t", "y", "1"), True) | dict.fromkeys(("false", "no", "f", "n", "0"), False)
    return words.get(text.lower(), "not_a_boolean")


def _code(text: str) -> Looked | str:
    return Looked(CODES[text]) if text in CODES else "not_in_lookup"


READERS: dict[str, Callable[[str], Any]] = {
    "name": str.lower,
    "count": _count,
    "plain": _integer,
    "size": _number,
    "weight": _weight,
    "price": _price,
    "day": _day,
    "seen": _seen,
    "flag": _flag,
    "code": _code,
    "any": str,
}


def framed(table: list[dict[str, str]]) -> pl.DataFrame:
    """Rows as a frame."""
    return frame(**{name: [row[name] for row in table] for name in VALUES})


@given(st.lists(rows(), max_size=20))
def test_rows_are_those_of_a_plain_reading(table: list[dict[str, str]]) -> None:
    """Every row is kept, rejected or filtered as the reference says, with its values and its rule."""
    checked = STEPS.run(framed(table))
    reference = [expected(row) for row in table]
    assert checked.kept.to_dicts() == [row for row in reference if isinstance(row, dict)]
    assert checked.rows.tolist() == [row for row, became in enumerate(reference) if isinstance(became, dict)]
    rejected = [(row, rule) for row, rule in enumerate(reference) if isinstance(rule, str) and rule != "filtered"]
    assert [(row, rule) for row, rule, _ in checked.rejected] == rejected
    assert checked.filtered == reference.count("filtered")
    assert checked.kept.schema == standard_schema(RECIPE, {})


def total(parts: list[Checked], sizes: list[int]) -> tuple[Any, ...]:
    """Pieces put together."""
    begin = [sum(sizes[:place]) for place in range(len(sizes))]
    return (
        b"".join(write_rows(part.kept) for part in parts),
        [row + first for part, first in zip(parts, begin, strict=True) for row in part.rows.tolist()],
        [(row + first, *why) for part, first in zip(parts, begin, strict=True) for row, *why in part.rejected],
        sum(part.filtered for part in parts),
        *(
            {name: sum(getattr(part, counts).get(name, 0) for part in parts) for name in ("dear", "flagged")}
            for counts in ("warned", "failed")
        ),
    )


@given(st.lists(rows(), max_size=20), st.data())
def test_pieces_give_the_bytes_of_the_whole(table: list[dict[str, str]], data: st.DataObject) -> None:
    """Wherever a frame is cut, rows, reasons and counts are the same, and so is every byte."""
    cuts = sorted(data.draw(st.lists(st.integers(0, len(table)), max_size=4)))
    sizes = [stop - start for start, stop in zip([0, *cuts], [*cuts, len(table)], strict=True)]
    whole = framed(table)
    pieces = [whole.slice(start, size) for start, size in zip([0, *cuts], sizes, strict=True)]
    assert total([STEPS.run(piece) for piece in pieces], sizes) == total([STEPS.run(whole)], [len(table)])


@given(st.lists(rows(), min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_reading_quickly_changes_nothing(table: list[dict[str, str]], chance: random.Random) -> None:
    """Rows that must be read again, among many that need not, end where they end when all are read with care."""
    mixed = [*table, *[GOOD | {"plain": "1", "price": "$1,234.50"}] * (4 * len(table))]
    chance.shuffle(mixed)
    sizes = [len(mixed)]
    assert total([QUICK.run(framed(mixed))], sizes) == total([STEPS.run(framed(mixed))], sizes)


@given(st.lists(VALUES["name"], min_size=1, max_size=3), st.randoms(use_true_random=False))
def test_texts_that_repeat_end_as_others_do(names: list[str], chance: random.Random) -> None:
    """Whether a text is prepared once or in every row, its rows end alike."""
    table = [GOOD | {"name": chance.choice(names)} for _ in range(20 * len(names))]
    assert total([QUICK.run(framed(table))], [len(table)]) == total([STEPS.run(framed(table))], [len(table)])


@given(st.lists(rows(), min_size=1, max_size=12), st.integers(1, 4))
def test_values_that_are_read_once_end_as_others_do(table: list[dict[str, str]], times: int) -> None:
    """Amounts, dates and times of columns that repeat: each value is read once, for all its rows."""
    repeated = table * times
    with patch.object(steps, "repeats", return_value=True), patch.object(values, "_OFTEN", 1):
        once = RowSteps(RECIPE, REFERENCES, quick_from=0).run(framed(repeated))
    assert total([once], [len(repeated)]) == total([STEPS.run(framed(repeated))], [len(repeated)])


@given(st.lists(st.lists(rows(), min_size=1, max_size=6), min_size=2, max_size=4), st.sampled_from([1, 4]))
def test_values_that_an_earlier_piece_had_end_as_others_do(tables: list[list[dict[str, str]]], often: int) -> None:
    """What is known from the pieces before is not read again; values that none of them had are, few or many."""
    sizes = list(map(len, tables))
    with patch.object(steps, "repeats", return_value=True), patch.object(values, "_OFTEN", often):
        once = RowSteps(RECIPE, REFERENCES, quick_from=0)
        pieces = [once.run(framed(table)) for table in tables]
    assert total(pieces, sizes) == total([STEPS.run(framed(table)) for table in tables], sizes)


def test_columns_that_repeat_are_noticed() -> None:
    """Judged by a sample: sixteen rows for each value and more, not fewer."""
    few, many = (pl.Series([str(number % count) for number in range(1_000)]) for count in (50, 900))
    assert values.repeats(few, 10_000)
    assert not values.repeats(many, 10_000)
    assert not values.repeats(few, 100)


def test_what_is_not_read_quickly_is_rejected() -> None:
    """Only rejected rows are read again with care, so a type without such a rule would lose values in silence."""
    columns = {
        kind: {"type": kind} for kind in ("integer", "number", "money", "date", "timestamp", "boolean", "present")
    }
    recipe = Recipe.model_validate({"format": "csv", "columns": {**columns, "text": {}}})
    assert values.readable_quickly(recipe) == frozenset(column_rules._NOT)
