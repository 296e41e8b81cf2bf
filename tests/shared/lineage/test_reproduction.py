"""What differs between a version and the one that was made again."""

from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.evaluation import Figures
from shared.lineage.reproduction import caveats, compare_figures, compare_files, is_same

FILES = st.dictionaries(st.text("ab/", min_size=1, max_size=4), st.sampled_from(["h1", "h2"]), max_size=6)


@given(FILES)
def test_a_model_is_the_same_as_itself(files: dict[str, str]) -> None:
    """Every file of it is."""
    assert all(one.outcome == "same" for one in compare_files(files, files))


@given(FILES, FILES)
def test_every_file_of_either_is_told_once(recorded: dict[str, str], again: dict[str, str]) -> None:
    """As same or different where both have it, else as missing or new; the other way round these two change places."""
    told = {one.path: one.outcome for one in compare_files(recorded, again)}
    assert set(told) == {*recorded, *again}
    other = {"missing": "new", "new": "missing"}
    assert {one.path: other.get(one.outcome, one.outcome) for one in compare_files(again, recorded)} == told


def test_figures_are_the_same_to_nine_digits() -> None:
    """Adding up in another order is no difference; a figure that only one of them has is."""
    recorded = Figures(rows=10, zeros=0, mape=0.1, rmse=3.0)
    again = Figures(rows=10, zeros=0, mape=0.1 + 1e-12, rmse=3.01, rmse_zero=1.0)
    same = {one.metric: is_same(one) for one in compare_figures(recorded, again)}
    assert same["rows"]
    assert same["mape"]
    assert not same["rmse"]
    assert not same["rmse_zero"]


def test_what_could_not_be_as_it_was_then_is_told() -> None:
    """Another fleet file, another commit, or that nobody knows."""
    assert caveats("r1", "r1", "c1", "C1") == ()
    assert len(caveats("r1", "r2", "c1", "c2")) == 2
    assert "is not known" in caveats("r1", "r1", None, None)[0]
