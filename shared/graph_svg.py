"""A picture of boxes in columns and of lines between them, as one SVG without scripts."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

#: A box is as wide as the widest text of its column, within these bounds.
_WIDTHS: Final = (220, 520)
_LINE: Final = 18
_PAD: Final = 14
_GAP: Final = 24
_BETWEEN: Final = 110
_MARGIN: Final = 28
_HEAD: Final = 72
#: Widths of a letter of titles (bold) and of details in the widest common sans-serif font, in which most are shown.
_LETTERS: Final = (8.9, 7.0)

_STYLE: Final = """
svg { font-family: system-ui, sans-serif; background: #ffffff }
text { fill: #1b2733; font-size: 13px }
.head { font-size: 18px; font-weight: 600 }
.column { font-size: 12px; letter-spacing: .08em; text-transform: uppercase; fill: #5b6b7a }
.title { font-weight: 600 }
.detail { fill: #5b6b7a; font-size: 12px }
rect { fill: #f4f7fa; stroke: #b9c6d2 }
.source rect { fill: #eef5ff; stroke: #9dbbe4 }
.dataset rect { fill: #eefaf3; stroke: #95cfae }
.baseline rect { stroke-dasharray: 4 3 }
path { fill: none; stroke: #8fa1b3; stroke-width: 1.5 }
path.compared { stroke-dasharray: 4 3 }
@media (prefers-color-scheme: dark) {
  svg { background: #12181f } text { fill: #e6edf3 } .detail, .column { fill: #9aa9b7 }
  rect { fill: #1a222b; stroke: #3c4a58 }
  .source rect { fill: #15233a; stroke: #3f639b } .dataset rect { fill: #13291e; stroke: #3b7d59 }
  path { stroke: #66788a }
}
"""


@dataclass(frozen=True)
class Box:
    """One node: its column, its kind (a CSS class), a title and lines of detail."""

    key: str
    column: int
    kind: str
    title: str
    details: tuple[str, ...]

    @property
    def height(self) -> int:
        """A line of the title, and one for each detail."""
        return 2 * _PAD + _LINE * (1 + len(self.details))

    @property
    def width(self) -> int:
        """What its texts need, cut where that is more than a box can have."""
        title, detail = _LETTERS
        needed = max(len(self.title) * title, *(len(line) * detail for line in self.details))
        return min(max(math.ceil(needed) + 2 * _PAD, _WIDTHS[0]), _WIDTHS[1])


@dataclass(frozen=True)
class _Place:
    """Where a box lies."""

    x: int
    y: int
    width: int


@dataclass(frozen=True)
class Edge:
    """A line from one box to another, by their keys; its kind is a CSS class."""

    start: str
    end: str
    kind: str = ""


def draw_graph(
    title: str, columns: Sequence[str], boxes: Sequence[Box], edges: Sequence[Edge], *, between: int = _BETWEEN
) -> str:
    """The picture as SVG text: boxes over the lines, under the titles of their columns, which lie so far apart."""
    lefts = _lefts(boxes, len(columns), between)
    places = _layout(boxes, lefts, between)
    height = max(place.y + box.height for box, place in zip(boxes, places, strict=True)) + _MARGIN
    width = lefts[-1] - between + _MARGIN
    svg = Element("svg", xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {width} {height}")
    svg.attrib |= {"width": str(width), "height": str(height), "role": "img"}
    SubElement(svg, "title").text = printable(title)
    SubElement(svg, "style").text = _STYLE
    _text(svg, _MARGIN, _MARGIN + 4, title, "head")
    for left, name in zip(lefts[:-1], columns, strict=True):
        _text(svg, left, _HEAD - 4, name, "column")
    where = {box.key: (box, place) for box, place in zip(boxes, places, strict=True)}
    for edge in edges:
        _draw_edge(svg, where[edge.start], where[edge.end], edge.kind)
    for box, place in where.values():
        _draw_box(svg, box, place)
    return tostring(svg, encoding="unicode") + "\n"


def printable(text: str) -> str:
    """A text without characters that XML refuses, or that nobody can see."""
    return "".join(sign if sign.isprintable() else "�" for sign in text)


def _layout(boxes: Sequence[Box], lefts: Sequence[int], between: int) -> list[_Place]:
    """Where every box lies: columns from the top, the shorter ones in the middle of the tallest."""
    heights = [sum(b.height + _GAP for b in boxes if b.column == column) for column in range(len(lefts) - 1)]
    tops = [_HEAD + _PAD + (max(heights) - height) // 2 for height in heights]
    places = []
    for box in boxes:
        left = lefts[box.column]
        places.append(_Place(left, tops[box.column], lefts[box.column + 1] - between - left))
        tops[box.column] += box.height + _GAP
    return places


def _lefts(boxes: Sequence[Box], columns: int, between: int) -> list[int]:
    """Where the columns begin, and where another one would."""
    lefts = [_MARGIN]
    for column in range(columns):
        widest = max((box.width for box in boxes if box.column == column), default=_WIDTHS[0])
        lefts.append(lefts[-1] + widest + between)
    return lefts


def _draw_box(svg: Element, box: Box, place: _Place) -> None:
    group = SubElement(svg, "g", {"class": box.kind})
    SubElement(group, "title").text = "\n".join(map(printable, (box.title, *box.details)))
    at = {"x": str(place.x), "y": str(place.y), "width": str(place.width), "height": str(box.height)}
    SubElement(group, "rect", at, rx="8")
    for number, line in enumerate((box.title, *box.details)):
        text = _cut(line, int((place.width - 2 * _PAD) / _LETTERS[min(number, 1)]))
        _text(group, place.x + _PAD, place.y + _PAD + 13 + number * _LINE, text, "detail" if number else "title")


def _draw_edge(svg: Element, start: tuple[Box, _Place], end: tuple[Box, _Place], kind: str) -> None:
    (one, begin), (other, goal) = start, end
    right, from_y, to_y = begin.x + begin.width, begin.y + one.height // 2, goal.y + other.height // 2
    bend = (goal.x - right) // 2
    curve = f"M {right} {from_y} C {right + bend} {from_y}, {goal.x - bend} {to_y}, {goal.x} {to_y}"
    SubElement(svg, "path", {"d": curve, "class": kind})


def _text(parent: Element, x: int, y: int, text: str, kind: str) -> None:
    SubElement(parent, "text", {"x": str(x), "y": str(y), "class": kind}).text = printable(text)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
