"""Sums of floats that no order and no grouping changes."""

import math
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.conditioning.whole.exact_sum import condensed, rounded_sum
from shared.conditioning.whole.measures import measure

FLOATS = st.floats(allow_nan=False, allow_infinity=False)


@given(values=st.lists(FLOATS, max_size=30))
def test_condensed_values_have_exactly_the_same_sum(values: list[float]) -> None:
    """Nothing is rounded before the end, even where values cancel out or a sum is beyond all floats on the way."""
    assert sum(map(Fraction, condensed(values)), Fraction()) == sum(map(Fraction, values), Fraction())


@given(values=st.lists(FLOATS.map(lambda value: value / 64), max_size=30), data=st.data())
def test_a_sum_does_not_depend_on_order_and_grouping(values: list[float], data: st.DataObject) -> None:
    """Pieces of any size give the same bits."""
    cut = data.draw(st.integers(0, len(values)))
    shuffled = data.draw(st.permutations(values))
    grouped = rounded_sum([*condensed(shuffled[:cut]), *condensed(shuffled[cut:])])
    assert grouped.hex() == rounded_sum(values).hex() == float(sum(map(Fraction, values), Fraction())).hex()


def test_a_sum_that_is_too_large_on_the_way_only_is_right() -> None:
    """The order of the values does not decide whether there is a sum."""
    assert rounded_sum([1e308, 1e308, -1e308]) == 1e308
    with pytest.raises(OverflowError):
        rounded_sum([1e308, 1e308])


def test_infinite_values_make_the_sum_infinite_or_none_that_is_a_number() -> None:
    """What is not finite goes the same way in any order."""
    many = [1.0] * 20
    assert rounded_sum(condensed([math.inf, *many])) == math.inf
    assert math.isnan(rounded_sum([*condensed([math.inf, *many]), -math.inf]))
    assert math.isnan(rounded_sum([*condensed([*many, math.nan]), *many]))


def test_long_lists_of_terms_become_short_and_others_stay() -> None:
    """A group of any size needs bounded memory; a sum of nothing but what cancels out needs none."""
    sums = measure("sum", "price", "total", {"price": pl.Float64()})
    lists = [[0.1] * 1000, [1.0, 2.0], [], [3.0, -3.0] * 10]
    states = pl.DataFrame({"*terms total": lists, "*n total": [1000, 2, 0, 20]})
    (terms,) = sums.condensed(states)
    assert [len(terms) for terms in terms.to_list()] == [2, 2, 0, 0]
    assert sums.finished(states.with_columns(terms)).to_list() == [math.fsum(lists[0]), 3.0, None, 0.0]
