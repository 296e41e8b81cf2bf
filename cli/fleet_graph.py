"""The picture of ``signalbox fleet graph``: sources → datasets → models, as one SVG without scripts."""

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

from cli.fleet_files import with_fleet
from shared.contracts.policy import ModelPolicy
from shared.fleet import Fleet

_WIDTH: Final = 300
_LINE: Final = 18
_PAD: Final = 14
_GAP: Final = 24
_BETWEEN: Final = 110
_MARGIN: Final = 28
_HEAD: Final = 64
#: Characters that fit into a box, at the width of the widest common sans-serif letters.
_CHARACTERS: Final = 40
_COLUMNS: Final = ("Sources", "Datasets", "Models")

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
class _Box:
    """One node: its column, its kind (a CSS class), a title and lines of detail."""

    key: str
    column: int
    kind: str
    title: str
    details: tuple[str, ...]

    @property
    def height(self) -> int:
        return 2 * _PAD + _LINE * (1 + len(self.details))


@dataclass(frozen=True)
class _Edge:
    start: str
    end: str
    kind: str = ""


def write(file: Path | None, environment: str | None, out: Path) -> int:
    """Write the picture; gives the exit code."""

    def tell(fleet: Fleet) -> None:
        if str(out) == "-":
            sys.stdout.write(draw(fleet))
            return
        out.write_text(draw(fleet), encoding="utf-8")
        sys.stdout.write(f"{out}: {len(fleet.models)} models\n")

    try:
        return with_fleet(file, environment, tell)
    except OSError as error:
        sys.stderr.write(f"error: {out} cannot be written: {error.strerror}\n")
        return 1


def draw(fleet: Fleet) -> str:
    """The fleet as SVG text. Models that come from one entry of the file are one box, however many they are."""
    boxes = [*_sources(fleet), *_datasets(fleet), *_models(fleet)]
    edges = list(_edges(fleet))
    places = _layout(boxes)
    height = max(y + box.height for box, (_, y) in zip(boxes, places, strict=True)) + _MARGIN
    width = 2 * _MARGIN + 3 * _WIDTH + 2 * _BETWEEN
    svg = Element("svg", xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {width} {height}")
    svg.attrib |= {"width": str(width), "height": str(height), "role": "img"}
    SubElement(svg, "title").text = f"Fleet {fleet.name}: {len(fleet.models)} models"
    SubElement(svg, "style").text = _STYLE
    _text(svg, _MARGIN, _MARGIN + 4, f"{fleet.name} · {len(fleet.models)} models", "head")
    for column, title in enumerate(_COLUMNS):
        _text(svg, _left(column), _HEAD - 8, title, "column")
    where = {box.key: (box, place) for box, place in zip(boxes, places, strict=True)}
    for edge in edges:
        _draw_edge(svg, where[edge.start], where[edge.end], edge.kind)
    for box, place in zip(boxes, places, strict=True):
        _draw_box(svg, box, place)
    return tostring(svg, encoding="unicode") + "\n"


def _sources(fleet: Fleet) -> Iterator[_Box]:
    for source in fleet.sources.values():
        yield _Box(f"source {source.name}", 0, "source", source.name, (source.files.text, source.recipe))


def _datasets(fleet: Fleet) -> Iterator[_Box]:
    for dataset in fleet.datasets.values():
        yield _Box(f"dataset {dataset.name}", 1, "dataset", dataset.name, (f"per {', '.join(dataset.per)}",))


def _models(fleet: Fleet) -> Iterator[_Box]:
    for line, policies in _by_entry(fleet).items():
        first = policies[0]
        count = f"{len(policies)} models" if len(policies) > 1 else "1 model"
        gates = ", ".join(gate.name for gate in first.gates)
        details = (f"{count}, served {_serving(first)}", f"gates: {gates}")
        yield _Box(f"models {line}", 2, "models", pattern_of(policies), details)
    for name, compared in _baselines(fleet).items():
        yield _Box(f"baseline {name}", 2, "baseline", name, (f"baseline of {len(compared)} models",))


def _serving(policy: ModelPolicy) -> str:
    return "by an endpoint" if policy.serve.mode == "online" else "in batch"


def _edges(fleet: Fleet) -> Iterator[_Edge]:
    for dataset in fleet.datasets.values():
        for source in dataset.sources:
            yield _Edge(f"source {source}", f"dataset {dataset.name}")
    for line, policies in _by_entry(fleet).items():
        yield _Edge(f"dataset {policies[0].train.dataset}", f"models {line}")
    for baseline, compared in _baselines(fleet).items():
        for name in dict.fromkeys(policy.train.dataset for policy in compared):
            yield _Edge(f"dataset {name}", f"baseline {baseline}", "compared")


def _by_entry(fleet: Fleet) -> dict[int, list[ModelPolicy]]:
    """The models by the line of the entry that they come from."""
    entries: dict[int, list[ModelPolicy]] = {}
    for policy in fleet.models:
        entries.setdefault(fleet.lines[policy.model], []).append(policy)
    return entries


def _baselines(fleet: Fleet) -> dict[str, list[ModelPolicy]]:
    """The models that are compared with a baseline, by what the baselines' names have in common."""
    found: dict[str, list[ModelPolicy]] = {}
    for policies in _by_entry(fleet).values():
        if (baseline := policies[0].baseline) is not None:
            found.setdefault(_with_labels(baseline.model, policies), []).extend(policies)
    return found


def pattern_of(policies: Sequence[ModelPolicy]) -> str:
    """The name that the models of one entry have in common, its varying parts as labels."""
    return _with_labels(policies[0].model, policies)


def _with_labels(name: str, policies: Sequence[ModelPolicy]) -> str:
    """A name with the values of those labels in braces that differ between the models."""
    first = policies[0].labels
    varying = [label for label in first if len({policy.labels[label] for policy in policies}) > 1]
    for label in varying:
        value = re.escape(first[label].lower())
        name = re.sub(rf"(?<![a-z0-9{{]){value}(?![a-z0-9}}])", f"{{{label}}}", name, count=1)
    return name


def _layout(boxes: Sequence[_Box]) -> list[tuple[int, int]]:
    """Left and top of every box: columns from the top, the shorter ones in the middle of the tallest."""
    heights = [sum(b.height + _GAP for b in boxes if b.column == column) for column in range(len(_COLUMNS))]
    tops = [_HEAD + _PAD + (max(heights) - height) // 2 for height in heights]
    places = []
    for box in boxes:
        places.append((_left(box.column), tops[box.column]))
        tops[box.column] += box.height + _GAP
    return places


def _left(column: int) -> int:
    return _MARGIN + column * (_WIDTH + _BETWEEN)


def _draw_box(svg: Element, box: _Box, place: tuple[int, int]) -> None:
    x, y = place
    group = SubElement(svg, "g", {"class": box.kind})
    SubElement(group, "title").text = "\n".join((box.title, *box.details))
    SubElement(group, "rect", x=str(x), y=str(y), width=str(_WIDTH), height=str(box.height), rx="8")
    for number, line in enumerate((box.title, *box.details)):
        _text(group, x + _PAD, y + _PAD + 13 + number * _LINE, _cut(line), "detail" if number else "title")


def _draw_edge(svg: Element, start: tuple[_Box, tuple[int, int]], end: tuple[_Box, tuple[int, int]], kind: str) -> None:
    (one, (x1, y1)), (other, (x2, y2)) = start, end
    right, from_y, to_y = x1 + _WIDTH, y1 + one.height // 2, y2 + other.height // 2
    bend = (x2 - right) // 2
    curve = f"M {right} {from_y} C {right + bend} {from_y}, {x2 - bend} {to_y}, {x2} {to_y}"
    SubElement(svg, "path", {"d": curve, "class": kind})


def _text(parent: Element, x: int, y: int, text: str, kind: str) -> None:
    SubElement(parent, "text", {"x": str(x), "y": str(y), "class": kind}).text = text


def _cut(text: str) -> str:
    return text if len(text) <= _CHARACTERS else text[: _CHARACTERS - 1] + "…"
