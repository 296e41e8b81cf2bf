"""Profiles: the same however a table was divided, exact where they say so, and silent about persons."""

import itertools
import json
import math
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.conditioning.profile import Profile
from shared.conditioning.profile.columns import DISTINCT, DISTINCT_ERROR
from shared.conditioning.profile.hashes import row_hashes, smallest, smallest_distinct
from shared.conditioning.profile.sample import ROWS
from shared.conditioning.profile.sums import SCALE, sum_of_integers, sum_of_numbers

_SCHEMA = {
    "text": pl.String(),
    "integer": pl.Int64(),
    "number": pl.Float64(),
    "day": pl.Date(),
    "at": pl.Datetime("us", "UTC"),
    "open": pl.Boolean(),
    "email": pl.String(),
}
_FINITE = st.floats(allow_nan=False, allow_infinity=False)
_ROW = st.fixed_dictionaries(
    {
        "text": st.none() | st.text(max_size=50),
        "integer": st.none() | st.integers(-(2**63), 2**63 - 1),
        "number": st.none() | _FINITE,
        "day": st.none() | st.dates(),
        "at": st.none() | st.datetimes(timezones=st.just(UTC)),
        "open": st.none() | st.booleans(),
        "email": st.none() | st.just("someone@example.org"),
    }
)


def _frame(rows: Sequence[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def _profile(frame: pl.DataFrame, first: int = 0, seed: str = "a") -> Profile:
    return Profile.of(frame, np.arange(first, first + frame.height), seed, ["email"])


@settings(max_examples=25)
@given(st.lists(_ROW, max_size=15), st.lists(st.integers(0, 20), max_size=4), st.randoms(use_true_random=False))
def test_any_division_and_order_give_one_profile(rows: list[dict[str, Any]], cuts: list[int], random: Any) -> None:
    """Pieces of any size, empty ones too, through JSON and merged in any order, make what one pass makes."""
    edges = [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
    pieces = [_profile(_frame(rows[a:b]), a) for a, b in itertools.pairwise(edges)]
    while len(pieces) > 1:
        random.shuffle(pieces)
        first, second = pieces.pop(), pieces.pop()
        pieces.append(Profile.from_json(json.loads(json.dumps(first.merged(second).to_json()))))
    assert pieces[0].to_json() == _profile(_frame(rows)).to_json()
    assert pieces[0].summary() == _profile(_frame(rows)).summary()


def test_a_large_table_is_the_same_in_pieces() -> None:
    """With more rows than the sample and more distinct values than are counted, division and order change nothing."""
    frame, size = _large(), 20_000
    whole = Profile.of(frame, np.arange(size) * 7, "f", [])
    edges = [0, 1, 5_000, 5_000, 13_001, size]
    pieces = [Profile.of(frame[a:b], np.arange(a, b) * 7, "f", []) for a, b in itertools.pairwise(edges)]
    one = pieces[3].merged(pieces[0].merged(pieces[4])).merged(pieces[2]).merged(pieces[1])
    other = pieces[1].merged(pieces[2].merged(pieces[3].merged(pieces[4].merged(pieces[0]))))
    assert one.to_json() == other.to_json() == whole.to_json()
    assert one.summary() == whole.summary()


def _large() -> pl.DataFrame:
    random = np.random.default_rng(5)
    return pl.DataFrame(
        {
            "price": random.lognormal(3, 2, 20_000),
            "size": random.choice(["S", "M", "L"], 20_000, p=[0.2, 0.5, 0.3]),
            "order": np.arange(20_000),
        }
    )


def test_estimates_keep_within_their_stated_errors() -> None:
    """Quantiles, counts of frequent values and distinct values are off by no more than four standard errors."""
    frame = _large()
    summary = Profile.of(frame, np.arange(20_000), "f", []).summary()
    assert summary["sample"] == summary["columns"]["price"]["sampled"] == ROWS
    error = summary["columns"]["price"]["standard_error"]
    assert error == pytest.approx(0.5 / math.sqrt(ROWS), rel=0.2)
    for label, share in {"p5": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95}.items():
        below = (frame["price"] <= summary["columns"]["price"]["quantiles"][label]).mean()
        assert below == pytest.approx(share, abs=4 * error)
    sizes = dict(frame["size"].value_counts().iter_rows())
    for top in summary["columns"]["size"]["top"]:
        assert top["count"] == pytest.approx(sizes[top["value"]], abs=4 * error * 20_000)
    assert summary["columns"]["order"]["distinct"] == pytest.approx(20_000, rel=4 * DISTINCT_ERROR)
    assert summary["columns"]["order"]["distinct_error"] == DISTINCT_ERROR
    assert summary["columns"]["order"]["top"] == []  # each value is there once: none is frequent


@settings(max_examples=25)
@given(st.lists(_ROW, min_size=1, max_size=20))
def test_a_table_that_fits_the_sample_is_described_exactly(rows: list[dict[str, Any]]) -> None:
    """Counts, nulls, limits, distinct values, quantiles and frequent values are those of the rows themselves."""
    summary = _profile(_frame(rows)).summary()
    assert summary["sample"] == len(rows)
    assert {column.get("standard_error", 0.0) for column in summary["columns"].values()} == {0.0}
    integers = sorted(row["integer"] for row in rows if row["integer"] is not None)
    shown = summary["columns"]["integer"]
    assert (shown["count"], shown["nulls"]) == (len(integers), len(rows) - len(integers))
    assert (shown["distinct"], shown["distinct_error"]) == (len(set(integers)), 0.0)
    assert sum(top["count"] for top in shown["top"]) == sum(n for _, n in Counter(integers).most_common(10))
    if integers:
        assert (shown["min"], shown["max"]) == (integers[0], integers[-1])
        assert shown["quantiles"]["p50"] == integers[math.ceil(len(integers) / 2) - 1]
        assert shown["mean"] == float(f"{float(Fraction(sum(integers), len(integers))):.12g}")
    texts = [row["text"] for row in rows if row["text"] is not None]
    assert summary["columns"]["text"]["distinct"] == len(set(texts))
    assert summary["columns"]["text"]["max_length"] == max(map(len, texts), default=None)


def test_personal_columns_are_only_counted() -> None:
    """Neither the summary nor what is handed on has a value, a hash or a length of a personal column."""
    rows = [{**dict.fromkeys(_SCHEMA), "email": email} for email in ("someone@example.org", None)]
    profile = _profile(_frame(rows))
    assert profile.summary()["columns"]["email"] == {"type": "text", "count": 1, "nulls": 1, "personal": True}
    said = profile.to_json()
    assert said["columns"]["email"]["distinct"] == ""
    assert "email" not in said["sample"]["columns"]
    assert "someone" not in json.dumps(said)
    nothing_else = Profile.of(pl.DataFrame({"email": ["a"]}), np.arange(1), "f", {"email"})
    twice = Profile.from_json(nothing_else.to_json()).merged(nothing_else)
    assert twice.summary()["columns"]["email"] == {"type": "text", "count": 2, "nulls": 0, "personal": True}


def test_values_are_shown_as_the_standard_csv_has_them() -> None:
    """Dates and timestamps are ISO texts, and -0.0 is 0.0."""
    moment = datetime(2026, 1, 31, 10, tzinfo=UTC)
    row = {"text": "a", "integer": 1, "number": -0.0, "day": date(2026, 1, 31), "at": moment, "open": True}
    columns = _profile(_frame([{**row, "email": None}])).summary()["columns"]
    assert columns["at"]["min"] == columns["at"]["top"][0]["value"] == "2026-01-31T10:00:00Z"
    assert columns["day"]["quantiles"]["p95"] == "2026-01-31"
    number = columns["number"]
    zeros = [number["min"], number["max"], number["mean"], number["quantiles"]["p50"], number["top"][0]["value"]]
    assert json.dumps(zeros) == "[0.0, 0.0, 0.0, 0.0, 0.0]"
    assert columns["open"]["mean"] == 1.0


def test_long_texts_are_cut_and_still_counted_apart() -> None:
    """Two texts that begin alike stay two values, and no more than 40 characters of either are kept."""
    long = "x" * 1_000
    rows = [{**dict.fromkeys(_SCHEMA), "text": text} for text in (long + "a", long + "b", long + "b")]
    profile = _profile(_frame(rows))
    shown = profile.summary()["columns"]["text"]
    assert [top["count"] for top in shown["top"]] == [2, 1]
    assert {len(top["value"]) for top in shown["top"]} == {len(shown["max"])} == {40}
    assert (shown["max_length"], shown["distinct"]) == (1_001, 2)


def test_what_is_handed_on_is_bounded() -> None:
    """The JSON of 20,000 rows with the longest texts is no larger than what is stated."""
    texts = [chr(0x1F600 + n % 7) * 45 + str(n) for n in range(20_000)]
    profile = Profile.of(pl.DataFrame({"text": texts}), np.arange(20_000), "f", [])
    assert len(json.dumps(profile.to_json(), ensure_ascii=False).encode()) < 2**20


@example([1e308, 1e308, -1e308, 5e-324])
@given(st.lists(_FINITE, max_size=40))
def test_sums_of_numbers_are_exact(numbers: list[float]) -> None:
    """Not one bit is lost, even where a sum is larger than the largest float."""
    exact = sum(map(Fraction, numbers), Fraction(0))
    assert Fraction(sum_of_numbers(np.array(numbers, np.float64)), 2**SCALE) == exact


def test_sums_over_many_blocks_are_exact() -> None:
    """Numbers of all sizes in several blocks, and integers whose sum needs more than 64 bits."""
    random = np.random.default_rng(7)
    numbers = random.normal(0, 1, 40_000) * 10.0 ** random.integers(-30, 30, 40_000)
    assert sum_of_numbers(numbers) / 2**SCALE == math.fsum(numbers)
    integers = random.integers(-(2**63), 2**63 - 1, 40_000)
    assert sum_of_integers(integers) == sum(integers.tolist())
    assert sum_of_integers(np.full(9, 2**63 - 1)) == 9 * (2**63 - 1)


@pytest.mark.parametrize("distinct", [3, DISTINCT - 1, DISTINCT, 3_000, 200_000])
def test_the_smallest_distinct_hashes_are_found_wherever_they_are(distinct: int) -> None:
    """Few values or many, the hashes are those that sorting gives, and each is where it is said to be."""
    random = np.random.default_rng(distinct)
    hashes = random.permutation(row_hashes(np.arange(200_000) % distinct, "s"))
    hashes[:2] = 0, 65_536  # share a slot of the table
    found, places = smallest_distinct(hashes, DISTINCT)
    assert found.tolist() == np.unique(hashes)[:DISTINCT].tolist()
    assert hashes[places].tolist() == found.tolist()


@given(st.lists(st.integers(0, 2**64 - 1), unique=True, max_size=60), st.integers(1, 8))
def test_the_smallest_hashes_are_those_that_sorting_gives(hashes: list[int], count: int) -> None:
    """Also where their spread is so uneven that the first guess at a bound finds too few."""
    array = np.array(hashes, np.uint64)
    assert array[smallest(array, count)].tolist() == sorted(hashes)[:count]


def test_a_sparse_column_states_a_larger_error() -> None:
    """The error is that of the values that the sample happens to have, and unknown if it has none of them."""
    values: list[int | None] = [None] * 20_000
    values[::100] = range(200)
    sparse = Profile.of(pl.DataFrame({"a": values}), np.arange(20_000), "f", []).summary()["columns"]["a"]
    assert sparse["sampled"] < 80
    assert sparse["standard_error"] > 0.04
    lone = pl.DataFrame({"a": [None] * 19_999 + [1]})
    places = row_hashes(np.arange(20_000), "f").argsort()  # the one value belongs to the row with the largest hash
    none = Profile.of(lone, places, "f", []).summary()["columns"]["a"]
    assert (none["sampled"], none["standard_error"], none["min"], none["top"]) == (0, None, 1, [])


def test_rows_of_two_files_with_the_same_places_are_two_rows() -> None:
    """The seed tells files apart, and the sample is another one for another seed."""
    assert not set(row_hashes(np.arange(1_000), "a")) & set(row_hashes(np.arange(1_000), "b"))


def test_what_cannot_be_profiled_is_refused_with_the_reason() -> None:
    """A type that is not standard, a number that is not finite, too few ids, and other columns."""
    with pytest.raises(ValueError, match="a is Float32, which is no type of the standard table"):
        Profile.of(pl.DataFrame({"a": [1.0]}, schema={"a": pl.Float32}), np.arange(1), "f", [])
    for number in (math.inf, math.nan):
        with pytest.raises(ValueError, match="a: a number is not finite"):
            Profile.of(pl.DataFrame({"a": [1.0, number]}), np.arange(2), "f", [])
    one = Profile.of(pl.DataFrame({"a": [1.0]}), np.arange(1), "f", [])
    with pytest.raises(ValueError, match="1 rows need as many ids, not 2"):
        Profile.of(pl.DataFrame({"a": [1.0]}), np.arange(2), "f", [])
    with pytest.raises(ValueError, match="only profiles of the same columns can be merged"):
        one.merged(Profile.of(pl.DataFrame({"b": [1.0]}), np.arange(1), "f", []))
