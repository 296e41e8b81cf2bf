"""A trace on the screen: one line per step, under what led to it, with times, bars, and why something failed."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from rich.text import Text

from cli.printing import cell, console, say, show, table
from shared.durations import lasted

type Node = Mapping[str, Any]

#: Terminals that are narrower get no bars.
_WIDE: Final = 110
_BAR: Final = 24  # columns
_EIGHTHS: Final = " ▏▎▍▌▋▊▉█"
_WORDS: Final = {"ok": "", "failed": "failed", "running": "running", "waiting": "waiting"}
_STYLES: Final = {"ok": "", "failed": "red", "running": "cyan", "waiting": "yellow"}


class Line(NamedTuple):
    """One step.

    Attributes:
        branch: What is drawn before its name, so that it stands under what led to it.
        name: What was done, without the model that all around it is about.
        after: Seconds since the first step began.
        took: Seconds that it has lasted.
    """

    branch: str
    name: str
    node: Node
    after: float
    took: float


def print_trace(root: Node, now: datetime | None = None) -> None:
    """Print a trace.

    Args:
        root: As `GET /api/traces/ID` answers.
        now: What goes on has lasted until then.
    """
    found = lines(root, now or datetime.now(UTC))
    whole = max((line.after + line.took for line in found), default=0.0)
    out = console()
    bars = out.is_terminal and out.width >= _WIDE
    states = any(line.node["outcome"] != "ok" for line in found)
    columns = ("step", "began", "took", *(["when"] if bars else []), *(["how"] if states else []), "why")
    rows = table(*columns, whole="step", title=_title(root, whole))
    began = _aligned([f"+{lasted(line.after)}" for line in found])
    took = _aligned([lasted(line.took) if line.took else "" for line in found])
    for line, begun, lasting in zip(found, began, took, strict=True):
        style = _STYLES.get(line.node["outcome"], "")
        name = Text.assemble((line.branch, "dim"), cell(line.name, style))
        bar = [Text(bar_of(line, whole), style=style or "green")] if bars else []
        state = [cell(_WORDS.get(line.node["outcome"], line.node["outcome"]), style)] if states else []
        rows.add_row(name, begun, lasting, *bar, *state, cell(_why(line.node)))
    show(rows)
    if left_out := root["attributes"].get("signalbox.trace.left_out"):
        say(f"not shown: {left_out}")
    for line in failures(found):
        say(f"failed: {line.name}: {line.node['detail'] or 'it did not say why'}")


def _aligned(times: list[str]) -> list[str]:
    """One under the other, with their units."""
    width = max(map(len, times), default=0)
    return [time.rjust(width) for time in times]


def lines(root: Node, now: datetime) -> list[Line]:
    """All steps, each before what it led to."""
    begin = min(datetime.fromisoformat(node["started_at"]) for node in _nodes(root))
    found: list[Line] = []
    todo: list[tuple[Node, str, str, str]] = [(root, "", "", "")]
    while todo:
        node, branch, under, about = todo.pop()
        started = datetime.fromisoformat(node["started_at"])
        ended = datetime.fromisoformat(node["ended_at"]) if node["ended_at"] else now
        took = max(0.0, (ended - started).total_seconds())
        found.append(Line(branch, _name(node, about), node, (started - begin).total_seconds(), took))
        children, model = node["children"], node["attributes"].get("signalbox.model", about)
        for place in range(len(children) - 1, -1, -1):
            last = place == len(children) - 1
            branches = ("└─ ", "   ") if last else ("├─ ", "│  ")
            todo.append((children[place], under + branches[0], under + branches[1], model))
    return found


def failures(found: list[Line]) -> list[Line]:
    """Where something failed first: not what failed because of it."""
    return [
        line
        for line in found
        if line.node["outcome"] == "failed" and not any(node["outcome"] == "failed" for node in _nodes_below(line.node))
    ]


def bar_of(line: Line, whole: float) -> str:
    """When a step was under way, in eighths of a column; what took no time at all is seen, too."""
    scale = _BAR * 8 / whole if whole > 1e-6 else 0.0
    start = min(int(line.after * scale), _BAR * 8 - 1)
    length = max(1, min(round(line.took * scale), _BAR * 8 - start))
    before, within = divmod(start, 8)
    if within + length <= 8:
        return (" " * before + _EIGHTHS[max(length, 1)]).ljust(_BAR)
    full, rest = divmod(length, 8)
    return (" " * before + "█" * full + _EIGHTHS[rest].strip()).ljust(_BAR)[:_BAR]


def _title(root: Node, whole: float) -> str:
    begun = datetime.fromisoformat(root["started_at"]).astimezone(UTC)
    about = ", ".join(
        f"{name.removeprefix('signalbox.')} {value}"
        for name, value in root["attributes"].items()
        if name.startswith("signalbox.") and not name.startswith("signalbox.trace.")
    )
    goes_on = "" if all(node["ended_at"] for node in _nodes(root)) else ", and goes on"
    time = f"{begun:%Y-%m-%d %H:%M:%S} UTC, {lasted(whole)}{goes_on}"
    return f"{root['instance'] or root['name']}: {about or root['kind']}; {time}"


def _name(node: Node, around: str) -> str:
    """What was done, and to what, where that is not said around it already."""
    text = node["name"].replace("_", " ")
    attributes = node["attributes"]
    model = attributes.get("signalbox.model", around)
    match node["kind"]:
        case "entity":
            return f"told {'the model' if model == around else model}: {text}"
        case "event":
            return f"heard {node['name']}"
        case "job":
            return "job"
        case "delivery":
            return f"arrived by {text}"
        case _:
            about = attributes.get("signalbox.effect") or ("" if model == around else model)
            return f"{text}: {about}" if about else text


def _why(node: Node) -> str:
    if node["kind"] == "job":
        return str(node["name"] if node["outcome"] == "ok" else f"{node['name']}: {node['detail']}")
    return str(node["detail"]) if node["outcome"] != "ok" or node["kind"] in ("delivery", "orchestration") else ""


def _nodes(root: Node) -> Iterator[Node]:
    yield root
    yield from _nodes_below(root)


def _nodes_below(root: Node) -> Iterator[Node]:
    todo = list(root["children"])
    while todo:
        node = todo.pop()
        yield node
        todo.extend(node["children"])
