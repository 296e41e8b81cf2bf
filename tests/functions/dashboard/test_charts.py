"""Pictures that are drawn: the same bytes for the same content, and nothing in them that runs."""

from xml.etree.ElementTree import fromstring

import pytest

from functions.dashboard import charts
from functions.dashboard.charts import Chart, Line

HOSTILE = ("<script>alert(1)</script>", "$x^{", "_hidden", "\x00\x1b[31m", "é😀" * 32, "&amp;\"'", "\\frac{1}{0}")
PLAIN = Chart(
    "m: MAPE over versions",
    ("v1", "v2", "v3"),
    (
        Line("version", "model", (0.3, None, 0.2)),
        Line("baseline", "reference", (0.4, 0.4, None)),
        Line("most allowed", "bound", (0.45, 0.45, 0.45)),
        Line("what happened", "actual", (1.0, 2.0, -3.0)),
    ),
    share=True,
)


def test_the_same_content_is_the_same_bytes() -> None:
    """No clock and no chance in it; so it can be cached, and compared."""
    first = charts.draw(PLAIN)
    charts.draw.cache_clear()
    assert charts.draw(PLAIN) == first


def test_a_picture_takes_its_colours_from_the_scheme() -> None:
    """In light and in dark: no colour of its own is left, and text is text."""
    text = charts.draw(PLAIN).decode()
    assert "prefers-color-scheme: dark" in text
    assert not [mark for mark in ("#010203", "#040506", "#060708") if mark in text]
    assert {"var(--model)", "var(--bound)", "var(--ink)"} <= {f"var(--{name})" for name in ("model", "bound", "ink")}
    assert all(f"var(--{name})" in text for name in ("model", "reference", "bound", "ink", "muted"))
    assert ">most allowed</text>" in text.replace("\n", "")


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_text(name: str) -> None:
    """Neither a script nor a formula, and no character that XML refuses."""
    content = charts.draw(Chart(name, (name, name), (Line(name or "x", "model", (1.0, 2.0)),)))
    root = fromstring(content)
    names = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert "script" not in names
    assert not [key for element in root.iter() for key in element.attrib if key.lower().startswith("on")]


@pytest.mark.parametrize("points", [1, 2, 60])
def test_few_and_many_points_are_drawn(points: int) -> None:
    """One version is a point, and labels of many are thinned out."""
    labels = tuple(f"2026-01-{number:02}" for number in range(points))
    content = charts.draw(Chart("t", labels, (Line("a", "model", tuple(map(float, range(points)))),)))
    assert content.decode().count("2026-01-") <= 8


def test_what_is_not_known_leaves_a_gap() -> None:
    """A line without any figure is no error."""
    assert charts.draw(Chart("t", ("v1",), (Line("a", "model", (None,)),)))


@pytest.mark.parametrize("values", [(-5.0, -10.0, -5.1), (0.0, 3.0, 2.0), (-1.0, 4.0, 2.0)])
def test_every_value_lies_within_the_picture(values: tuple[float, ...]) -> None:
    """Also where all of them are below 0, from which the axis begins; and none at its very edge."""
    from matplotlib.figure import Figure

    axes = Figure().add_subplot()
    chart = Chart("t", ("a", "b", "c"), (Line("f", "model", values),))
    charts._plot(axes, chart.lines[0])
    charts._dress(axes, chart)
    bottom, top = axes.get_ylim()
    assert bottom <= min(0.0, *values)
    assert top > max(0.0, *values)
