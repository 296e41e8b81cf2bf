"""Lines as script-free SVG, drawn by matplotlib: the same content is the same bytes, and drawn once.

Colours are drawn as marks that are no colours of the page, and become CSS variables in the text that comes out, so that
one picture is right in light and in dark.
"""

import io
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from functions.dashboard import wording
from shared.graph_svg import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Pictures that a process keeps, each of some 20 KB.
_KEPT: Final = 256
#: Inches at 72 to each, as SVG counts; narrow enough to be read on a telephone.
_SIZE: Final = (4.8, 2.8)
#: What is drawn in, and what it stands for.
_MARKS: Final = {
    "ink": "#010203", "muted": "#020304", "grid": "#030405", "model": "#040506", "reference": "#050607",
    "bound": "#060708",
}  # fmt: skip
_STYLE: Final = """<style>
:root { color-scheme: light dark; --ink: #17212b; --muted: #52606d; --grid: #dde4ea; --model: #0b62b8;
  --reference: #7a5a00; --bound: #b3261e }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --muted: #9fb0bf; --grid: #2c3843; --model: #66b3ff;
  --reference: #e3b341; --bound: #ff8f86 } }
text { font-family: system-ui, -apple-system, "Segoe UI", sans-serif }
</style>"""
_SETTINGS: Final[Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "signalbox",
    "font.size": 10.5,
    "axes.unicode_minus": True,
}
#: matplotlib's settings are the process's.
_LOCK: Final = Lock()
_TICKS: Final = 7
#: Letters of all labels of the x-axis together.
_LETTERS: Final = 44
_COLOURS: Final = {"actual": "ink"}


@dataclass(frozen=True)
class Line:
    """A line of a chart.

    Attributes:
        name: In the legend.
        kind: `model`, `actual`, `reference` or `bound`: its colour, and its stroke for whoever does not see colours.
        values: One per point; `None` where there is none.
    """

    name: str
    kind: str
    values: tuple[float | None, ...]


@dataclass(frozen=True)
class Chart:
    """What is drawn.

    Attributes:
        title: Said by screen readers when the picture is opened by itself.
        points: Under the x-axis.
        share: Whether values are fractions, shown as percent.
        from_zero: Whether the y-axis begins at 0, so that heights can be compared, and not only changes.
    """

    title: str
    points: tuple[str, ...]
    lines: tuple[Line, ...]
    share: bool = False
    from_zero: bool = True


@lru_cache(maxsize=_KEPT)
def draw(chart: Chart) -> bytes:
    """The picture. Blocks for seconds where matplotlib has not been loaded yet."""
    from matplotlib import rc_context  # noqa: PLC0415 - half a second, paid by the first picture only
    from matplotlib.figure import Figure  # noqa: PLC0415 - likewise

    out = io.StringIO()
    with _LOCK, rc_context(_SETTINGS):
        figure = Figure(figsize=_SIZE, layout="constrained")
        axes = figure.add_subplot()
        handles = [_plot(axes, line) for line in chart.lines]
        _dress(axes, chart)
        figure.legend(
            handles=handles, loc="outside upper left", ncols=len(handles), frameon=False, labelcolor=_MARKS["ink"],
            handlelength=1.8, columnspacing=1.2, borderpad=0,
        )  # fmt: skip
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Title": printable(chart.title)})
    return _themed(out.getvalue()).encode()


def _plot(axes: "Axes", line: Line) -> Any:
    style: dict[str, dict[str, Any]] = {
        "model": {"linewidth": 2.0, "marker": "o", "markersize": 4.5},
        "reference": {"linewidth": 1.5, "linestyle": (0, (5, 3)), "marker": "s", "markersize": 3.5},
        "bound": {"linewidth": 1.5, "linestyle": (0, (2, 2))},
        "actual": {"linewidth": 2.6, "marker": "", "alpha": 0.75},
    }
    values = [float("nan") if value is None else value for value in line.values]
    if len(values) > _TICKS * 2:
        style["model"]["marker"] = style["reference"]["marker"] = ""
    if line.kind == "bound" and len(set(line.values)) == 1:
        return axes.axhline(values[0], color=_MARKS["bound"], label=_plain(line.name), **style["bound"])
    drawn = axes.plot(
        range(len(values)),
        values,
        color=_MARKS[_COLOURS.get(line.kind, line.kind)],
        label=_plain(line.name),
        **style[line.kind],
    )
    return drawn[0]


def _dress(axes: "Axes", chart: Chart) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator  # noqa: PLC0415 - as above

    if chart.from_zero:
        bottom, top = min(0.0, axes.get_ylim()[0]), max(0.0, axes.get_ylim()[1])
        room = 0.06 * (top - bottom)
        axes.set_ylim(bottom=bottom - (room if bottom < 0 else 0.0), top=top + room)
    axes.set_xlim(-0.35, max(len(chart.points) - 0.65, 0.35))
    labels = [_plain(wording.cut(point, 12)) for point in chart.points]
    ticks = max(2, min(_TICKS, _LETTERS // max(map(len, labels), default=1)))
    shown = range(0, len(labels), max(1, -(-len(labels) // ticks)))
    axes.set_xticks(list(shown), [labels[place] for place in shown])
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_formatter(FuncFormatter(_percent if chart.share else _number))
    axes.grid(axis="y", color=_MARKS["grid"], linewidth=1)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, labelcolor=_MARKS["muted"], pad=6)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(_MARKS["grid"])


def _percent(value: float, _: int) -> str:
    return f"{value * 100:.3g} %"


def _number(value: float, _: int) -> str:
    return f"{value:,.6g}"


def _plain(text: str) -> str:
    """A text that is not read as a formula, and has no character that XML refuses."""
    return printable(text).replace("\\", "∖").replace("$", r"\$").lstrip("_")


def _themed(svg: str) -> str:
    """The picture with the page's colours in place of the marks."""
    for name, mark in _MARKS.items():
        svg = svg.replace(mark, f"var(--{name})")
    head, found, rest = svg.partition("<defs>")
    return f"{head}{_STYLE}{found}{rest}"
