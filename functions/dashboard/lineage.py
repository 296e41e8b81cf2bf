"""Where a version came from as a graph: raw files, dataset version, training, model version."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from functions.dashboard import wording
from shared.graph_svg import Box, Edge, draw_graph

_COLUMNS: Final = ("Raw files", "Dataset", "Training", "Version")
_HASH: Final = 12
#: Sources that have a box of their own.
_SOURCES: Final = 6
_TEXT: Final = 34
#: Between columns; narrower than in a fleet's graph, so that all of it fits on a screen.
_BETWEEN: Final = 48

type Trail = Mapping[str, Any]


def draw_lineage(model: str, trail: Trail, serving: str) -> str:
    """The graph as SVG text.

    Args:
        model: Its name.
        trail: As `shared.lineage.trail.trail` tells it.
        serving: What the version does now, in a few words.
    """
    boxes = list(_boxes(model, trail, serving))
    edges = [Edge(box.key, "dataset") for box in boxes if box.column == 0]
    return draw_graph(
        f"{wording.cut(model, 64)}, version {wording.cut(str(trail['version']), 20)}", _COLUMNS, boxes,
        [*edges, Edge("dataset", "training"), Edge("training", "version")], between=_BETWEEN,
    )  # fmt: skip


def steps_of(model: str, trail: Trail, serving: str) -> list[tuple[str, str, tuple[str, ...]]]:
    """The same as text: each box with its column, its title and its details."""
    return [(_COLUMNS[box.column], box.title, box.details) for box in _boxes(model, trail, serving)]


def _boxes(model: str, trail: Trail, serving: str) -> Iterator[Box]:
    yield from _sources(trail)
    yield Box("dataset", 1, "dataset", _text(trail.get("dataset"), "not known"), _dataset(trail))
    pipeline = _text(trail.get("pipeline"), "pipeline not known")
    yield Box("training", 2, "training", pipeline, tuple(_training(trail)))
    title = f"Version {wording.cut(str(trail['version']), 20)}"
    details = (wording.cut(model, _TEXT), *_version(trail), wording.cut(serving, _TEXT))
    yield Box("version", 3, "models", title, details)


def _sources(trail: Trail) -> Iterator[Box]:
    raw = trail.get("raw")
    if not raw:
        why = "the manifest has expired" if raw is None else "the manifest names none"
        yield Box("source", 0, "source", "Raw files not known", (why,))
        return
    by_source: dict[str, list[Mapping[str, Any]]] = {}
    for file in raw:
        by_source.setdefault(str(file["source"]), []).append(file)
    for name, files in list(by_source.items())[:_SOURCES]:
        paths = [str(file["path"]) for file in files]
        recipe = f"recipe {_hash(files[0].get('recipe_sha256'))}"
        shown = (paths[0],) if len(paths) == 1 else (paths[0], f"… {paths[-1]}")
        told = (wording.count(len(files), "file"), *(wording.cut(path, _TEXT) for path in shown), recipe)
        yield Box(f"source {name}", 0, "source", wording.cut(name, _TEXT), told)
    if len(by_source) > _SOURCES:
        yield Box("sources", 0, "source", f"{len(by_source) - _SOURCES} other sources", ())


def _dataset(trail: Trail) -> tuple[str, ...]:
    return (f"manifest {_hash(trail.get('manifest_sha256'))}",)


def _training(trail: Trail) -> Iterator[str]:
    yield wording.cut(f"job {trail.get('job') or 'not known'}", _TEXT)
    if trail.get("git_commit"):
        yield f"commit {_hash(trail['git_commit'])}"
    if trail.get("fleet_revision"):
        yield f"fleet file {_hash(trail['fleet_revision'])}"


def _version(trail: Trail) -> Iterator[str]:
    gates = trail.get("gates")
    if isinstance(gates, list):
        passed = sum(isinstance(gate, Mapping) and gate.get("passed") is True for gate in gates)
        yield f"{passed} of {wording.count(len(gates), 'gate')} passed"
    yield f"artifact {_hash(trail.get('artifact_sha256'))}"


def _hash(value: Any) -> str:
    return str(value)[:_HASH] if value else "not known"


def _text(value: Any, otherwise: str) -> str:
    """A value for a box: datasets and jobs may be told as a text, or as an object with a name."""
    if isinstance(value, Mapping):
        value = value.get("version") or value.get("name")
    return wording.cut(str(value), _TEXT) if value else otherwise
