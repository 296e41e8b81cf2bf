"""The fleet by any two labels."""

from hypothesis import given
from hypothesis import strategies as st

from functions.dashboard.heatmap import COLUMNS, ROWS, heat_of, make_heatmap
from functions.dashboard.seen import Model
from tests.functions.dashboard.builders import model, policy

_ORDER = ("far", "within", "near", "above")


def _at(name: str, mape: float | None = 0.2, **labels: str) -> Model:
    return model(name, mape, said={"labels": labels}, labels=labels)


@given(st.floats(0, 10), st.floats(0, 10), st.floats(0.01, 10))
def test_a_greater_error_is_never_cooler(one: float, other: float, bound: float) -> None:
    """And what is above its bound is shown so, however little."""
    less, more = sorted((one, other))
    assert _ORDER.index(heat_of(less, bound)) <= _ORDER.index(heat_of(more, bound))
    assert (heat_of(one, bound) == "above") == (one / bound > 1)


def test_without_a_figure_or_a_bound_there_is_no_heat() -> None:
    """Nothing is made up."""
    assert {heat_of(None, 0.45), heat_of(0.2, None), heat_of(0.2, 0)} == {"unknown"}


def test_models_stand_where_their_labels_are() -> None:
    """By the labels that were asked for, whatever else they have; a cell without models is empty."""
    models = [_at("a", origin="JFK", kind="x"), _at("b", origin="LGA", kind="y")]
    found = make_heatmap(models, "kind", "origin")
    assert (found.rows, found.columns, found.values) == ("kind", "origin", ("JFK", "LGA"))
    named = [[[one.model for one in cell.entries] if cell else None for cell in cells] for _, cells in found.lines]
    assert named == [[["a"], None], [None, ["b"]]]


def test_unknown_labels_are_as_none() -> None:
    """The first two that say something are taken: a label with one value does not."""
    models = [_at("a", all="1", origin="JFK", kind="x"), _at("b", all="1", origin="LGA", kind="y")]
    found = make_heatmap(models, "<script>", "origin")
    assert (found.rows, found.columns) == ("kind", "origin") or (found.rows, found.columns) == ("origin", "kind")
    assert (make_heatmap(models).rows, make_heatmap(models).columns) == ("origin", "kind")


def test_the_label_with_more_values_makes_the_rows() -> None:
    """Unless it was asked for otherwise: a page is longer than it is wide."""
    models = [_at(f"m{n}", 0.2, kind=str(n % 2), origin=str(n)) for n in range(6)]
    assert (make_heatmap(models).rows, make_heatmap(models, "kind").rows) == ("origin", "kind")


def test_to_lack_a_label_is_no_value_of_it() -> None:
    """What lacks one makes no row, so it does not make the label the longer one."""
    models = [_at(f"m{n}", 0.2, kind=str(n % 2), origin=str(n % 3)) for n in range(6)]
    models.append(_at("other", origin="0"))
    assert (make_heatmap(models).rows, make_heatmap(models).columns) == ("origin", "kind")


def test_what_lacks_a_label_is_listed() -> None:
    """It is not lost."""
    found = make_heatmap([_at("a", origin="JFK", kind="x"), _at("b", origin="LGA", kind="y"), _at("c")])
    assert [one.model for one in found.without] == ["c"]


def test_the_worst_of_many_in_a_cell_are_named() -> None:
    """The others are counted; one without a figure is never among the worst."""
    models = [_at(f"m{n}", n / 10, origin="JFK", kind="x") for n in range(9)] + [_at("n", None, origin="JFK", kind="x")]
    ((_, (cell,)),) = make_heatmap(models, "origin", "kind").lines
    assert cell is not None
    assert ([one.model for one in cell.entries], cell.more, cell.heat) == (["m5", "m6", "m7", "m8"], 6, "above")


@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.sampled_from("xyz")), max_size=30), st.sampled_from("abcd"))
def test_every_model_is_somewhere(cells: list[dict[str, str]], rows: str) -> None:
    """Named, counted, or listed as without the labels."""
    models = [_at(f"m{n}", 0.2, **labels) for n, labels in enumerate(cells)]
    found = make_heatmap(models, rows)
    shown = sum(len(cell.entries) + cell.more for _, cells_ in found.lines for cell in cells_ if cell)
    assert shown + len(found.without) == len(models)


def test_a_large_fleet_is_cut() -> None:
    """And says how much is left out."""
    models = [_at(f"m{n}", origin=f"{n:03}", kind=f"{n % 30:02}") for n in range(ROWS + 20)]
    found = make_heatmap(models, "origin", "kind")
    assert (len(found.lines), len(found.values), found.left_out) == (ROWS, COLUMNS, (20, 30 - COLUMNS))


def test_a_model_that_nothing_has_happened_to_is_shown() -> None:
    """Its fleet file knows its labels."""
    found = make_heatmap([Model("new", None, policy("new"))])
    assert found.lines[0][1][0] is not None
