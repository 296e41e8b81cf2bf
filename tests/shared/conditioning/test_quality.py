"""Rules of a version: what is broken is said with what was required and what was got."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.conditioning.quality import Reference, rejected_fault, rows_fault
from shared.errors import PermanentError

CELL = {"region": "ohio"}


@given(st.integers(1, 10_000), st.data())
def test_a_share_of_rejected_rows_at_the_bound_still_passes(rows: int, data: st.DataObject) -> None:
    """And without a bound every share does."""
    rejected = data.draw(st.integers(0, rows))
    assert rejected_fault(rejected / rows + 1e-9, rows, rejected) is None
    assert rejected_fault(None, rows, rejected) is None
    if rejected:
        assert rejected_fault(rejected / rows - 1e-9, rows, rejected) is not None


def test_rejected_rows_are_told_with_their_bound() -> None:
    """As shares, and as numbers."""
    assert (
        rejected_fault(0.01, 1000, 32)
        == "max_rejected requires at most 1% of the rows in quarantine, got 3.2% (32 of 1000)"
    )


@pytest.mark.parametrize(("rows", "broken"), [(79, True), (80, False), (120, False), (121, True)])
def test_rows_may_be_so_far_from_the_last_version(rows: int, broken: bool) -> None:
    """In both directions; a first version has nothing to be compared with."""
    assert (rows_fault(0.2, rows, 100, "v") is not None) is broken
    assert rows_fault(0.2, rows, None, "") is None
    assert rows_fault(None, rows, 100, "v") is None


def test_required_rows_are_struck_out_over_several_files() -> None:
    """By all columns of the reference that are no labels of the cell, in whatever order the data has them."""
    reference = Reference(b"\xef\xbb\xbfregion,store,kind\nohio,1,a\nohio,2,b\nflorida,3,c\n", "stores.csv", CELL)
    assert reference.columns == ("store", "kind")
    assert reference.fits(["kind", "day", "store"])
    assert not reference.fits(["store"])
    reference.see(b"kind,day,store\nb,2013,1\na,2013,1\n")
    assert reference.fault == "complete requires every row of stores.csv, got none of store=2; kind=b"
    reference.see(b'kind,day,store\n"b","x\ny",2\n')
    assert reference.fault is None


def test_many_missing_rows_are_counted() -> None:
    """Three are named."""
    reference = Reference(b"store\n1\n2\n3\n4\n5\n5\n", "stores.csv", CELL)
    assert (
        reference.fault == "complete requires every row of stores.csv, got none of store=1, store=2, store=3 and 2 more"
    )


@pytest.mark.parametrize("content", [b"", b"store\n", b"region\nohio\n", b"\xff", b'store\n"1'])
def test_a_reference_that_requires_nothing_is_refused(content: bytes) -> None:
    """Nobody writes the rule to have it pass always."""
    with pytest.raises(PermanentError, match=r"stores\.csv"):
        Reference(content, "stores.csv", CELL)
